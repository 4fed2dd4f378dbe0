/** What a search needs of a model that writes one token after the other. */

export interface NextTokens {
  /** Tokens that there are. */
  readonly vocabulary: number;
  /**
   * Moves on, one row a text: row i continues row parents[i] of the call before by tokens[i]. At the first call the rows are the sources.
   * @returns log-probabilities of the next token, [rows, vocabulary], and where there is attention its weights [rows, source]; both are
   * good until the next call
   */
  advance(parents: Int32Array, tokens: Int32Array): Advanced;
}

export interface Advanced {
  readonly logProbabilities: Float32Array;
  readonly attention?: Float32Array;
}

/** A text that a search found. */
export interface DecodedSequence {
  /** Without the end. */
  readonly tokens: readonly number[];
  /** Sum over the tokens and the end, natural logarithm. */
  readonly logProbability: number;
  /** What texts were ranked by: logProbability under the search's penalties. */
  readonly score: number;
  /** Whether the model ended it; else it was cut at maxLength. */
  readonly ended: boolean;
  /** For each token, and for the end where there is one, the weights over the source; empty without attention. */
  readonly attention: readonly Float32Array[];
}

/** What every search has. */
export interface SearchOptions {
  /** Rows of the first call. */
  readonly sources: number;
  readonly start: number;
  readonly end: number;
  /** Tokens at most, the end not counted. */
  readonly maxLength: number;
}
