/** Words as a tagger's network takes them: ids of their forms, affixes and characters, each different word of a batch once. */
import { FormatError } from "../errors.js";
import type { PlainJson } from "../io/model-file.js";
import { padBatch } from "../text/batching.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { AFFIX_SLOTS, affixesOf, charactersOf, plainForm } from "../text/word-features.js";

/** A word's ids. */
export interface WordIds {
  readonly form: number;
  /** [AFFIX_SLOTS], 0 for what training did not see twice. */
  readonly affixes: Int32Array;
  /** At least one. */
  readonly characters: Int32Array;
}

/** Sentences in one batch. */
export interface TokenBatch {
  /** [W], the form of each different word. */
  readonly forms: Int32Array;
  /** [W, AFFIX_SLOTS] */
  readonly affixes: Int32Array;
  /** [W, C] padded with 0, and how many each word has. */
  readonly characters: Int32Array;
  readonly characterCounts: Int32Array;
  /** [B, T], which word stands where, counted from 1; 0 past a sentence's end. */
  readonly places: Int32Array;
  /** Tokens of each sentence, from 1. */
  readonly lengths: Int32Array;
  readonly batch: number;
  readonly time: number;
}

export interface LexiconOptions {
  /** Forms seen less often are unknown. */
  readonly minCount: number;
  /** Further forms that are known, such as those with a vector of their own. */
  readonly forms?: Iterable<string>;
}

/** Words that are remembered with their ids; when there are more, all are forgotten. */
const REMEMBERED = 65536;

export class Lexicon {
  readonly #known = new Map<string, WordIds>();

  constructor(
    readonly forms: Vocabulary,
    readonly affixes: Vocabulary,
    readonly characters: Vocabulary,
  ) {}

  /** Forms of the sentences' words; affixes and characters that at least two different words have. */
  static build(sentences: readonly (readonly string[])[], { minCount, forms = [] }: LexiconOptions): Lexicon {
    const words = new Map<string, string>();
    for (const sentence of sentences) for (const word of sentence) if (!words.has(word)) words.set(word, plainForm(word));
    const inText = Vocabulary.build(
      sentences.map((sentence) => sentence.map((word) => words.get(word)!)),
      { minCount },
    );
    const distinct = [...words.keys()];
    const shared = (featuresOf: (word: string) => Iterable<string>) =>
      Vocabulary.build(
        distinct.map((word) => [...new Set(featuresOf(word))]),
        { minCount: 2 },
      );
    return new Lexicon(
      Vocabulary.fromJSON([...new Set([...inText.tokens, ...forms])]),
      shared((word) => affixesOf(word).filter((name) => name !== "")),
      shared(charactersOf),
    );
  }

  idsOf(word: string): WordIds {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const characters = this.characters.encode(charactersOf(word));
    const ids: WordIds = {
      form: this.forms.encode([plainForm(word)])[0]!,
      affixes: this.affixes.encode(affixesOf(word)).map((id) => (id === UNKNOWN_ID ? 0 : id)),
      characters: characters.length === 0 ? Int32Array.of(UNKNOWN_ID) : characters,
    };
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(word, ids);
    return ids;
  }

  /**
   * @param sentences words with their ids, at least one sentence, each with at least one word
   * @param seen what is seen of a word in this batch: by default all
   */
  batch(sentences: readonly (readonly WordIds[])[], seen = (word: WordIds): WordIds => word): TokenBatch {
    const words: WordIds[] = [];
    const numbers = new Map<WordIds, number>();
    const rows = sentences.map((sentence) =>
      Int32Array.from(sentence, (word) => {
        const number = numbers.get(word) ?? words.push(seen(word));
        numbers.set(word, number);
        return number;
      }),
    );
    const { ids: places, lengths, batch, time } = padBatch(rows);
    const { ids: characters, lengths: characterCounts } = padBatch(words.map((word) => word.characters));
    const affixes = new Int32Array(words.length * AFFIX_SLOTS);
    words.forEach((word, i) => void affixes.set(word.affixes, i * AFFIX_SLOTS));
    return { forms: Int32Array.from(words, ({ form }) => form), affixes, characters, characterCounts, places, lengths, batch, time };
  }

  toJSON(): { [key: string]: PlainJson } {
    return { forms: this.forms.toJSON(), affixes: this.affixes.toJSON(), characters: this.characters.toJSON() };
  }

  /** @throws FormatError unless `value` has three lists of different strings */
  static fromJSON(value: unknown): Lexicon {
    if (typeof value !== "object" || value === null)
      throw new FormatError(`Lexicon: ${String(value)}, wants forms, affixes and characters`);
    const { forms, affixes, characters } = value as Record<string, unknown>;
    return new Lexicon(Vocabulary.fromJSON(forms), Vocabulary.fromJSON(affixes), Vocabulary.fromJSON(characters));
  }
}
