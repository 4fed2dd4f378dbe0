/** Reads a hostile or odd file by the library's reader of its format, and says what it found. */
import { readConfiguration } from "../../src/cli/options.js";
import { tableOf } from "../../src/cli/tasks/tables.js";
import { toFloat32 } from "../../src/io/element-types.js";
import { decodeUtf8 } from "../../src/io/json.js";
import { readSafetensors } from "../../src/io/safetensors.js";
import { readWordVectors } from "../../src/io/word-vectors.js";
import { readTaggedTokens, sourceOf } from "../../src/text/readers/index.js";
import { checkHeader, tableRows } from "../../src/text/readers/table.js";
import { readTokenIds } from "../../src/text/vocabulary-file.js";

/** What a file held, for a key of a case's `expect` and the value wanted there; undefined for a key that means nothing. */
export type Found = (key: string, wanted: unknown) => unknown;

const facts =
  (values: Readonly<Record<string, unknown>>): Found =>
  (key) =>
    Object.hasOwn(values, key) ? values[key] : undefined;

/** Infinity and NaN as the index writes them. */
const shown = (value: number) => (Number.isFinite(value) ? value : String(value));

async function csv(file: string, bytes: Uint8Array): Promise<Found> {
  const rows: (readonly string[])[] = [];
  for await (const row of tableRows(sourceOf(file, bytes), "csv")) {
    if (rows.length === 0) checkHeader(row);
    rows.push(row.fields);
  }
  return facts({ header: rows[0], rows: rows.slice(1) });
}

async function conll(file: string, bytes: Uint8Array): Promise<Found> {
  return facts({ sentences: (await readTaggedTokens(sourceOf(file, bytes))).length });
}

async function embeddings(file: string, bytes: Uint8Array): Promise<Found> {
  const { words, dim, values } = await readWordVectors(sourceOf(file, bytes));
  if (values.length !== words.length * dim || !values.every(Number.isFinite)) throw new Error("vectors that are not words × dim numbers");
  return facts({ words, dim });
}

async function safetensors(_file: string, bytes: Uint8Array): Promise<Found> {
  const { tensors } = readSafetensors(bytes);
  return (key, wanted) => {
    if (key === "names") return [...tensors.keys()];
    const tensor = tensors.get(key);
    if (tensor === undefined || !Array.isArray(wanted)) return undefined;
    // The index has decimals of more digits than float32 holds.
    return Array.from(toFloat32(tensor), (value, i) => (value === Math.fround(Number(wanted[i])) ? wanted[i] : shown(value)));
  };
}

async function vocab(file: string, bytes: Uint8Array): Promise<Found> {
  const ids = readTokenIds(file, decodeUtf8(file, bytes));
  return (key, wanted) => {
    if (key === "unknown") return (wanted as string[]).filter((token) => !ids.has(token));
    return key === "size" ? ids.size : undefined;
  };
}

async function config(file: string, bytes: Uint8Array): Promise<Found> {
  return facts(readConfiguration(file, bytes, tableOf("classify")));
}

export type Reader = (file: string, bytes: Uint8Array) => Promise<Found>;

export const READERS: ReadonlyMap<string, Reader> = new Map(Object.entries({ safetensors, embeddings, csv, conll, vocab, config }));

/** Formats of the index that the library does not read, and why. */
export const LATER: ReadonlyMap<string, string> = new Map([["onnx", "models of ONNX are not read yet"]]);
