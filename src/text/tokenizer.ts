/**
 * Text to tokens by rules that are the same in every runtime: normalisation, \p{…} classes and code points (Intl.Segmenter's tables
 * differ). The promise covers characters of Unicode 15.
 */
import { checkOptions, flag, oneOf } from "../options.js";

export interface TokenizerOptions {
  /**
   * characters: code points. words: runs of letters, marks and digits (with ' and ’ inside), and every other visible character alone.
   * whitespace: what stands between white space. bytes: UTF-8, two hexadecimal digits each.
   */
  readonly type: "characters" | "words" | "whitespace" | "bytes";
  /** Default "NFC". */
  readonly normalization?: "NFC" | "NFD" | "NFKC" | "NFKD" | "none";
  /** Default false. */
  readonly lowercase?: boolean;
}

const SPLITTERS: Readonly<Record<TokenizerOptions["type"], (text: string) => string[]>> = {
  characters: (text) => [...text],
  // Here, not at the top: a class takes a millisecond to compile, which an import need not wait for.
  words: (text) => text.match(/[\p{L}\p{M}\p{N}]+(?:['\u2019][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]/gu) ?? [],
  whitespace: (text) => text.match(/\S+/gu) ?? [],
  bytes: (text) => Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")),
};
const NORMALIZATIONS = ["NFC", "NFD", "NFKC", "NFKD", "none"] as const;

export class Tokenizer {
  readonly #split: (text: string) => string[];

  constructor(readonly options: Required<TokenizerOptions>) {
    this.#split = SPLITTERS[options.type];
  }

  /** The tokens of a text, in order. A lone surrogate counts as U+FFFD. */
  encode(text: string): string[] {
    return this.#split(this.normalize(text));
  }

  /** The text that is cut into tokens. */
  normalize(text: string): string {
    const { normalization, lowercase } = this.options;
    const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
    const normal = normalization === "none" ? wellFormed : wellFormed.normalize(normalization);
    return lowercase ? normal.toLowerCase() : normal;
  }

  toJSON(): Required<TokenizerOptions> {
    return this.options;
  }
}

/** @throws ConfigError on an unknown or bad option */
export function createTokenizer(options: TokenizerOptions): Tokenizer {
  const where = "createTokenizer";
  checkOptions(where, options, ["type", "normalization", "lowercase"]);
  return new Tokenizer({
    type: oneOf(where, "type", options.type, Object.keys(SPLITTERS) as TokenizerOptions["type"][]),
    normalization: oneOf(where, "normalization", options.normalization ?? "NFC", NORMALIZATIONS),
    lowercase: flag(where, "lowercase", options.lowercase ?? false),
  });
}
