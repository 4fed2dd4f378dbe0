/** recurra tune: tries values that a file declares, and keeps those with the best dev metric as a configuration file. */
import { ConfigError } from "../../errors.js";
import { readBytes, writeBytes } from "../../platform/node.js";
import { tune as search, type Trial } from "../../tasks/tuning.js";
import { attended } from "../attended.js";
import { type Engines, say } from "../context.js";
import { loadData } from "../data.js";
import { type Given, wholeFlag } from "../options.js";
import { type PlanFlags, planOf } from "../plan.js";
import { readSpace } from "../search-space.js";
import { taskNamed } from "../tasks/index.js";
import { TABLES, type TaskName } from "../tasks/tables.js";

export interface TuneFlags extends PlanFlags {
  readonly space: string;
  readonly trials: string;
  readonly out: string;
}

/** @returns the exit code; a signal ends the search, and the best so far is written */
export async function tune(engines: Engines, name: TaskName, flags: TuneFlags & Given): Promise<number> {
  const count = wholeFlag("tune", "--trials", flags.trials, 1);
  const plan = await planOf(name, flags);
  const space = readSpace(flags.space, await readBytes(flags.space), { ...TABLES[name].model, ...TABLES[name].training });
  const task = await taskNamed(name);
  const data = await loadData(task, plan.paths, plan.reading, plan.seed);
  if (data.dev.length === 0) throw new ConfigError(`tune: ${data.train.length} examples are too few to cut dev from, wants --dev`);
  const onTrial = ({ number, score, error, options }: Trial) =>
    say(`trial ${number + 1}: ${score === null ? error : `dev ${score.toFixed(4)}`}, ${JSON.stringify(options)}`);
  return attended(engines, async ({ train, signals }) => {
    const { signal } = signals;
    const run = async (options: Trial["options"]): Promise<number> => {
      const { result, engine } = await train(task, { ...plan, options: { ...plan.options, ...options } }, data);
      engine.dispose();
      // What a signal cut short is not to be compared.
      return signal.aborted ? Number.NaN : result.metric!;
    };
    const { best, trials } = await search(space, run, { trials: count, seed: plan.seed, signal, onTrial });
    if (best !== undefined) {
      const configuration = JSON.stringify({ ...plan.options, ...best.options }, null, 2);
      await writeBytes(flags.out, new TextEncoder().encode(`${configuration}\n`));
      say(`best: dev ${best.score!.toFixed(4)} with ${JSON.stringify(best.options)}; saved to ${flags.out}, for train --config`);
    }
    process.stdout.write(`${JSON.stringify({ task: name, best: best ?? null, trials })}\n`);
    return signals.exitCode;
  });
}
