/** Tokens back to text, one after the other. */
import { WORD_START } from "./bpe.js";
import type { TokenizerOptions } from "./tokenizer.js";

const CLOSING = /^[.,;:!?%)\]}\u2019\u201d\u00bb\u2026]$/u;
const OPENING = /^[([{\u201c\u00ab\u00bf\u00a1]$/u;

/** What stands between tokens is gone where a tokenizer cuts at it: words get a space, but before closing and after opening punctuation. */
export class TextWriter {
  readonly #write: (token: string) => string;
  readonly #decoder = new TextDecoder();
  #before = "";

  constructor(type: TokenizerOptions["type"]) {
    const spaced = (token: string) => (this.#before === "" ? "" : " ") + token;
    const writers: Readonly<Record<TokenizerOptions["type"], (token: string) => string>> = {
      characters: (token) => token,
      whitespace: spaced,
      words: (token) => (CLOSING.test(token) || OPENING.test(this.#before) ? token : spaced(token)),
      subwords: (token) => token.replaceAll(WORD_START, this.#before === "" ? "" : " "),
      external: spaced,
      // A character's bytes come one by one: what is whole is written.
      bytes: (token) => this.#decoder.decode(Uint8Array.of(Number.parseInt(token, 16)), { stream: true }),
    };
    this.#write = writers[type];
  }

  /** What the token adds to the text. */
  push(token: string): string {
    const piece = this.#write(token);
    this.#before = token;
    return piece;
  }

  /** What was still open: U+FFFD for bytes that make no character. */
  end(): string {
    return this.#decoder.decode();
  }
}

export function writeText(type: TokenizerOptions["type"], tokens: Iterable<string>): string {
  const writer = new TextWriter(type);
  return Array.from(tokens, (token) => writer.push(token)).join("") + writer.end();
}
