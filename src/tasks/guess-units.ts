/** What the texts of one side of pairs are made of. */
import type { TokenizerOptions } from "../text/tokenizer.js";
import { spread } from "./draws.js";

/** Texts looked at, from all over: files are often sorted. */
const SAMPLE = 2000;
/** Symbols between spaces: so many different ones at most, so long at most, and so many a text at least. */
const SYMBOLS = { kinds: 200, length: 6, perText: 2 };
/** Sentences are longer than this, in characters; what is shorter is spelled. */
const SENTENCE = 16;

/**
 * whitespace where texts are symbols between spaces (few different ones, short), characters where texts are short or of one word, else subwords.
 * `other` is what was found of the other side: who writes characters is read by characters.
 */
export function guessUnits(texts: readonly string[], other?: TokenizerOptions["type"]): TokenizerOptions["type"] {
  const sample = spread(texts, SAMPLE);
  const cut = sample.map((text) => text.split(/\s+/u).filter((part) => part !== ""));
  const parts = cut.flat();
  const kinds = new Set(parts);
  const perText = parts.length / Math.max(1, sample.length);
  const isShort = [...kinds].every((kind) => kind.length <= SYMBOLS.length);
  if (perText >= SYMBOLS.perText && kinds.size <= SYMBOLS.kinds && isShort) return "whitespace";
  const length = sample.reduce((sum, text) => sum + text.length, 0) / Math.max(1, sample.length);
  return perText < 2 || length < SENTENCE || other === "characters" ? "characters" : "subwords";
}
