/** Word vectors as text: GloVe, word2vec (with a header of count and size) and fastText's .vec. */
import type { Source } from "./lines.js";
import type { WordVectorOptions } from "./read-word-vectors.js";

export type { WordVectorOptions } from "./read-word-vectors.js";

/** Words and their vectors. */
export class WordVectors {
  readonly #rows: ReadonlyMap<string, number>;

  /** @param values f32 [words.length, dim] */
  constructor(
    readonly words: readonly string[],
    readonly dim: number,
    readonly values: Float32Array,
  ) {
    this.#rows = new Map(words.map((word, row) => [word, row]));
  }

  has(word: string): boolean {
    return this.#rows.has(word);
  }

  /** f32 [dim], a view; undefined for a word that has none. */
  get(word: string): Float32Array | undefined {
    const row = this.#rows.get(word);
    return row === undefined ? undefined : this.values.subarray(row * this.dim, (row + 1) * this.dim);
  }
}

/**
 * Reads line after line, plain or gzip: a word and its numbers, with single spaces between; before them, maybe, the header. Of a word that
 * comes again the first vector counts.
 * @throws FormatError with file, line and column: for a line with other numbers than the first, for what is no finite number, and when
 * there are not as many words as the header says; ConfigError on a bad option
 */
export const readWordVectors = async (source: Source, options: WordVectorOptions = {}): Promise<WordVectors> => {
  // Loaded when it is called: a page has its vectors in the model.
  const { collectWordVectors } = await import("./read-word-vectors.js");
  const { words, dim, values } = await collectWordVectors(source, options);
  return new WordVectors(words, dim, values);
};
