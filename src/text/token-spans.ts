/** Tokens with their places in the text they come from. */
import { WORD_START } from "./bpe.js";
import type { Tokenizer, TokenizerRules } from "./tokenizer.js";

export interface TokenSpan {
  /** As the tokenizer gives it: normalised, perhaps in lower case. */
  readonly token: string;
  /** Code units of the text, start inclusive, end exclusive: text.slice(start, end) is what the token was made of. */
  readonly start: number;
  readonly end: number;
}

/** What is normalised by itself: a character with its marks, or Hangul letters that join to syllables. */
const UNITS = /(?:[\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff]+|.)\p{M}*/gsu;

/** For each code unit of the text as the tokenizer normalises it: the first and the end of what it was made of. */
function align(text: string, { normalization, lowercase }: TokenizerRules): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const [unit] of text.toWellFormed().matchAll(UNITS)) {
    const same = normalization === "none" ? unit : unit.normalize(normalization);
    const { length } = lowercase ? same.toLowerCase() : same;
    for (let i = 0; i < length; i++) {
      // Of a pair of surrogates neither half stands for a character.
      const alike = length === unit.length && !/[\ud800-\udfff]/.test(unit);
      starts.push(alike ? at + i : at);
      ends.push(alike ? at + i + 1 : at + unit.length);
    }
    at += unit.length;
  }
  return { starts, ends };
}

/** Bytes of a character in UTF-8. */
const bytesOf = (character: string): number => new TextEncoder().encode(character).length;

/** Where the tokens lie in the normalised text; bytes are where their character is. */
function* places(tokens: readonly string[], normal: string, type: TokenizerRules["type"]): Iterable<[start: number, end: number]> {
  let at = 0;
  if (type === "bytes") {
    for (const character of normal) {
      for (let i = bytesOf(character); i > 0; i--) yield [at, at + character.length];
      at += character.length;
    }
    return;
  }
  for (const token of tokens) {
    // The mark of a word's start is not of the text.
    const part = type === "subwords" && token.length > 1 && token.startsWith(WORD_START) ? token.slice(1) : token;
    const start = normal.indexOf(part, at);
    at = start + part.length;
    yield [start, at];
  }
}

/** The tokens of a text, as Tokenizer.encode gives them, with their places in it. */
export function tokenSpans(tokenizer: Tokenizer, text: string): TokenSpan[] {
  const { starts, ends } = align(text, tokenizer.options);
  const tokens = tokenizer.encode(text);
  const found = places(tokens, tokenizer.normalize(text), tokenizer.options.type);
  return Array.from(found, ([start, end], i) => ({ token: tokens[i]!, start: starts[start]!, end: ends[end - 1]! }));
}
