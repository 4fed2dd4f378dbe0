/** recurra tune: tries values that a file declares, and keeps those with the best dev metric as a configuration file. */
import { ConfigError } from "../../errors.js";
import { readBytes, writeBytes } from "../../platform/node.js";
import { type Engines, say } from "../context.js";
import { loadData } from "../data.js";
import type { Given } from "../options.js";
import { type PlanFlags, planOf } from "../plan.js";
import { ProgressLine } from "../progress.js";
import { trainPlan } from "../run.js";
import { drawTrial, gridOf, readSpace, type Trial } from "../search-space.js";
import { watchSignals } from "../signals.js";
import { taskNamed } from "../tasks/index.js";
import { TABLES, type TaskName } from "../tasks/tables.js";

export interface TuneFlags extends PlanFlags {
  readonly space: string;
  readonly trials: string;
  readonly out: string;
}

interface Tried {
  readonly options: Trial;
  /** On dev; the larger the better. */
  readonly metric: number;
  readonly seconds: number;
}

/** @returns the exit code; a signal ends the search, and the best so far is written */
export async function tune(engines: Engines, name: TaskName, flags: TuneFlags & Given): Promise<number> {
  const most = Number(flags.trials);
  if (!(Number.isSafeInteger(most) && most >= 1)) throw new ConfigError(`tune: --trials ${flags.trials}, wants a whole number from 1`);
  const plan = await planOf(name, flags);
  const space = readSpace(flags.space, await readBytes(flags.space), { ...TABLES[name].model, ...TABLES[name].training });
  const task = await taskNamed(name);
  const data = await loadData(task, plan.paths, plan.reading, plan.seed);
  if (data.dev.length === 0) throw new ConfigError(`tune: ${data.train.length} examples are too few to cut dev from, wants --dev`);
  const trials = gridOf(space, most) ?? Array.from({ length: most }, (_, i) => drawTrial(space, plan.seed, i));
  const tried: Tried[] = [];
  const progress = new ProgressLine(process.stderr);
  const signals = watchSignals(say);
  try {
    for (const [i, options] of trials.entries()) {
      const own = { ...plan, options: { ...plan.options, ...options } };
      const onProgress = progress.update.bind(progress);
      const { result, engine } = await trainPlan(engines, task, own, data, { signal: signals.signal, onProgress });
      engine.dispose();
      progress.end();
      if (signals.exitCode !== 0) break;
      tried.push({ options, metric: result.metric!, seconds: result.seconds });
      say(
        `trial ${i + 1} of ${trials.length}: dev ${result.metric!.toFixed(4)}, ${result.seconds.toFixed(1)} s, ${JSON.stringify(options)}`,
      );
    }
  } finally {
    progress.end();
    signals.close();
  }
  await keepBest(name, plan.options, tried, flags.out);
  return signals.exitCode;
}

async function keepBest(task: TaskName, fixed: Trial, tried: readonly Tried[], out: string): Promise<void> {
  const [first, ...others] = tried;
  if (first === undefined) return;
  const best = others.reduce((top, trial) => (trial.metric > top.metric ? trial : top), first);
  const configuration = { ...fixed, ...best.options };
  await writeBytes(out, new TextEncoder().encode(`${JSON.stringify(configuration, null, 2)}\n`));
  say(`best: dev ${best.metric.toFixed(4)} with ${JSON.stringify(best.options)}; saved to ${out}, for train --config`);
  process.stdout.write(`${JSON.stringify({ task, best, trials: tried })}\n`);
}
