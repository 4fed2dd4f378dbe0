/** The reader of word vectors, line after line. */
import { ConfigError } from "../errors.js";
import { checkOptions, wholeNumber } from "../options.js";
import { parseDecimal } from "./decimal.js";
import { type Line, lines, type Source } from "./lines.js";
import { quoted, TextFormatError } from "./text-error.js";

export interface WordVectorOptions {
  /** Only these words are kept; of the others' lines the numbers are counted. By default all. */
  readonly words?: Iterable<string>;
  /** Numbers of a word. By default the header tells, or the first line; known from here or the header, words may hold spaces. */
  readonly dim?: number;
}

/** What a file holds: values f32 [words.length, dim]. */
export interface CollectedVectors {
  readonly words: readonly string[];
  readonly dim: number;
  readonly values: Float32Array;
}

interface Header {
  readonly count: number;
  readonly dim: number;
}

/** Two whole numbers are a header, unless the next line shows that the vectors have one number. */
function headerOf({ text }: Line, next: Line | undefined): Header | undefined {
  const found = /^(\d+) (\d+) *$/.exec(text);
  if (found === null) return undefined;
  const [count, dim] = [Number(found[1]), Number(found[2])];
  const fields = next?.text.trimEnd().split(" ").length;
  return fields === 2 && dim !== 1 ? undefined : { count, dim };
}

class Collector {
  count = 0;
  dim: number | undefined;
  readonly words: string[] = [];
  readonly #seen = new Set<string>();
  #values = new Float32Array(0);

  constructor(
    /** Whether the size was told: words may hold spaces then. */
    private readonly told: number | undefined,
    private readonly wanted: ReadonlySet<string> | undefined,
  ) {
    this.dim = told;
  }

  add(line: Line): void {
    const text = line.text.replace(/ +$/, "");
    const fail = (at: number, message: string): never => {
      throw new TextFormatError({ ...line.place, column: at + 1 }, message);
    };
    this.dim ??= Math.max(1, text.split(" ").length - 1);
    let end = text.length;
    for (let i = 0; i < this.dim; i++) {
      end = end <= 0 ? -1 : text.lastIndexOf(" ", end - 1);
      if (end < 0) fail(0, `${i} numbers, wants ${this.dim}`);
    }
    const word = text.slice(0, end);
    const last = word.slice(word.lastIndexOf(" ") + 1);
    if (word === "") fail(0, "no word, wants one before its numbers");
    if (last !== word && (this.told === undefined || last === "" || !Number.isNaN(parseDecimal(last))))
      fail(0, `${text.split(" ").length - 1} numbers, wants ${this.dim}`);
    this.count++;
    if (this.#seen.has(word) || (this.wanted !== undefined && !this.wanted.has(word))) return;
    this.#grow((this.words.length + 1) * this.dim);
    let at = end + 1;
    for (let i = 0; i < this.dim; i++) {
      const space = text.indexOf(" ", at);
      const stop = space < 0 ? text.length : space;
      const value = Math.fround(parseDecimal(text.slice(at, stop)));
      if (!Number.isFinite(value)) fail(at, `${quoted(text.slice(at, stop))}, wants a finite number`);
      this.#values[this.words.length * this.dim + i] = value;
      at = stop + 1;
    }
    this.#seen.add(word);
    this.words.push(word);
  }

  /** By what was read, not by what a header promises. */
  #grow(length: number): void {
    if (length <= this.#values.length) return;
    const larger = new Float32Array(Math.max(length, 2 * this.#values.length));
    larger.set(this.#values);
    this.#values = larger;
  }

  finish(): CollectedVectors {
    const { words, dim = 0 } = this;
    return { words, dim, values: this.#values.slice(0, words.length * dim) };
  }
}

/** See readWordVectors. */
export async function collectWordVectors(source: Source, options: WordVectorOptions): Promise<CollectedVectors> {
  const where = "readWordVectors";
  checkOptions(where, options, ["words", "dim"]);
  const dim = options.dim === undefined ? undefined : wholeNumber(where, "dim", options.dim, 1);
  const wanted = options.words === undefined ? undefined : new Set(options.words);
  let first: Line | undefined;
  let header: Header | undefined;
  let collector: Collector | undefined;
  const begin = (next: Line | undefined): Collector => {
    header = headerOf(first!, next);
    if (header?.dim === 0) throw new TextFormatError(first!.place, "vectors of 0 numbers, wants at least 1");
    if (header !== undefined && dim !== undefined && header.dim !== dim)
      throw new ConfigError(`${where}: dim ${dim}, wants ${header.dim} as the header of ${source.name} says`);
    const begun = new Collector(dim ?? header?.dim, wanted);
    if (header === undefined) begun.add(first!);
    return begun;
  };
  let last: Line | undefined;
  for await (const line of lines(source)) {
    last = line;
    if (first === undefined) first = line;
    else {
      collector ??= begin(line);
      collector.add(line);
    }
  }
  const place = last?.place ?? { file: source.name, line: 1, column: 1 };
  if (first === undefined) throw new TextFormatError(place, "no line, wants words and their numbers");
  collector ??= begin(undefined);
  if (header !== undefined && header.count !== collector.count)
    throw new TextFormatError(place, `${collector.count} words at the end, wants ${header.count} as the header says`);
  return collector.finish();
}
