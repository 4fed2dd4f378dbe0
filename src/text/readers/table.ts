/** Tables as text: tab-separated values, and comma-separated ones as RFC 4180 has them. */
import { lineBlocks, lines, type Source } from "../../io/lines.js";
import { type Place, quoted, TextFormatError } from "../../io/text-error.js";

export interface Row {
  readonly fields: readonly string[];
  /** Where field i begins. */
  place(i: number): Place;
}

export type TableFormat = "tsv" | "csv";

/** A tab ends a field and nothing is quoted. */
async function* tsvRows(source: Source): AsyncGenerator<Row> {
  for await (const { text, place } of lines(source)) {
    if (/^ *$/.test(text)) continue;
    const fields = text.split("\t");
    yield {
      fields,
      place: (i) => ({ ...place, column: fields.slice(0, i).reduce((sum, { length }) => sum + length + 1, 1) }),
    };
  }
}

/** Length of a quoted field, at most. */
const MAX_FIELD = 2 ** 26;

class CsvParser {
  #fields: string[] = [];
  #places: Place[] = [];
  /** Of the quoted field that a line's end did not end, what it has so far. */
  #open: string | undefined;

  constructor(private readonly file: string) {}

  /** Takes the next line; @returns a row when one ends with it */
  feed(raw: string, line: number): Row | undefined {
    const end = raw.endsWith("\r") ? raw.length - 1 : raw.length;
    if (end === 0 && this.#open === undefined) return undefined;
    let at = 0;
    for (;;) {
      const next = this.#open !== undefined || raw[at] === '"' ? this.#quoted(raw, at, line) : this.#plain(raw, at, end, line);
      if (next === undefined) return undefined;
      if (next === end) return this.#row();
      if (raw[next] !== ",") this.#fail(line, next, `${quoted(raw.slice(next, end))} behind a closing quote, wants a comma`);
      at = next + 1;
    }
  }

  /** @throws FormatError when a quote is open at the end of the file */
  close(): void {
    if (this.#open !== undefined) throw new TextFormatError(this.#places.at(-1)!, "a quote that is never closed, wants another quote");
  }

  #fail(line: number, at: number, message: string): never {
    throw new TextFormatError({ file: this.file, line, column: at + 1 }, message);
  }

  #row(): Row {
    const [fields, places] = [this.#fields, this.#places];
    [this.#fields, this.#places] = [[], []];
    return { fields, place: (i) => places[i] ?? places.at(-1)! };
  }

  /** @returns where the field ends */
  #plain(raw: string, at: number, end: number, line: number): number {
    const comma = raw.indexOf(",", at);
    const stop = comma < 0 ? end : comma;
    const field = raw.slice(at, stop);
    const quote = field.indexOf('"');
    if (quote >= 0) this.#fail(line, at + quote, "a quote inside a field without quotes, wants the field in quotes and the quote doubled");
    this.#places.push({ file: this.file, line, column: at + 1 });
    this.#fields.push(field);
    return stop;
  }

  /** @returns what stands behind the closing quote; undefined when the field goes on in the next line */
  #quoted(raw: string, start: number, line: number): number | undefined {
    let at = start;
    if (this.#open === undefined) {
      this.#places.push({ file: this.file, line, column: start + 1 });
      this.#open = "";
      at++;
    }
    for (let quote = raw.indexOf('"', at); quote >= 0; quote = raw.indexOf('"', at)) {
      const doubled = raw[quote + 1] === '"';
      this.#open += raw.slice(at, doubled ? quote + 1 : quote);
      at = quote + (doubled ? 2 : 1);
      if (doubled) continue;
      this.#fields.push(this.#open);
      this.#open = undefined;
      return at;
    }
    this.#open += `${raw.slice(at)}\n`;
    if (this.#open.length > MAX_FIELD) this.close();
    return undefined;
  }
}

async function* csvRows(source: Source): AsyncGenerator<Row> {
  const parser = new CsvParser(source.name);
  for await (const { first, texts } of lineBlocks(source)) {
    for (const [i, text] of texts.entries()) {
      const row = parser.feed(text, first + i);
      if (row !== undefined) yield row;
    }
  }
  parser.close();
}

/**
 * The rows of a table, a header among them; empty lines are passed over.
 * @throws FormatError when a row has not as many fields as the first, and for what RFC 4180 forbids
 */
export async function* tableRows(source: Source, format: TableFormat): AsyncGenerator<Row> {
  let first: Row | undefined;
  for await (const row of format === "csv" ? csvRows(source) : tsvRows(source)) {
    first ??= row;
    const [found, wanted] = [row.fields.length, first.fields.length];
    if (found !== wanted)
      throw new TextFormatError(row.place(Math.min(found, wanted)), `${found} fields, wants ${wanted} as in line ${first.place(0).line}`);
    yield row;
  }
}

/** @throws FormatError when two columns have one name */
export function checkHeader({ fields, place }: Row): void {
  const again = fields.findIndex((name, i) => fields.indexOf(name) < i);
  if (again >= 0) throw new TextFormatError(place(again), `a second column named ${quoted(fields[again]!)}, wants different names`);
}
