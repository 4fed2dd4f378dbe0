/** The files of a run: their examples and hashes, and the part of training that serves as dev where no file does. */
import { createHash } from "node:crypto";
import { Stream, streamKey } from "../engine/random.js";
import { fileSource } from "../platform/node.js";
import type { Source } from "../text/readers/index.js";
import type { Dataset, Reading, Task } from "./tasks/task.js";

/** Examples of a data file, and the SHA-256 of its bytes. */
export interface DataFile<Example> {
  readonly path: string;
  readonly sha256: string;
  readonly examples: readonly Example[];
}

export interface DataPaths {
  readonly train: string;
  readonly dev?: string;
  readonly test?: string;
}

export interface RunData<Example> {
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
  readonly test: readonly Example[] | undefined;
  /** By their part: train, dev, test. */
  readonly files: Readonly<Record<string, DataFile<Example>>>;
  /** Was dev cut from the training file? */
  readonly cut: boolean;
}

/** Share of the training data that serves as dev, and the most examples of it. */
const DEV_SHARE = 0.1;
const DEV_MOST = 5000;
/** Purpose of the stream that cuts, beyond those of the library. */
const CUT = 101;

export async function sha256Of(source: Source): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of source.bytes()) hash.update(bytes);
  return hash.digest("hex");
}

/** @throws StorageError; FormatError with the place, or when the file has no example; ConfigError */
export async function readData<Example>(task: Task<Example>, file: string, reading: Reading): Promise<DataFile<Example>> {
  const source = fileSource(file);
  const sha256 = await sha256Of(source);
  return { path: file, sha256, examples: await task.read(source, reading) };
}

/** Every file, and dev cut from train where there is none, by the seed alone. */
export async function loadData<Example>(task: Task<Example>, paths: DataPaths, reading: Reading, seed: number): Promise<RunData<Example>> {
  const files: Record<string, DataFile<Example>> = {};
  for (const part of ["train", "dev", "test"] as const) {
    const file = paths[part];
    if (file !== undefined) files[part] = await readData(task, file, reading);
  }
  const { train, dev, test } = files;
  const parts = dev === undefined ? splitDev(task, train!.examples, seed) : { train: train!.examples, dev: dev.examples };
  return { ...parts, test: test?.examples, files, cut: dev === undefined };
}

/** Dev cut off training examples as the task has it, else at random. */
export const splitDev = <Example>(task: Task<Example>, examples: readonly Example[], seed: number): Dataset<Example> =>
  task.cut?.(examples) ?? cutDev(examples, task.stratum, seed);

/**
 * Cuts a tenth off every stratum, at random by the seed; what a stratum has beyond whole examples goes on to the next, so that the share
 * of the whole holds. The last example of a stratum stays in training.
 */
export function cutDev<Example>(examples: readonly Example[], stratum: (example: Example) => string, seed: number): Dataset<Example> {
  const strata = new Map<string, number[]>();
  examples.forEach((example, row) => {
    const name = stratum(example);
    const rows = strata.get(name);
    if (rows === undefined) strata.set(name, [row]);
    else rows.push(row);
  });
  const stream = new Stream(streamKey(seed, CUT, 0, 0));
  const share = Math.min(DEV_SHARE, DEV_MOST / examples.length);
  const chosen = new Set<number>();
  let owed = 0;
  for (const [, rows] of [...strata].sort(([a], [b]) => (a < b ? -1 : 1))) {
    owed += rows.length * share;
    const taken = Math.min(Math.floor(owed), rows.length - 1);
    for (const row of stream.shuffle(rows).slice(0, taken)) chosen.add(row);
    owed -= taken;
  }
  return { train: examples.filter((_, row) => !chosen.has(row)), dev: examples.filter((_, row) => chosen.has(row)) };
}
