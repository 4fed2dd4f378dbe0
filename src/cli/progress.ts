/** Training progress: one line that is rewritten on a terminal, plain lines now and then elsewhere. */
import type { FitProgress } from "../train/callbacks.js";

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two lines: a terminal follows the eye, a log file should stay short. */
const TERMINAL_EVERY = 100;
const LOG_EVERY = 5000;
const BAR = 20;

const clockTime = (seconds: number) => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};
/** A share of one as per cent; what is none (an error, the larger the worse, comes as a negative number) as it is. */
const metricText = (metric: number | undefined) => {
  if (metric === undefined) return "-";
  return metric >= 0 && metric <= 1 ? `${(metric * 100).toFixed(1)} %` : metric.toPrecision(4);
};

/** `epoch 2/10 [####------] 45 %  loss 0.312  dev 95.1 % (best 95.1 %)  1234 examples/s  0:21 left` */
export function progressText(state: FitProgress, unit = "examples"): string {
  const share = state.steps === 0 ? 1 : Math.min(1, state.step / state.steps);
  const filled = Math.round(share * BAR);
  const bar = "#".repeat(filled) + "-".repeat(BAR - filled);
  const metric = state.metric === undefined ? "" : `  dev ${metricText(state.metric)} (best ${metricText(state.best)})`;
  return (
    `epoch ${state.epoch + 1}/${state.epochs} [${bar}] ${Math.floor(share * 100)} %  loss ${state.loss.toFixed(3)}${metric}` +
    `  ${Math.round(state.examplesPerSecond)} ${unit}/s  ${clockTime(state.secondsLeft)} left`
  );
}

export class ProgressLine {
  #last = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(
    private readonly output: Output,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** @param unit what the training counts */
  update(state: FitProgress, unit?: string): void {
    const now = this.clock();
    const terminal = this.output.isTTY === true;
    if (now - this.#last < (terminal ? TERMINAL_EVERY : LOG_EVERY) && state.step < state.steps) return;
    this.#last = now;
    const text = progressText(state, unit);
    if (!terminal) this.output.write(`${text}\n`);
    else {
      this.output.write(`\r\x1b[2K${text.slice(0, (this.output.columns ?? 120) - 1)}`);
      this.#open = true;
    }
  }

  /** Ends the line, so that what follows starts on its own. */
  end(): void {
    if (this.#open) this.output.write("\n");
    this.#open = false;
  }
}
