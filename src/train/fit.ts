/** The training loop: epochs of mini-batches, dev metric, best weights kept, progress. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, NumericError } from "../errors.js";
import { clipGradNorm } from "../optim/clip.js";
import type { Optimizer } from "../optim/optimizer.js";
import { backward } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { nextTurn } from "./breathe.js";

/** What is learned: the loop knows nothing of words or labels. */
export interface FitTask<Batch> {
  /** Mini-batches of one epoch, in the order they are to run. */
  batches(epoch: number): readonly Batch[];
  /** Examples in a batch. */
  count(batch: Batch): number;
  /** Mean loss of a batch, rank 0. Runs inside a training step. */
  loss(batch: Batch): Tensor;
  /** Metric on dev data, larger is better; undefined when there is none. */
  evaluate?(): number | undefined;
}

export interface FitProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Update steps done, and planned in all. */
  readonly step: number;
  readonly steps: number;
  readonly examplesPerSecond: number;
  /** Running mean of the loss in this epoch. */
  readonly loss: number;
  /** Last dev metric, and the best. */
  readonly metric: number | undefined;
  readonly best: number | undefined;
  readonly secondsLeft: number;
}

export interface FitOptions {
  readonly epochs: number;
  /** Clip gradients to this joint norm. */
  readonly clip?: number;
  /** Stop after so many epochs without a better dev metric. */
  readonly patience?: number;
  /** Learning rate as a share of the optimizer's own, by the share of training done (0 … 1): of its steps, or of maxSeconds if that is more. */
  readonly schedule?: (done: number) => number;
  readonly onProgress?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds of work between turns of the event loop. Default 12. */
  readonly sliceMs?: number;
  /** Stop after so many seconds, at the end of the running step. */
  readonly maxSeconds?: number;
  /** Milliseconds since some start; by default performance.now. */
  readonly clock?: () => number;
}

export interface FitResult {
  readonly epochs: number;
  readonly steps: number;
  readonly seconds: number;
  readonly loss: number;
  /** Dev metric of the weights that were kept. */
  readonly metric: number | undefined;
  readonly stopped: "done" | "patience" | "aborted" | "time";
}

/**
 * Trains in place. With a dev metric the weights of its best epoch are put back at the end.
 * @throws NumericError before the update when a loss is not finite, naming the step
 */
export async function fit<Batch>(engine: Engine, task: FitTask<Batch>, optimizer: Optimizer, options: FitOptions): Promise<FitResult> {
  const { epochs, patience = Number.POSITIVE_INFINITY, signal, clock = () => performance.now() } = options;
  if (!(Number.isInteger(epochs) && epochs >= 1)) throw new ConfigError(`fit: epochs ${epochs}, wants a whole number from 1`);
  const run = new Run(engine, task, optimizer, options, clock);
  let stopped: FitResult["stopped"] = "done";
  let epoch = 0;
  while (epoch < epochs && stopped === "done") {
    const outcome = await run.epoch(epoch);
    epoch++;
    if (outcome !== "done") stopped = outcome;
    else if (run.evaluate(epoch) > patience) stopped = "patience";
  }
  if (signal?.aborted) stopped = "aborted";
  run.restoreBest();
  return { epochs: epoch, steps: run.step, seconds: run.seconds, loss: run.loss, metric: run.best, stopped };
}

class Run<Batch> {
  step = 0;
  loss = Number.NaN;
  best: number | undefined;
  #metric: number | undefined;
  #bestWeights: Float32Array[] | null = null;
  #bestEpoch = 0;
  #examples = 0;
  readonly #start: number;
  #sliceEnd: number;
  /** Each group's own rate. */
  readonly #baseRates: readonly number[];

  constructor(
    private readonly engine: Engine,
    private readonly task: FitTask<Batch>,
    private readonly optimizer: Optimizer,
    private readonly options: FitOptions,
    private readonly clock: () => number,
  ) {
    this.#start = clock();
    this.#sliceEnd = this.#start + (options.sliceMs ?? 12);
    this.#baseRates = optimizer.groups.map(({ options: { lr } }) => lr);
  }

  get seconds(): number {
    return (this.clock() - this.#start) / 1000;
  }

  async epoch(epoch: number): Promise<FitResult["stopped"]> {
    const { signal, maxSeconds = Number.POSITIVE_INFINITY, sliceMs = 12 } = this.options;
    const batches = this.task.batches(epoch);
    const total = this.options.epochs * batches.length;
    let sum = 0;
    for (const [i, batch] of batches.entries()) {
      if (signal?.aborted) return "aborted";
      if (this.seconds > maxSeconds) return "time";
      const done = Math.min(1, Math.max(this.step / total, this.seconds / maxSeconds));
      this.#scaleRates(this.options.schedule?.(done) ?? 1);
      sum += this.#update(batch);
      this.loss = sum / (i + 1);
      this.#examples += this.task.count(batch);
      this.#report(epoch, total);
      if (this.clock() >= this.#sliceEnd) {
        await nextTurn();
        this.#sliceEnd = this.clock() + sliceMs;
      }
    }
    this.#scaleRates(1);
    return "done";
  }

  #scaleRates(factor: number): void {
    for (const [i, group] of this.optimizer.groups.entries()) this.optimizer.configure(group, { lr: this.#baseRates[i]! * factor });
  }

  #update(batch: Batch): number {
    const value = this.engine.step(
      () => {
        const loss = this.task.loss(batch);
        const value = loss.item();
        if (!Number.isFinite(value))
          throw new NumericError(`fit: the loss is ${value} at step ${this.step}, wants a finite number (nothing was updated)`);
        this.optimizer.zeroGrad();
        backward(loss);
        if (this.options.clip !== undefined) clipGradNorm(this.optimizer.parameters, this.options.clip, { errorIfNonFinite: true });
        this.optimizer.step();
        return value;
      },
      { training: true, step: this.step },
    );
    this.step++;
    return value;
  }

  #report(epoch: number, total: number): void {
    const { seconds } = this;
    const { maxSeconds = Number.POSITIVE_INFINITY } = this.options;
    this.options.onProgress?.({
      epoch,
      epochs: this.options.epochs,
      step: this.step,
      steps: total,
      examplesPerSecond: this.#examples / Math.max(seconds, 1e-3),
      loss: this.loss,
      metric: this.#metric,
      best: this.best,
      secondsLeft: Math.max(0, Math.min((seconds / this.step) * (total - this.step), maxSeconds - seconds)),
    });
  }

  /** @returns epochs since the best one */
  evaluate(epoch: number): number {
    this.#metric = this.task.evaluate?.();
    if (this.#metric === undefined) return 0;
    if (this.best === undefined || this.#metric > this.best) {
      this.best = this.#metric;
      this.#bestEpoch = epoch;
      this.#bestWeights = this.optimizer.parameters.map((parameter) => parameter.data() as Float32Array);
    }
    return epoch - this.#bestEpoch;
  }

  restoreBest(): void {
    this.#bestWeights?.forEach((values, i) => void this.optimizer.parameters[i]!.assign(values));
  }
}
