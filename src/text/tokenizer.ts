/**
 * Text to tokens by rules that are the same in every runtime: normalisation, \p{…} classes and code points (Intl.Segmenter's tables
 * differ). The promise covers characters of Unicode 15.
 */
import { ConfigError } from "../errors.js";
import { checkOptions, flag, oneOf } from "../options.js";
import { subwordSplitter, wordPattern } from "./bpe.js";

export interface TokenizerOptions {
  /**
   * characters: code points. words: runs of letters, marks and digits (with ' and ’ inside), and every other visible character alone.
   * whitespace: what stands between white space. bytes: UTF-8, two hexadecimal digits each. subwords: pieces of words, by `merges`;
   * one that begins with U+2581 stands at a word's start. external: another's rules, see `fromHuggingFace`.
   */
  readonly type: "characters" | "words" | "whitespace" | "bytes" | "subwords" | "external";
  /** Default "NFC". */
  readonly normalization?: "NFC" | "NFD" | "NFKC" | "NFKD" | "none";
  /** Default false. */
  readonly lowercase?: boolean;
  /** Of subwords: what byte-pair encoding has learned, pairs of symbols with a space between, in order. Training learns them if there are none. */
  readonly merges?: readonly string[];
  /** Of subwords without merges: symbols that training may learn, single characters among them. Default 4000. */
  readonly vocabularySize?: number;
}

/** What every tokenizer does before it cuts, and how it cuts. */
export type TokenizerRules = Required<Pick<TokenizerOptions, "type" | "normalization" | "lowercase">>;

type Splitter = (text: string) => string[];

const SPLITTERS = {
  characters: (text) => [...text],
  words: (text) => text.match(wordPattern()) ?? [],
  whitespace: (text) => text.match(/\S+/gu) ?? [],
  bytes: (text) => Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")),
} satisfies Partial<Record<TokenizerOptions["type"], Splitter>>;
const TYPES = ["characters", "words", "whitespace", "bytes", "subwords"] as const;
const NORMALIZATIONS = ["NFC", "NFD", "NFKC", "NFKD", "none"] as const;

export class Tokenizer {
  readonly #split: Splitter;
  readonly #more: { readonly merges?: string[] };

  /** @param more what its JSON has besides the rules */
  constructor(
    readonly options: TokenizerRules,
    split: Splitter,
    more: { readonly merges?: string[] } = {},
  ) {
    this.#split = split;
    this.#more = more;
  }

  /** The tokens of a text, in order. A lone surrogate counts as U+FFFD. */
  encode(text: string): string[] {
    return this.#split(this.normalize(text));
  }

  /** The text that is cut into tokens. */
  normalize(text: string): string {
    const { normalization, lowercase } = this.options;
    const wellFormed = text.toWellFormed();
    const normal = normalization === "none" ? wellFormed : wellFormed.normalize(normalization);
    return lowercase ? normal.toLowerCase() : normal;
  }

  toJSON(): TokenizerRules & { readonly merges?: string[] } {
    return { ...this.options, ...this.#more };
  }
}

/** @throws ConfigError unless they are different pairs of symbols */
function checkMerges(where: string, merges: unknown): string[] {
  if (!Array.isArray(merges)) throw new ConfigError(`${where}: no merges, wants those that training has learned`);
  const bad = merges.findIndex((merge) => !/^[^ ]+ [^ ]+$/.test(merge));
  if (bad >= 0) throw new ConfigError(`${where}: merges[${bad}] ${JSON.stringify(merges[bad])}, wants two symbols with a space between`);
  return [...merges];
}

/** @throws ConfigError on an unknown or bad option; for subwords without merges, which `trainTokenizer` learns; for an external tokenizer */
export function createTokenizer(options: TokenizerOptions): Tokenizer {
  const where = "createTokenizer";
  checkOptions(where, options, ["type", "normalization", "lowercase", "merges", "vocabularySize"]);
  if (options.type === "external") throw new ConfigError(`${where}: an external tokenizer, wants it handed in beside the file`);
  const rules = {
    type: oneOf(where, "type", options.type, TYPES),
    normalization: oneOf(where, "normalization", options.normalization ?? "NFC", NORMALIZATIONS),
    lowercase: flag(where, "lowercase", options.lowercase ?? false),
  };
  if (rules.type !== "subwords") {
    if (options.merges !== undefined) throw new ConfigError(`${where}: merges of type ${rules.type}, wants subwords`);
    return new Tokenizer(rules, SPLITTERS[rules.type]);
  }
  const merges = checkMerges(where, options.merges);
  return new Tokenizer(rules, subwordSplitter(merges), { merges });
}
