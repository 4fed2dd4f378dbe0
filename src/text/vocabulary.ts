/** Tokens with their ids: 0 is padding, 1 what was never seen, the others by falling count. */
import { FormatError } from "../errors.js";
import { checkOptions, wholeNumber } from "../options.js";

export const UNKNOWN_ID = 1;
const FIRST_ID = 2;

export interface VocabularyOptions {
  /** Tokens seen less often stay unknown. Default 1. */
  readonly minCount?: number;
}

export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  private constructor(readonly tokens: readonly string[]) {
    const ids = new Map<string, number>();
    tokens.forEach((token, i) => void ids.set(token, FIRST_ID + i));
    this.#ids = ids;
  }

  /** Tokens of all texts, the most frequent first, those of equal count by code units. */
  static build(texts: Iterable<readonly string[]>, options: VocabularyOptions = {}): Vocabulary {
    checkOptions("Vocabulary.build", options, ["minCount"]);
    const minCount = wholeNumber("Vocabulary.build", "minCount", options.minCount ?? 1, 1);
    const counts = new Map<string, number>();
    for (const text of texts) for (const token of text) counts.set(token, (counts.get(token) ?? 0) + 1);
    const kept = [...counts].filter(([, count]) => count >= minCount);
    kept.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return new Vocabulary(kept.map(([token]) => token));
  }

  /** Ids in use: the tokens, padding and unknown. */
  get size(): number {
    return FIRST_ID + this.tokens.length;
  }

  /** What each id stands for: the ids themselves for padding and unknown, then the tokens. */
  get names(): (number | string)[] {
    return [0, UNKNOWN_ID, ...this.tokens];
  }

  encode(tokens: readonly string[]): Int32Array {
    return Int32Array.from(tokens, (token) => this.#ids.get(token) ?? UNKNOWN_ID);
  }

  toJSON(): string[] {
    return [...this.tokens];
  }

  /** @throws FormatError unless `value` is a list of different strings */
  static fromJSON(value: unknown): Vocabulary {
    if (!Array.isArray(value)) throw new FormatError(`Vocabulary: ${typeof value}, wants a list of tokens`);
    const bad = value.findIndex((token) => typeof token !== "string");
    if (bad >= 0) throw new FormatError(`Vocabulary: entry ${bad} is ${JSON.stringify(value[bad])}, wants a string`);
    const vocabulary = new Vocabulary(value as string[]);
    if (vocabulary.#ids.size !== value.length)
      throw new FormatError(`Vocabulary: ${value.length} entries with ${vocabulary.#ids.size} tokens, wants each token once`);
    return vocabulary;
  }
}
