/** The training loop: epochs of mini-batches, dev metric, best weights kept, progress. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, NumericError } from "../errors.js";
import { affine } from "../ops/arithmetic.js";
import type { AveragedWeights } from "../optim/averaged-weights.js";
import { clipGradNorm } from "../optim/clip.js";
import type { Optimizer } from "../optim/optimizer.js";
import { checkOptions, wholeNumber } from "../options.js";
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
  /** How many items the loss is the mean of, where they are not the examples (but tokens, say): its weight among joined batches. */
  weight?(batch: Batch): number;
  /** Metric on dev data, larger is better; undefined when there is none. */
  evaluate?(): number | undefined;
}

export interface FitProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Updates done, and planned in all. */
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
  /**
   * Batches that are joined in one update: their gradients add up to that of the mean loss over all their examples (or items, see
   * FitTask.weight), as of one large batch. What is left at the end of an epoch makes an update of its own. Default 1.
   */
  readonly accumulate?: number;
  /** Averages that follow every update; the dev metric is theirs, and so are the weights that training ends with. */
  readonly average?: AveragedWeights;
  /** Clip gradients to this joint norm, once an update. */
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

const KEYS = [
  "epochs",
  "accumulate",
  "average",
  "clip",
  "patience",
  "schedule",
  "onProgress",
  "signal",
  "sliceMs",
  "maxSeconds",
  "clock",
] as const satisfies readonly (keyof FitOptions)[];

/**
 * Trains in place. With a dev metric the weights of its best epoch are put back at the end. It stops between two updates.
 * @throws ConfigError on a bad option; NumericError before the update when a loss is not finite, naming the step
 */
export async function fit<Batch>(engine: Engine, task: FitTask<Batch>, optimizer: Optimizer, options: FitOptions): Promise<FitResult> {
  checkOptions("fit", options, KEYS);
  const { patience = Number.POSITIVE_INFINITY, signal, clock = () => performance.now() } = options;
  const epochs = wholeNumber("fit", "epochs", options.epochs, 1);
  wholeNumber("fit", "accumulate", options.accumulate ?? 1, 1);
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
  run.finish();
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
    const { signal, maxSeconds = Number.POSITIVE_INFINITY, accumulate = 1 } = this.options;
    const batches = this.task.batches(epoch);
    const updates = Math.ceil(batches.length / accumulate);
    const total = this.options.epochs * updates;
    let sum = 0;
    try {
      for (let i = 0; i < updates; i++) {
        if (signal?.aborted) return "aborted";
        if (this.seconds > maxSeconds) return "time";
        const done = Math.min(1, Math.max(this.step / total, this.seconds / maxSeconds));
        this.#scaleRates(this.options.schedule?.(done) ?? 1);
        sum += await this.#update(batches.slice(i * accumulate, (i + 1) * accumulate));
        this.loss = sum / (i + 1);
        this.#report(epoch, total);
        await this.#breathe();
      }
    } finally {
      this.#scaleRates(1);
    }
    return "done";
  }

  async #breathe(): Promise<void> {
    if (this.clock() < this.#sliceEnd) return;
    await nextTurn();
    this.#sliceEnd = this.clock() + (this.options.sliceMs ?? 12);
  }

  #scaleRates(factor: number): void {
    for (const [i, group] of this.optimizer.groups.entries()) this.optimizer.configure(group, { lr: this.#baseRates[i]! * factor });
  }

  /** One update by the batches' joint mean loss, which is returned. */
  async #update(batches: readonly Batch[]): Promise<number> {
    const { task } = this;
    const weights = batches.map((batch) => task.weight?.(batch) ?? task.count(batch));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    if (batches.length > 1 && !(whole > 0)) throw new ConfigError(`fit: weights [${weights}] of the batches joined, wants a sum above 0`);
    let mean = 0;
    for (const [i, batch] of batches.entries()) {
      if (i > 0) await this.#breathe();
      const share = batches.length === 1 ? 1 : weights[i]! / whole;
      mean += share * this.#pass(batch, share, i, i === batches.length - 1);
      this.#examples += task.count(batch);
    }
    this.options.average?.update();
    this.step++;
    return mean;
  }

  /** Forward and back over batch i of an update, which follows after the last. @returns the batch's own loss */
  #pass(batch: Batch, share: number, i: number, isLast: boolean): number {
    const { optimizer } = this;
    const { clip, accumulate = 1 } = this.options;
    return this.engine.step(
      () => {
        const loss = this.task.loss(batch);
        const value = loss.item();
        if (!Number.isFinite(value))
          throw new NumericError(`fit: the loss is ${value} at step ${this.step}, wants a finite number (nothing was updated)`);
        if (i === 0) optimizer.zeroGrad();
        backward(share === 1 ? loss : affine(loss, share, 0));
        if (!isLast) return value;
        if (clip !== undefined) clipGradNorm(optimizer.parameters, clip, { errorIfNonFinite: true });
        optimizer.step();
        return value;
      },
      // Every batch has random streams of its own, the same ones after a resumed update.
      { training: true, step: this.step * accumulate + i },
    );
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
    return this.#withAverages(() => {
      this.#metric = this.task.evaluate?.();
      if (this.#metric === undefined) return 0;
      if (this.best === undefined || this.#metric > this.best) {
        this.best = this.#metric;
        this.#bestEpoch = epoch;
        this.#bestWeights = this.#snapshot();
      }
      return epoch - this.#bestEpoch;
    });
  }

  /** Leaves the best weights, or the averages, in the parameters. */
  finish(): void {
    const weights = this.#bestWeights ?? (this.options.average === undefined ? [] : this.#withAverages(() => this.#snapshot()));
    weights.forEach((values, i) => void this.optimizer.parameters[i]!.assign(values));
  }

  #snapshot(): Float32Array[] {
    return this.optimizer.parameters.map((parameter) => parameter.data() as Float32Array);
  }

  #withAverages<T>(fn: () => T): T {
    const { average } = this.options;
    return average === undefined || average.updates === 0 ? fn() : average.withAverages(fn);
  }
}
