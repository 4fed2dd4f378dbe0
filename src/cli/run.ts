/** One run of training: what is to be done as plain data, so that a record can have it repeated. */
import type { Engine } from "../engine/engine.js";
import { readWordVectors } from "../io/word-vectors.js";
import { fileSource, readBytes } from "../platform/node.js";
import type { FitResult } from "../train/fit.js";
import type { Engines } from "./context.js";
import type { DataPaths } from "./data.js";
import type { TaskName } from "./tasks/tables.js";
import type { Dataset, Reading, Task, TaskModel, TrainHooks } from "./tasks/task.js";

export interface RunPlan {
  readonly task: TaskName;
  readonly paths: DataPaths;
  readonly reading: Reading;
  readonly seed: number;
  readonly numerics: "fast" | "reproducible";
  readonly threads: number;
  /** The model file to start from. */
  readonly init?: string;
  /** A file of word vectors that tokens start with. */
  readonly vectors?: string;
  /** The task's own options, those of training among them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Trained {
  readonly engine: Engine;
  readonly model: TaskModel;
  readonly result: FitResult;
}

/** Trains as planned, in an engine of its own that the caller disposes of. */
export async function trainPlan(engines: Engines, task: Task, plan: RunPlan, data: Dataset<unknown>, hooks: TrainHooks): Promise<Trained> {
  const engine = await engines.train({ seed: plan.seed, numerics: plan.numerics, threads: plan.threads });
  try {
    const files = {
      ...(plan.init === undefined ? {} : { init: await readBytes(plan.init) }),
      ...(plan.vectors === undefined ? {} : { vectors: await vectorsOf(plan.vectors) }),
    };
    return { engine, ...(await task.train(engine, data, plan.options, { ...hooks, ...files })) };
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

async function vectorsOf(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const vectors = await readWordVectors(fileSource(file));
  return new Map(vectors.words.map((word) => [word, vectors.get(word)!]));
}
