/** Training that people watch: a line of progress, and signals that end it in good order. */
import { type Engines, say } from "./context.js";
import { ProgressLine } from "./progress.js";
import { type RunPlan, type Trained, trainPlan } from "./run.js";
import { type Signals, watchSignals } from "./signals.js";
import type { Dataset, Task, TrainHooks } from "./tasks/task.js";

export interface Attended {
  readonly signals: Signals;
  /** As trainPlan, with the line of progress, which ends with it, and until a signal comes. */
  train(task: Task, plan: RunPlan, data: Dataset<unknown>, hooks?: TrainHooks): Promise<Trained>;
}

/** Hears signals while `work` runs, and leaves them to the system again afterwards, however it ends. */
export async function attended<T>(engines: Engines, work: (run: Attended) => Promise<T>): Promise<T> {
  const progress = new ProgressLine(process.stderr);
  const signals = watchSignals((text) => {
    progress.end();
    say(text);
  });
  const { signal } = signals;
  const train: Attended["train"] = async (task, plan, data, hooks) => {
    try {
      return await trainPlan(engines, task, plan, data, { ...hooks, signal, onProgress: (state) => progress.update(state, task.unit) });
    } finally {
      progress.end();
    }
  };
  try {
    return await work({ signals, train });
  } finally {
    signals.close();
  }
}
