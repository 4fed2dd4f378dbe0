/** Records of a training, for a file of JSON lines. */
import type { PlainJson } from "../io/model-file.js";
import type { FitCallback, FitProgress, FitState } from "../train/callbacks.js";

/** `event` is start, init, resume, step, evaluate, epoch, checkpoint or end; the rest are its figures. */
export type LogRecord = Readonly<Record<string, PlainJson>> & { readonly event: string };
export type Log = (record: LogRecord) => void;

/** Updates from one step record to the next. */
const STEPS = 100;

/** Figures without what is not there. */
function figures(
  event: string,
  { epoch, step, loss, lr, metric, best, examplesPerSecond }: FitProgress,
  { seconds, skipped }: FitState,
): LogRecord {
  const all = { epoch, step, loss, lr, metric, best, examplesPerSecond, seconds, skipped };
  return { event, ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) } as LogRecord;
}

export function logging(log: Log): FitCallback {
  return {
    onStep: (progress, state) => {
      if (state.step % STEPS === 0) log(figures("step", progress, state));
    },
    onEvaluate: (progress, state) => log(figures("evaluate", progress, state)),
    onEpoch: (progress, state) => log(figures("epoch", progress, state)),
  };
}
