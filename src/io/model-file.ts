/**
 * A model in one safetensors file: weights under PyTorch's names, and in the metadata everything else. Version 1 stays readable for
 * good. `format` = "pt", `recurra.version` = "1", `recurra.model` = JSON, `recurra.crc32` = hexadecimal CRC-32 of all tensor data.
 */
import { FormatError } from "../errors.js";
import { crc32 } from "./crc32.js";
import { type JsonValue, parseJson } from "./json.js";
import { readSafetensors, type SafetensorsEntry, type SafetensorsInput, writeSafetensors } from "./safetensors.js";

export type PlainJson = null | boolean | number | string | PlainJson[] | { [key: string]: PlainJson };

/** What a model file says about its weights. */
export interface ModelDescription {
  readonly task: string;
  readonly config: { readonly [key: string]: PlainJson };
  readonly tokenizer?: { readonly [key: string]: PlainJson };
  readonly vocabulary?: PlainJson;
  readonly labels?: readonly string[];
  /** Mode and build of the engine that made it. */
  readonly numerics: string;
  readonly build: string;
  /** Version of the library that wrote it. */
  readonly library: string;
}

const VERSION = "1";
/** Metadata entry, and with a dot the prefix of the tensors, of what a training goes on from; who wants the model passes over it. */
export const TRAINING = "recurra.training";
const WHERE = "model file";

const hex = (value: number) => value.toString(16).padStart(8, "0");

/** Objects without a prototype, so that no key of the file reaches one. */
export function plain(value: JsonValue): PlainJson {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const object: { [key: string]: PlainJson } = Object.create(null);
  for (const [key, item] of value) object[key] = plain(item);
  return object;
}

const isObject = (value: PlainJson | undefined): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

function checkDescription(value: PlainJson): ModelDescription {
  if (!isObject(value)) throw new FormatError(`${WHERE}: recurra.model is no object, wants one with task and config`);
  const model = value as { [key: string]: PlainJson };
  for (const key of ["task", "numerics", "build", "library"]) {
    if (typeof model[key] !== "string") throw new FormatError(`${WHERE}: ${key} is ${JSON.stringify(model[key])}, wants a string`);
  }
  if (!isObject(model.config)) throw new FormatError(`${WHERE}: config is ${JSON.stringify(model.config)}, wants an object`);
  if (model.tokenizer !== undefined && !isObject(model.tokenizer)) {
    throw new FormatError(`${WHERE}: tokenizer is ${JSON.stringify(model.tokenizer)}, wants an object`);
  }
  const { labels } = model;
  if (
    labels !== undefined &&
    !(Array.isArray(labels) && labels.every((label) => typeof label === "string") && new Set(labels).size === labels.length)
  ) {
    throw new FormatError(`${WHERE}: labels are no list of different strings, wants one`);
  }
  return model as unknown as ModelDescription;
}

/** CRC-32 over the bytes of all tensors, in the order of the data. */
function dataChecksum(tensors: Iterable<SafetensorsEntry>): number {
  const ordered = [...tensors].sort((a, b) => a.bytes.byteOffset - b.bytes.byteOffset);
  return ordered.reduce((sum, { bytes }) => crc32(bytes, sum), 0);
}

export function encodeModelFile({
  tensors,
  model,
  metadata,
}: {
  readonly tensors: readonly SafetensorsInput[];
  readonly model: ModelDescription;
  /** Further entries. */
  readonly metadata?: Readonly<Record<string, string>>;
}): Uint8Array {
  const checksum = tensors.reduce((sum, { data }) => crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum), 0);
  return writeSafetensors(tensors, {
    format: "pt",
    "recurra.version": VERSION,
    "recurra.model": JSON.stringify(model),
    "recurra.crc32": hex(checksum),
    ...metadata,
  });
}

export interface ModelFile {
  readonly tensors: Map<string, SafetensorsEntry>;
  readonly model: ModelDescription;
  /** State of the training, where the file is a checkpoint: JSON text, and tensors by their names without the prefix. */
  readonly training: { readonly text: string | undefined; readonly tensors: Map<string, SafetensorsEntry> };
}

/**
 * @throws FormatError when the file is no safetensors file, no recurra model, of a later version, or damaged
 */
export function decodeModelFile(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const version = metadata.get("recurra.version");
  if (version === undefined) throw new FormatError(`${WHERE}: no recurra.version in the metadata, wants a file that recurra wrote`);
  if (version !== VERSION) throw new FormatError(`${WHERE}: recurra.version ${JSON.stringify(version)}, wants ${JSON.stringify(VERSION)}`);
  const text = metadata.get("recurra.model");
  if (text === undefined) throw new FormatError(`${WHERE}: no recurra.model in the metadata, wants a description of the model`);
  const wanted = metadata.get("recurra.crc32");
  const found = hex(dataChecksum(tensors.values()));
  if (found !== wanted)
    throw new FormatError(
      `${WHERE}: the data have CRC-32 ${found}, wants ${wanted ?? "recurra.crc32 in the metadata"} (the file is damaged)`,
    );
  const state = new Map<string, SafetensorsEntry>();
  for (const [name, entry] of tensors) {
    if (!name.startsWith(`${TRAINING}.`)) continue;
    state.set(name.slice(TRAINING.length + 1), entry);
    tensors.delete(name);
  }
  return { tensors, model: checkDescription(plain(parseJson(WHERE, text))), training: { text: metadata.get(TRAINING), tensors: state } };
}
