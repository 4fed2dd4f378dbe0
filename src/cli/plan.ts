/** The plan of a run from what the command line and the configuration file say. */
import { availableParallelism } from "node:os";
import { readBytes } from "../platform/node.js";
import { parseColumns } from "../text/readers/index.js";
import { type Given, readConfiguration, readFlags } from "./options.js";
import type { RunPlan } from "./run.js";
import { type TaskName, tableOf } from "./tasks/tables.js";
import type { Reading } from "./tasks/task.js";

export interface PlanFlags {
  readonly train: string;
  readonly dev?: string;
  readonly test?: string;
  readonly columns?: string;
  readonly multiLabel?: string;
  readonly config?: string;
  readonly init?: string;
  readonly vectors?: string;
}

/** Threads where nobody says how many: what more of them bring has not been measured. */
const THREADS = Math.min(2, availableParallelism());

/** How the data files are to be read. @throws ConfigError */
export function readingOf({ columns, multiLabel }: Pick<PlanFlags, "columns" | "multiLabel">): Reading {
  return {
    ...(columns === undefined ? {} : { columns: parseColumns(columns) }),
    ...(multiLabel === undefined ? {} : { multiLabel }),
  };
}

/** The command line goes before the configuration file. @throws ConfigError, FormatError, StorageError */
export async function planOf(task: TaskName, flags: PlanFlags & Given): Promise<RunPlan> {
  const table = tableOf(task);
  const file = flags.config === undefined ? {} : readConfiguration(flags.config, await readBytes(flags.config), table);
  const { seed = 1, numerics = "fast", threads = THREADS, ...options } = { ...file, ...readFlags(`train ${task}`, flags, table) };
  const { train, dev, test, init, vectors } = flags;
  return {
    task,
    paths: { train, ...(dev === undefined ? {} : { dev }), ...(test === undefined ? {} : { test }) },
    reading: readingOf(flags),
    seed: seed as number,
    numerics: numerics as RunPlan["numerics"],
    threads: threads as number,
    ...(init === undefined ? {} : { init }),
    ...(vectors === undefined ? {} : { vectors }),
    options,
  };
}
