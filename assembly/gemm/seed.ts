// Where accumulators begin: at beta·C, or where beta is 0 at these zeros, for C is not read then and may hold anything. The address differs, the
// loads do not: a branch around them keeps V8 from joining pairs of vectors, and reading C for nothing costs 4 % of T4.

/** A tile's widest row, or a row over six panels. */
export const ZEROS: usize = memory.data(192, 16);
