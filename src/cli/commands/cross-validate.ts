/** recurra cross-validate: as many models as folds, each judged by the fold that it has not seen. */
import { type CrossValidation, type Fold, crossValidate as validate } from "../../tasks/cross-validation.js";
import { attended } from "../attended.js";
import { type Engines, say } from "../context.js";
import { readData, splitDev } from "../data.js";
import { type Given, wholeFlag } from "../options.js";
import { type PlanFlags, planOf } from "../plan.js";
import { metricsTable } from "../report/format.js";
import { taskNamed } from "../tasks/index.js";
import type { TaskName } from "../tasks/tables.js";

export interface CrossValidateFlags extends PlanFlags {
  readonly folds: string;
}

/** What a signal ends a fold with. */
class Interrupted extends Error {}

/** @returns the exit code */
export async function crossValidate(engines: Engines, name: TaskName, flags: CrossValidateFlags & Given): Promise<number> {
  const count = wholeFlag("cross-validate", "--folds", flags.folds, 2);
  const plan = await planOf(name, flags);
  const task = await taskNamed(name);
  const { examples } = await readData(task, plan.paths.train, plan.reading);
  say(`${task.describe(examples)} (${plan.paths.train}), ${count} folds`);
  return attended(engines, async ({ train, signals }) => {
    const judge = async (fold: Fold<unknown>, number: number) => {
      const data = splitDev(task, fold.train, plan.seed);
      const baselines = task.baselines(data.train, fold.test);
      const { model, engine } = await train(task, plan, data);
      if (signals.exitCode !== 0) throw new Interrupted();
      const metrics = model.score(fold.test, model.answers(fold.test));
      engine.dispose();
      say(metricsTable(`fold ${number + 1} of ${count}`, { ...baselines, "this model": metrics }));
      return metrics;
    };
    try {
      report(name, await validate(examples, judge, { folds: count, seed: plan.seed, stratum: task.stratum }));
      return 0;
    } catch (error) {
      if (error instanceof Interrupted) return signals.exitCode;
      throw error;
    }
  });
}

function report(task: TaskName, { folds, mean, deviation }: CrossValidation): void {
  say(`\n${metricsTable(`${folds.length} folds`, { mean, "standard deviation": deviation })}`);
  process.stdout.write(`${JSON.stringify({ task, folds, mean, deviation })}\n`);
}
