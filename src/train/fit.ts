/** The training loop: epochs of mini-batches, dev metric, best weights kept, progress. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, isRecurraError, NumericError } from "../errors.js";
import { affine } from "../ops/arithmetic.js";
import type { AveragedWeights } from "../optim/averaged-weights.js";
import { clipGradNorm } from "../optim/clip.js";
import type { Optimizer } from "../optim/optimizer.js";
import { checkOptions, oneOf, wholeNumber } from "../options.js";
import { backward } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { nextTurn } from "./breathe.js";
import type { FitCallback, FitProgress, FitState } from "./callbacks.js";

/** What is learned: the loop knows nothing of words or labels. */
export interface FitTask<Batch> {
  /** Mini-batches of one epoch, in the order they are to run. */
  batches(epoch: number): readonly Batch[];
  /** Examples in a batch. */
  count(batch: Batch): number;
  /**
   * Mean loss of a batch, rank 0. Runs inside a training step.
   * @param step a number that no other batch of the run gets, and this one again after a resume: the key of streams that `loss` draws from
   */
  loss(batch: Batch, step: number): Tensor;
  /** How many items the loss is the mean of, where they are not the examples (but tokens, say): its weight among joined batches. */
  weight?(batch: Batch): number;
  /** Metric on dev data, larger is better; undefined when there is none. */
  evaluate?(): number | undefined;
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
  /** Updates from one evaluation to the next; by default there is one at the end of every epoch. The last update is always followed by one. */
  readonly evaluateEvery?: number;
  /** Stop after so many evaluations without a better dev metric. */
  readonly patience?: number;
  /**
   * Learning rate as a share of the optimizer's own, by the share of training done (0 … 1): of its steps, or of maxSeconds if that is
   * more. The optimizer has its own rates again after every update.
   */
  readonly schedule?: (done: number) => number;
  /** What a loss or a gradient that is not finite does: throw (the default), or leave out the update that it belongs to. */
  readonly onNonFinite?: "throw" | "skip";
  readonly callbacks?: readonly FitCallback[];
  readonly onProgress?: (progress: FitProgress) => void;
  /** Where another run stood; parameters, optimizer and averages must be as they were then. */
  readonly state?: FitState;
  readonly signal?: AbortSignal;
  /** Milliseconds of work between turns of the event loop. Default 12. */
  readonly sliceMs?: number;
  /** Stop after so many seconds, at the end of the running step. The rates follow the clock then, so no two runs give the same bits. */
  readonly maxSeconds?: number;
  /** Milliseconds since some start; by default performance.now. */
  readonly clock?: () => number;
}

export interface FitResult {
  /** Epochs begun. */
  readonly epochs: number;
  readonly steps: number;
  /** Updates left out, see onNonFinite. */
  readonly skipped: number;
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
  "evaluateEvery",
  "patience",
  "schedule",
  "onNonFinite",
  "callbacks",
  "onProgress",
  "state",
  "signal",
  "sliceMs",
  "maxSeconds",
  "clock",
] as const satisfies readonly (keyof FitOptions)[];

const FRESH: FitState = {
  epoch: 0,
  update: 0,
  step: 0,
  skipped: 0,
  seconds: 0,
  lossSum: 0,
  losses: 0,
  metric: undefined,
  best: undefined,
  evaluated: 0,
  sinceBest: 0,
  bestWeights: undefined,
};

/**
 * Trains in place. With a dev metric the weights of its best evaluation are put back at the end. It stops between two updates.
 * @throws ConfigError on a bad option; NumericError before the update when a loss (naming the step) or a gradient is not finite
 */
export async function fit<Batch>(engine: Engine, task: FitTask<Batch>, optimizer: Optimizer, options: FitOptions): Promise<FitResult> {
  checkOptions("fit", options, KEYS);
  wholeNumber("fit", "epochs", options.epochs, 1);
  wholeNumber("fit", "accumulate", options.accumulate ?? 1, 1);
  wholeNumber("fit", "evaluateEvery", options.evaluateEvery ?? 1, 1);
  oneOf("fit", "onNonFinite", options.onNonFinite ?? "throw", ["throw", "skip"]);
  return new Run(engine, task, optimizer, options).train();
}

class Run<Batch> {
  readonly #state: { -readonly [K in keyof FitState]: FitState[K] };
  readonly #clock: () => number;
  readonly #start: number;
  #sliceEnd: number;
  #examples = 0;
  /** Updates of an epoch. */
  #updates = 0;
  /** Share of its own rates that the optimizer takes. */
  #factor = 1;
  /** Each group's own rate. */
  readonly #baseRates: readonly number[];

  constructor(
    private readonly engine: Engine,
    private readonly task: FitTask<Batch>,
    private readonly optimizer: Optimizer,
    private readonly options: FitOptions,
  ) {
    this.#state = { ...(options.state ?? FRESH) };
    this.#clock = options.clock ?? (() => performance.now());
    this.#start = this.#clock() - this.#state.seconds * 1000;
    this.#sliceEnd = this.#clock() + (options.sliceMs ?? 12);
    this.#baseRates = optimizer.groups.map(({ options: { lr } }) => lr);
  }

  async train(): Promise<FitResult> {
    const state = this.#state;
    let stopped = await this.#epochs();
    if (this.options.signal?.aborted) stopped = "aborted";
    if (stopped !== "aborted" && state.evaluated !== state.step) await this.#evaluate();
    await this.#tell("onEnd");
    this.#keepBest();
    return {
      epochs: state.epoch + Math.sign(state.update),
      steps: state.step,
      skipped: state.skipped,
      seconds: this.#seconds(),
      loss: this.#loss(),
      metric: state.best,
      stopped,
    };
  }

  #seconds(): number {
    return (this.#clock() - this.#start) / 1000;
  }

  #loss(): number {
    return this.#state.lossSum / this.#state.losses;
  }

  #isPatient(): boolean {
    return this.#state.sinceBest <= (this.options.patience ?? Number.POSITIVE_INFINITY);
  }

  async #epochs(): Promise<FitResult["stopped"]> {
    const state = this.#state;
    while (this.#isPatient()) {
      if (state.epoch === this.options.epochs) return "done";
      const stopped = await this.#epoch();
      if (stopped !== "done") return stopped;
      if (this.options.evaluateEvery === undefined) await this.#evaluate();
      state.epoch++;
      state.update = 0;
      await this.#tell("onEpoch");
    }
    return "patience";
  }

  /** What is left of an epoch. */
  async #epoch(): Promise<FitResult["stopped"]> {
    const state = this.#state;
    const { signal, maxSeconds = Number.POSITIVE_INFINITY, accumulate = 1, evaluateEvery = 0 } = this.options;
    const batches = this.task.batches(state.epoch);
    this.#updates = Math.ceil(batches.length / accumulate);
    if (state.update > this.#updates)
      throw new ConfigError(`fit: state after ${state.update} updates of an epoch that has ${this.#updates}, wants the data it comes from`);
    if (state.update === 0) state.lossSum = state.losses = 0;
    while (state.update < this.#updates) {
      if (signal?.aborted) return "aborted";
      const seconds = this.#seconds();
      if (seconds > maxSeconds) return "time";
      const done = Math.min(1, Math.max(state.step / (this.options.epochs * this.#updates), seconds / maxSeconds));
      this.#factor = this.options.schedule?.(done) ?? 1;
      await this.#update(batches.slice(state.update * accumulate, (state.update + 1) * accumulate));
      if (state.step % evaluateEvery === 0) await this.#evaluate();
      this.options.onProgress?.(this.#progress());
      await this.#tell("onStep");
      if (!this.#isPatient()) return "patience";
      await this.#breathe();
    }
    return "done";
  }

  async #breathe(): Promise<void> {
    if (this.#clock() < this.#sliceEnd) return;
    await nextTurn();
    this.#sliceEnd = this.#clock() + (this.options.sliceMs ?? 12);
  }

  #scaleRates(factor: number): void {
    for (const [i, group] of this.optimizer.groups.entries()) this.optimizer.configure(group, { lr: this.#baseRates[i]! * factor });
  }

  /** One update by the batches' joint mean loss. */
  async #update(batches: readonly Batch[]): Promise<void> {
    const { task } = this;
    const state = this.#state;
    const weights = batches.map((batch) => task.weight?.(batch) ?? task.count(batch));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    if (batches.length > 1 && !(whole > 0)) throw new ConfigError(`fit: weights [${weights}] of the batches joined, wants a sum above 0`);
    let mean = 0;
    try {
      for (const [i, batch] of batches.entries()) {
        if (i > 0) await this.#breathe();
        const share = batches.length === 1 ? 1 : weights[i]! / whole;
        mean += share * this.#pass(batch, share, i, i === batches.length - 1);
        this.#examples += task.count(batch);
      }
      this.options.average?.update();
      state.lossSum += mean;
      state.losses++;
    } catch (error) {
      if (this.options.onNonFinite !== "skip" || !isRecurraError(error, "numeric")) throw error;
      state.skipped++;
    }
    state.step++;
    state.update++;
  }

  /** Forward and back over batch i of an update, which follows after the last. @returns the batch's own loss */
  #pass(batch: Batch, share: number, i: number, isLast: boolean): number {
    const { optimizer } = this;
    const { clip = Number.POSITIVE_INFINITY, accumulate = 1 } = this.options;
    // Every batch has random streams of its own, the same ones after a resumed update.
    const step = this.#state.step * accumulate + i;
    return this.engine.step(
      () => {
        const loss = this.task.loss(batch, step);
        const value = loss.item();
        if (!Number.isFinite(value))
          throw new NumericError(`fit: the loss is ${value} at step ${this.#state.step}, wants a finite number (nothing was updated)`);
        if (i === 0) optimizer.zeroGrad();
        backward(share === 1 ? loss : affine(loss, share, 0));
        if (!isLast) return value;
        clipGradNorm(optimizer.parameters, clip, { errorIfNonFinite: true });
        this.#scaleRates(this.#factor);
        try {
          optimizer.step();
        } finally {
          this.#scaleRates(1);
        }
        return value;
      },
      { training: true, step },
    );
  }

  #progress(): FitProgress {
    const { epochs, maxSeconds = Number.POSITIVE_INFINITY } = this.options;
    const { epoch, step, metric, best, seconds: before } = this.#state;
    const seconds = this.#seconds();
    const steps = epochs * this.#updates;
    return {
      epoch,
      epochs,
      step,
      steps,
      examplesPerSecond: this.#examples / Math.max(seconds - before, 1e-3),
      loss: this.#loss(),
      lr: this.#baseRates[0]! * this.#factor,
      metric,
      best,
      secondsLeft: Math.max(0, Math.min((seconds / step) * (steps - step), maxSeconds - seconds)),
    };
  }

  async #tell(event: keyof FitCallback): Promise<void> {
    for (const callback of this.options.callbacks ?? []) {
      const seconds = this.#seconds();
      await callback[event]?.(this.#progress(), { ...this.#state, seconds });
    }
  }

  async #evaluate(): Promise<void> {
    const state = this.#state;
    state.evaluated = state.step;
    const metric = this.#withAverages(() => {
      const found = this.task.evaluate?.();
      if (found === undefined) return found;
      // A NaN is never better.
      const isBetter = found > (state.best ?? Number.NEGATIVE_INFINITY);
      state.sinceBest = isBetter ? 0 : state.sinceBest + 1;
      if (isBetter) {
        state.best = found;
        state.bestWeights = this.#snapshot();
      }
      return found;
    });
    if (metric === undefined) return;
    state.metric = metric;
    await this.#tell("onEvaluate");
  }

  /** Leaves the best weights, or the averages, in the parameters. */
  #keepBest(): void {
    const weights = this.#state.bestWeights ?? (this.options.average === undefined ? [] : this.#withAverages(() => this.#snapshot()));
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
