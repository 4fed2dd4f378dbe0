/**
 * JSON for files from strangers: keys that come twice, deep nesting and numbers beyond float64 are refused, objects become maps (so
 * that no key touches a prototype), and every error names the place. JSON.parse keeps the last of two keys silently.
 */
import { FormatError } from "../errors.js";

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonMap;
export type JsonMap = Map<string, JsonValue>;

export interface JsonOptions {
  /** What a number's literal becomes. Default: Number, refused when infinite. */
  readonly number?: (literal: string) => JsonValue;
}

const MAX_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

class Parser {
  #at = 0;

  constructor(
    private readonly where: string,
    private readonly text: string,
    private readonly number: (literal: string) => JsonValue,
  ) {}

  document(): JsonValue {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.text.length) this.#fail("the end");
    return value;
  }

  #fail(wanted: string): never {
    const found = this.#at < this.text.length ? JSON.stringify(this.text.slice(this.#at, this.#at + 12)) : "the end";
    throw new FormatError(`${this.where}: JSON has ${found} at character ${this.#at}, wants ${wanted}`);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }

  /** By hand: most places have none, where a regular expression costs more than the value. */
  #space(): void {
    for (let code = this.text.charCodeAt(this.#at); code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d; ) {
      code = this.text.charCodeAt(++this.#at);
    }
  }

  #next(character: string): boolean {
    this.#space();
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels`);
    if (this.#next("{")) return this.#object(depth);
    if (this.#next("[")) return this.#array(depth);
    if (this.text[this.#at] === '"') return this.#string();
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const literal = this.#match(NUMBER);
    if (literal === null) this.#fail("a value");
    return this.number(literal);
  }

  /** Scanned by hand: a regular expression's stack would overflow on long strings. */
  #string(): string {
    const start = this.#at;
    if (this.text[start] !== '"') this.#fail("a string");
    let end = start + 1;
    let [escaped, surrogate] = [false, false];
    for (let code = this.text.charCodeAt(end); code !== 0x22; code = this.text.charCodeAt(++end)) {
      // Not at least a space: a control character, or NaN past the end.
      if (!(code >= 0x20)) this.#fail("a string");
      if (code >= 0xd800) surrogate = true;
      if (code !== 0x5c) continue;
      escaped = true;
      end++;
    }
    this.#at = end + 1;
    const value = escaped ? this.#unescape(start) : this.text.slice(start + 1, end);
    if ((escaped || surrogate) && !value.isWellFormed()) this.#fail("no lone surrogate in the string before");
    return value;
  }

  #unescape(start: number): string {
    try {
      return JSON.parse(this.text.slice(start, this.#at)) as string;
    } catch {
      this.#at = start;
      return this.#fail("a string with valid escapes");
    }
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    if (this.#next("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.#next(","));
    if (!this.#next("]")) this.#fail('"," or "]"');
    return items;
  }

  #object(depth: number): JsonMap {
    const entries: JsonMap = new Map();
    if (this.#next("}")) return entries;
    do {
      this.#space();
      const start = this.#at;
      const key = this.#string();
      if (entries.has(key)) {
        throw new FormatError(`${this.where}: JSON has the key ${JSON.stringify(key)} again at character ${start}, wants each key once`);
      }
      if (!this.#next(":")) this.#fail('":"');
      entries.set(key, this.#value(depth + 1));
    } while (this.#next(","));
    if (!this.#next("}")) this.#fail('"," or "}"');
    return entries;
  }
}

/** @throws FormatError naming the character where the text stops being JSON */
export function parseJson(where: string, text: string, options: JsonOptions = {}): JsonValue {
  const finite = (literal: string): number => {
    const value = Number(literal);
    if (!Number.isFinite(value)) throw new FormatError(`${where}: JSON has the number ${literal}, wants one that float64 holds`);
    return value;
  };
  return new Parser(where, text, options.number ?? finite).document();
}

/** Strict UTF-8: bytes that are none are an error, not a replacement character. */
export function decodeUtf8(where: string, bytes: Uint8Array): string {
  try {
    // A copy: decoders refuse views of shared memory in browsers.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch (error) {
    throw new FormatError(`${where}: ${bytes.length} bytes that are not UTF-8, wants UTF-8`, { cause: error });
  }
}
