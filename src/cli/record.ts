/** The record of a run: everything needed to repeat it, and the hash of the weights that must come out. */
import { createHash } from "node:crypto";
import { availableParallelism, cpus } from "node:os";
import path from "node:path";
import type { EngineInfo } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import { type JsonValue, parseJson } from "../io/json.js";
import { decodeModelFile, plain } from "../io/model-file.js";
import { readBytes, writeBytes } from "../platform/node.js";
import { VERSION } from "../version.js";
import type { TaskName } from "./tasks/tables.js";
import type { Metrics, Reading } from "./tasks/task.js";

export interface RecordedFile {
  /** As seen from the record's folder. */
  readonly path: string;
  readonly sha256: string;
}

export interface RunRecord {
  readonly format: "recurra-run";
  readonly version: 1;
  readonly task: TaskName;
  readonly library: string;
  readonly runtime: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string };
  readonly engine: Pick<EngineInfo, "backend" | "build" | "numerics" | "threads">;
  readonly seed: number;
  readonly reading: Reading;
  readonly data: Readonly<Record<string, RecordedFile>>;
  /** The model file that training went on from. */
  readonly init?: RecordedFile;
  /** The word vectors that tokens started with. */
  readonly vectors?: RecordedFile;
  /** What was asked for, and what the task made of it. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly config: unknown;
  readonly result: { readonly epochs: number; readonly steps: number; readonly seconds: number; readonly stopped: string };
  /** Of the whole command so far: by the clock, and of the processor. */
  readonly spent: { readonly seconds: number; readonly cpuSeconds: number };
  readonly metrics: Readonly<Record<string, Metrics>>;
  readonly baselines: Readonly<Record<string, Metrics>>;
  readonly model: RecordedFile & { readonly weights: string };
}

const CANONICAL_NAN = 0x7fc00000;

/** SHA-256 over names, shapes and bits of a model file's tensors, by name; every NaN counts as the same. */
export function weightsHash(model: Uint8Array): string {
  const hash = createHash("sha256");
  const { tensors } = decodeModelFile(model);
  for (const [name, { shape, dtype, bytes }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, dtype, shape]));
    const copy = bytes.slice();
    if (dtype === "F32") {
      const floats = new Float32Array(copy.buffer);
      const bits = new Uint32Array(copy.buffer);
      for (const [i, value] of floats.entries()) if (Number.isNaN(value)) bits[i] = CANONICAL_NAN;
    }
    hash.update(copy);
  }
  return hash.digest("hex");
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Version, runtime and machine, as every record says them. */
export const provenance = () => ({
  library: VERSION,
  runtime: `node ${process.version}`,
  machine: { cpu: cpus()[0]?.model.trim() ?? "unknown", cores: availableParallelism(), platform: `${process.platform} ${process.arch}` },
});

export function spent(): RunRecord["spent"] {
  const { user, system } = process.cpuUsage();
  return { seconds: Number((performance.now() / 1000).toFixed(2)), cpuSeconds: Number(((user + system) / 1e6).toFixed(2)) };
}

/** Where a file lies as seen from the record. */
export const seenFrom = (record: string, file: string): string => path.relative(path.dirname(record), file) || path.basename(file);

export async function writeRecord(file: string, record: RunRecord): Promise<void> {
  await writeBytes(file, new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`));
}

const isText = (value: JsonValue | undefined): value is string => typeof value === "string";

/** @throws StorageError, FormatError */
export async function readRecord(file: string): Promise<RunRecord> {
  const fail = (found: string, wanted: string): never => {
    throw new FormatError(`${file}: ${found}, wants ${wanted}`);
  };
  const value = parseJson(file, new TextDecoder().decode(await readBytes(file)));
  if (!(value instanceof Map) || value.get("format") !== "recurra-run") return fail("no record of a run", "what train --record wrote");
  if (value.get("version") !== 1) fail(`version ${JSON.stringify(value.get("version"))}`, "version 1");
  const files: [string, JsonValue | undefined][] = [["model", value.get("model")]];
  const data = value.get("data");
  if (data instanceof Map) for (const [part, entry] of data) files.push([`data.${part}`, entry]);
  if (!(data instanceof Map) || !data.has("train")) fail("no data.train", "the file that was trained on");
  for (const name of ["init", "vectors"]) if (value.has(name)) files.push([name, value.get(name)]);
  for (const [name, entry] of files) {
    if (!(entry instanceof Map && isText(entry.get("path")) && isText(entry.get("sha256"))))
      fail(`${name} without path and sha256`, "both");
  }
  for (const key of ["reading", "options", "engine", "result"]) {
    if (!(value.get(key) instanceof Map)) fail(`no ${key}`, "an object");
  }
  if (!isText((value.get("model") as Map<string, JsonValue>).get("weights"))) fail("no model.weights", "the hash of the weights");
  return plain(value) as unknown as RunRecord;
}
