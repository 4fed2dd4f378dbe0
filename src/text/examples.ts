/** What the readers give and the tasks learn from. */

/** A text and its label, or all its labels where it may have several (also none). */
export interface LabelledText {
  readonly label: string | readonly string[];
  readonly text: string;
}

/** A sentence with one tag a token, and the label of the whole sentence where the data have one. */
export interface TaggedTokens {
  readonly tokens: readonly string[];
  readonly tags: readonly string[];
  readonly label?: string;
}

/** Vectors of numbers in time order, [T][features], and what is to be learned from them: a class, or the numbers that follow. */
export interface NumberSequence {
  readonly values: readonly (readonly number[])[];
  readonly target?: string | number | readonly number[];
}

/** A source and all targets that count as right; further columns by name where they were asked for. */
export interface TextPair {
  readonly source: string;
  readonly targets: readonly string[];
  readonly features?: string;
}
