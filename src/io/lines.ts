/** Lines of a text from its bytes: strict UTF-8, plain or gzip, in bounded memory. */
import { gunzipped } from "./gunzip.js";
import { type Place, TextFormatError } from "./text-error.js";

/** Something to read, as often as is wanted: a file, say. */
export interface Source {
  /** For messages; its ending tells the format. */
  readonly name: string;
  bytes(): AsyncIterable<Uint8Array>;
}

/** Lines that came together, each as it stands between two line feeds (a carriage return stays at its end). */
export interface LineBlock {
  /** Number of the first one, from 1. */
  readonly first: number;
  readonly texts: readonly string[];
}

/** Bytes of a line, at most. */
const MAX_LINE = 2 ** 26;
const LINE_FEED = 10;

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The error that names the first byte of a block which is not UTF-8. */
function notUtf8(file: string, first: number, bytes: Uint8Array, cause: unknown): TextFormatError {
  const decodes = (length: number): string | undefined => {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
    } catch {
      return undefined;
    }
  };
  let [good, bad] = [0, bytes.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodes(middle) === undefined) bad = middle;
    else good = middle;
  }
  const before = decodes(good)!.split("\n");
  const place = { file, line: first + before.length - 1, column: before.at(-1)!.length + 1 };
  // A character that the end cuts off decodes as the beginning of a stream.
  const found = good === bytes.length ? "a character that is cut off" : `byte 0x${bytes[good]!.toString(16).padStart(2, "0")}`;
  return new TextFormatError(place, `${found}, wants UTF-8`, { cause });
}

/**
 * All lines: joined by line feeds they are the text, so what stands behind the last one, maybe nothing, is a line too. A byte order mark
 * at the start is left out.
 * @throws FormatError with the line and column of the first byte that is not UTF-8, for gzip that does not unpack, a line over 64 MiB
 */
export async function* lineBlocks(source: Source): AsyncGenerator<LineBlock> {
  const { name: file } = source;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let first = 1;
  let parts: Uint8Array[] = [];
  let held = 0;
  const block = (): LineBlock => {
    const bytes = join(parts);
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch (error) {
      throw notUtf8(file, first, bytes, error);
    }
    if (first === 1 && text.startsWith("\ufeff")) text = text.slice(1);
    const texts = text.split("\n");
    first += texts.length;
    return { first: first - texts.length, texts };
  };
  const damaged = (cause: unknown) =>
    new TextFormatError({ file, line: first, column: 1 }, "gzip that is cut off or damaged, wants a whole stream", { cause });
  for await (const chunk of gunzipped(source.bytes(), damaged)) {
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end >= 0) {
      parts.push(chunk.subarray(0, end));
      yield block();
      [parts, held] = [[], 0];
    }
    // A copy: the source may fill the same buffer again.
    parts.push(new Uint8Array(chunk.subarray(end + 1)));
    held += chunk.length - end - 1;
    if (held > MAX_LINE)
      throw new TextFormatError({ file, line: first, column: 1 }, `a line over ${MAX_LINE} bytes, wants at most so many`);
  }
  yield block();
}

export interface Line {
  /** Without its end, LF or CR LF. */
  readonly text: string;
  readonly place: Place;
}

/** The lines of a file, without an empty rest behind the last line feed. @throws as lineBlocks */
export async function* lines(source: Source): AsyncGenerator<Line> {
  let previous: Line | undefined;
  for await (const { first, texts } of lineBlocks(source)) {
    for (const [i, raw] of texts.entries()) {
      if (previous !== undefined) yield previous;
      const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      previous = { text, place: { file: source.name, line: first + i, column: 1 } };
    }
  }
  if (previous !== undefined && previous.text !== "") yield previous;
}
