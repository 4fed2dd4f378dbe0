/** recurra verify: repeats a recorded run and compares the weights. */
import path from "node:path";
import { FormatError } from "../../errors.js";
import { fileSource } from "../../platform/node.js";
import { attended } from "../attended.js";
import { type Engines, say } from "../context.js";
import { loadData, sha256Of } from "../data.js";
import { type RecordedFile, type RunRecord, readRecord, weightsHash } from "../record.js";
import type { RunPlan } from "../run.js";
import { taskNamed } from "../tasks/index.js";
import { TABLES, type TaskName, tableOf } from "../tasks/tables.js";

/** @returns 0 when the same weights come out, 1 when not */
export async function verify(engines: Engines, file: string): Promise<number> {
  const record = await readRecord(file);
  const found = ({ path: seen }: RecordedFile) => path.join(path.dirname(file), seen);
  const plan = planOf(file, record, found);
  for (const entry of [...Object.values(record.data), record.init, record.vectors]) {
    if (entry === undefined) continue;
    const actual = await sha256Of(fileSource(found(entry)));
    if (actual !== entry.sha256)
      throw new FormatError(`${found(entry)}: SHA-256 ${actual}, wants ${entry.sha256}, as the record of the run has it`);
  }
  const task = await taskNamed(plan.task);
  const data = await loadData(task, plan.paths, plan.reading, plan.seed);
  return attended(engines, async ({ train, signals }) => {
    const { model, engine, result } = await train(task, plan, data);
    if (signals.exitCode !== 0) return signals.exitCode;
    const weights = weightsHash(model.save());
    const same = weights === record.model.weights;
    process.stdout.write(
      `${JSON.stringify({ same, weights, wanted: record.model.weights, epochs: result.epochs, steps: result.steps })}\n`,
    );
    if (!same) say(`recurra: verify: other weights than recorded${reasonFor(record, engine.info.build)}`);
    return same ? 0 : 1;
  });
}

function planOf(file: string, record: RunRecord, found: (file: RecordedFile) => string): RunPlan {
  const { task, result, options, seed, engine } = record;
  if (!Object.hasOwn(TABLES, task)) throw new FormatError(`${file}: task ${JSON.stringify(task)}, wants ${Object.keys(TABLES).join(", ")}`);
  if (result.stopped === "aborted" || options.maxSeconds !== undefined)
    throw new FormatError(`${file}: a run that a clock or a signal ended, wants one that ended by itself`);
  const table = tableOf(task as TaskName);
  const checked = { seed, numerics: engine.numerics, threads: engine.threads, ...options };
  for (const [name, value] of Object.entries(checked)) {
    if (table[name] === undefined) throw new FormatError(`${file}: unknown option ${name}, wants those of train ${task}`);
    table[name].check(file, name, value);
  }
  const { train, dev, test } = record.data;
  const paths = { train: found(train!), ...(dev && { dev: found(dev) }), ...(test && { test: found(test) }) };
  const init = record.init === undefined ? {} : { init: found(record.init) };
  const vectors = record.vectors === undefined ? {} : { vectors: found(record.vectors) };
  return { task, paths, reading: record.reading, seed, numerics: engine.numerics, threads: engine.threads, ...init, ...vectors, options };
}

/** Why it may be: what differs between here and there. */
function reasonFor({ engine, library, runtime }: RunRecord, build: string): string {
  if (build !== engine.build)
    return ` (kernels here: ${build}, there: ${engine.build}; --numerics reproducible gives the same bits everywhere)`;
  return ` (recorded with recurra ${library} on ${runtime})`;
}
