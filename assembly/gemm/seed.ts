// Where accumulators begin: at beta·C, at a bias, or where beta is 0 at these zeros, for C is not read then and may hold anything. The address
// differs, the loads do not: a branch around them keeps V8 from joining pairs of vectors, and reading C for nothing costs 4 % of T4.

/** A tile's widest row, or a row over six panels. */
const ZEROS: usize = memory.data(192, 16);

/** The row that all rows of C begin at, `offset` bytes on in the bias; 0 where they begin at beta·C. */
export function seedOf(bias: usize, offset: usize, beta: f32): usize {
  return bias ? bias + offset : beta == 0 ? ZEROS : 0;
}
