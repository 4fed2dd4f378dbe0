/**
 * safetensors: 8 bytes of header length (little endian), a JSON header of tensors { dtype, shape, data_offsets } and string metadata,
 * then the data. Everything is checked before anything is returned, as the reference library 0.8.0 does: tensors cover the data
 * from its start to its end, each byte once.
 */
import { FormatError } from "../errors.js";
import { decodeUtf8, type JsonMap, type JsonValue, parseJson } from "./json.js";

/** Bits of an element. */
const DTYPE_BITS = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type SafetensorsDType = keyof typeof DTYPE_BITS;

export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** The tensor's bytes, little endian: a view of the file, of any alignment. */
  readonly bytes: Uint8Array;
}

export interface Safetensors {
  readonly tensors: Map<string, SafetensorsEntry>;
  readonly metadata: Map<string, string>;
}

const WHERE = "safetensors";
/** The reference library's limit. */
const MAX_HEADER = 100_000_000;

const fail = (message: string): never => {
  throw new FormatError(`${WHERE}: ${message}`);
};
const named = (name: string) => `tensor ${JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)}`;
const shown = (value: JsonValue | undefined) => {
  const text = JSON.stringify(value instanceof Map ? Object.fromEntries(value) : (value ?? "nothing"));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
/** Integers only: other literals stay text, which no field takes. */
const integer = (literal: string): JsonValue => (/^(?:0|[1-9]\d*)$/.test(literal) ? Number(literal) : literal);

interface Span {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function isSize(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function readSpan(name: string, value: JsonValue): Span {
  if (!(value instanceof Map)) return fail(`${named(name)} is ${shown(value)}, wants an object of dtype, shape and data_offsets`);
  const dtype = value.get("dtype");
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPE_BITS, dtype)) {
    return fail(`${named(name)} has dtype ${shown(dtype)}, wants one of ${Object.keys(DTYPE_BITS).join(", ")}`);
  }
  const shape = value.get("shape");
  if (!Array.isArray(shape) || !shape.every(isSize))
    return fail(`${named(name)} has shape ${shown(shape)}, wants an array of whole numbers`);
  const offsets = value.get("data_offsets");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`${named(name)} has data_offsets ${shown(offsets)}, wants [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  let bits: number = DTYPE_BITS[dtype as SafetensorsDType];
  for (const extent of shape) {
    bits *= extent;
    if (bits > Number.MAX_SAFE_INTEGER) return fail(`${named(name)} has shape ${shown(shape)}, wants a size below 2^53 bits`);
  }
  if (end - begin !== bits / 8) {
    return fail(`${named(name)} has data_offsets ${shown(offsets)}, wants ${bits / 8} bytes for ${dtype} ${shown(shape)}`);
  }
  return { name, dtype: dtype as SafetensorsDType, shape, begin, end };
}

function readMetadata(value: JsonValue | undefined): Map<string, string> {
  if (value === undefined || value === null) return new Map();
  if (!(value instanceof Map)) return fail(`__metadata__ is ${shown(value)}, wants an object of strings`);
  for (const [key, text] of value)
    if (typeof text !== "string") fail(`__metadata__ has ${JSON.stringify(key)}: ${shown(text)}, wants a string`);
  return value as Map<string, string>;
}

function readHeader(bytes: Uint8Array): { header: JsonMap; dataStart: number } {
  if (bytes.length < 8) fail(`${bytes.length} bytes, wants at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER) fail(`a header of ${length} bytes, wants at most ${MAX_HEADER}`);
  if (length > bytes.length - 8) fail(`a header of ${length} bytes in a file of ${bytes.length}, wants a header inside the file`);
  const header = parseJson(WHERE, decodeUtf8(`${WHERE} header`, bytes.subarray(8, 8 + length)), { number: integer });
  if (!(header instanceof Map)) return fail(`the header is ${shown(header)}, wants an object`);
  return { header, dataStart: 8 + length };
}

/**
 * Reads a whole file.
 * @throws FormatError naming the tensor, what was found and what was wanted
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, dataStart } = readHeader(bytes);
  const metadata = readMetadata(header.get("__metadata__"));
  header.delete("__metadata__");
  const spans = [...header].map(([name, value]) => readSpan(name, value));
  const dataLength = bytes.length - dataStart;
  let covered = 0;
  for (const { name, begin, end } of [...spans].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) fail(`${named(name)} begins at byte ${begin} of the data, wants ${covered}, where the tensor before it ends`);
    covered = end;
  }
  if (covered !== dataLength) fail(`the tensors end at byte ${covered} of the data, wants ${dataLength}, where the file ends`);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const { name, dtype, shape, begin, end } of spans) {
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(dataStart + begin, dataStart + end) });
  }
  return { tensors, metadata };
}

export interface SafetensorsInput {
  readonly name: string;
  readonly dtype: "F32" | "I32" | "F64";
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Float64Array;
}

/** The bytes of a file: tensors in the order given, the data 8-byte aligned behind a header padded with spaces. */
export function writeSafetensors(tensors: readonly SafetensorsInput[], metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const fields: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [["__metadata__", metadata]];
  const ordered = [...tensors].sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  let size = 0;
  for (const { name, dtype, shape, data } of ordered) {
    const end = size + data.byteLength;
    fields.push([name, { dtype, shape, data_offsets: [size, end] }]);
    size = end;
  }
  const names = new Set(fields.map(([name]) => name));
  if (names.size !== fields.length) fail("two tensors of one name, wants each name once");
  const body = fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  const header = new TextEncoder().encode(`{${body}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + size);
  new DataView(bytes.buffer).setUint32(0, padded, true);
  bytes.fill(0x20, 8, 8 + padded);
  bytes.set(header, 8);
  let at = 8 + padded;
  for (const { data } of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
