/** Hashed n-grams: which runs of words and of characters a text has. */
import { checkOptions, flag, wholeNumber } from "../options.js";
import { createTokenizer, type Tokenizer } from "../text/tokenizer.js";

export interface NgramOptions {
  /** Runs of 1 to so many words, the text's start and end counting as words; 0 for none. */
  readonly words: number;
  /** Runs of 1 to so many characters, any white space counting as one space, and one before and behind the text; 0 for none. */
  readonly characters: number;
  /** Compare in lower case. */
  readonly lowercase: boolean;
}

/** @throws ConfigError on a bad option, or when there is neither of words nor of characters a run */
export function checkNgramOptions(where: string, options: NgramOptions): NgramOptions {
  checkOptions(where, options, ["words", "characters", "lowercase"]);
  const words = wholeNumber(where, "words", options.words, 0);
  const characters = wholeNumber(where, "characters", options.characters, words === 0 ? 1 : 0);
  return { words, characters, lowercase: flag(where, "lowercase", options.lowercase) };
}

/** Gets every n-gram of a text: its hash, a whole number below 2^24, which float32 holds exactly; and the units start … start + n - 1 that it spans. */
export type NgramVisitor = (hash: number, start: number, n: number) => void;

/** One step of FNV-1a, by a whole unit instead of a byte. */
const join = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/** All bits of the result depend on all bits of the word: the finalizer of MurmurHash3 (Appleby 2011). */
function scatter(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Where hashes of words and of characters start, FNV's own and another, so that the two do not meet. */
const WORDS = 0x811c9dc5;
const CHARACTERS = 0x050c5d1f;
/** Stand for the start and the end of a text among the words' hashes. */
const [START, END] = [1, 2];

function visitRuns(units: readonly number[], most: number, seed: number, visit: NgramVisitor): void {
  for (let start = 0; start < units.length; start++) {
    const stop = Math.min(most, units.length - start);
    let hash = seed;
    for (let n = 1; n <= stop; n++) {
      hash = join(hash, units[start + n - 1]!);
      visit(scatter(hash + n) >>> 8, start, n);
    }
  }
}

export class Ngrams {
  readonly tokenizer: Tokenizer;

  constructor(readonly options: NgramOptions) {
    this.tokenizer = createTokenizer({ type: "words", lowercase: options.lowercase });
  }

  words(text: string): string[] {
    return this.tokenizer.encode(text);
  }

  /** The characters that runs are made of, a space first and last. */
  characters(text: string): string[] {
    return [...` ${this.tokenizer.normalize(text).trim()} `.replace(/\s+/gu, " ")];
  }

  /** Runs of words; unit 0 is the text's start, the last one its end. */
  visitWords(text: string, visit: NgramVisitor): void {
    const { words } = this.options;
    if (words === 0) return;
    const hashes = this.words(text).map((word) => {
      let hash = WORDS;
      for (let i = 0; i < word.length; i++) hash = join(hash, word.charCodeAt(i));
      return scatter(hash);
    });
    visitRuns([START, ...hashes, END], words, WORDS, visit);
  }

  /** Runs of characters. */
  visitCharacters(text: string, visit: NgramVisitor): void {
    const { characters } = this.options;
    if (characters === 0) return;
    const units = this.characters(text).map((letter) => letter.codePointAt(0)!);
    visitRuns(units, characters, CHARACTERS, visit);
  }

  /** All runs, those of words first. */
  visit(text: string, visit: NgramVisitor): void {
    this.visitWords(text, visit);
    this.visitCharacters(text, visit);
  }
}
