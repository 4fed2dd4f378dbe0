/** recurra cross-validate: as many models as folds, each judged by the fold that it has not seen. */
import { ConfigError } from "../../errors.js";
import { type Engines, say } from "../context.js";
import { cutDev, folds, readData } from "../data.js";
import type { Given } from "../options.js";
import { type PlanFlags, planOf } from "../plan.js";
import { ProgressLine } from "../progress.js";
import { metricsTable } from "../report/format.js";
import { trainPlan } from "../run.js";
import { watchSignals } from "../signals.js";
import { taskNamed } from "../tasks/index.js";
import type { TaskName } from "../tasks/tables.js";
import type { Metrics } from "../tasks/task.js";

export interface CrossValidateFlags extends PlanFlags {
  readonly folds: string;
}

/** @returns the exit code */
export async function crossValidate(engines: Engines, name: TaskName, flags: CrossValidateFlags & Given): Promise<number> {
  const count = Number(flags.folds);
  if (!(Number.isSafeInteger(count) && count >= 2))
    throw new ConfigError(`cross-validate: --folds ${flags.folds}, wants a whole number from 2`);
  const plan = await planOf(name, flags);
  const task = await taskNamed(name);
  const { examples } = await readData(task, plan.paths.train, plan.reading);
  if (examples.length < count)
    throw new ConfigError(`cross-validate: ${examples.length} examples, wants at least one for each of ${count} folds`);
  say(`${task.describe(examples)} (${plan.paths.train}), ${count} folds`);
  const found: Metrics[] = [];
  const baselines: Record<string, Metrics>[] = [];
  const progress = new ProgressLine(process.stderr);
  const signals = watchSignals(say);
  try {
    for (const [i, test] of folds(examples, task.stratum, count, plan.seed).entries()) {
      const chosen = new Set(test);
      const rest = examples.filter((_, row) => !chosen.has(row));
      const held = test.map((row) => examples[row]!);
      const data = { ...cutDev(rest, task.stratum, plan.seed), test: held };
      baselines.push({ ...task.baselines(data.train, held) });
      const onProgress = progress.update.bind(progress);
      const { model, engine } = await trainPlan(engines, task, plan, data, { signal: signals.signal, onProgress });
      progress.end();
      if (signals.exitCode !== 0) return signals.exitCode;
      found.push(model.score(held, model.answers(held)));
      say(metricsTable(`fold ${i + 1} of ${count}`, { ...baselines[i], "this model": found[i]! }));
      engine.dispose();
    }
  } finally {
    progress.end();
    signals.close();
  }
  report(task.name, found, baselines);
  return 0;
}

function report(task: TaskName, found: readonly Metrics[], baselines: readonly Readonly<Record<string, Metrics>>[]): void {
  const means = Object.fromEntries(Object.keys(baselines[0]!).map((name) => [name, meanOf(baselines.map((row) => row[name]!))]));
  const [mean, deviation] = [meanOf(found), deviationOf(found)];
  say(`\n${metricsTable(`${found.length} folds`, { ...means, "this model": mean, "standard deviation": deviation })}`);
  process.stdout.write(`${JSON.stringify({ task, folds: found, mean, deviation, baselines: means })}\n`);
}

const combine = (rows: readonly Metrics[], of: (values: number[]) => number): Metrics =>
  Object.fromEntries(Object.keys(rows[0]!).map((name) => [name, of(rows.map((row) => row[name]!))]));

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const meanOf = (rows: readonly Metrics[]): Metrics => combine(rows, mean);

/** Between folds, of a sample. */
const deviationOf = (rows: readonly Metrics[]): Metrics =>
  combine(rows, (values) => {
    const middle = mean(values);
    return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
  });
