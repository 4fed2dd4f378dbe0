/** Averages of parameters over training, which often do better than the last weights. */
import { ConfigError, StateError } from "../errors.js";
import { approach, stateLike } from "../ops/update.js";
import { optional, rate, readOptions, wholeNumber, yesOrNo } from "../options.js";
import { assignState, type StateDict, type StateSource } from "../tensor/state.js";
import type { Tensor } from "../tensor/tensor.js";

export interface AveragedWeightsOptions {
  /**
   * Exponential moving average: what stays of the average at an update, average = decay·average + (1 - decay)·parameter. By default
   * there is none, and all updates count alike: stochastic weight averaging (Izmailov et al. 2018).
   */
  readonly decay?: number;
  /** Let the decay rise with the number n of updates so far: min(decay, (1 + n)/(10 + n)). Default false. */
  readonly warmup?: boolean;
}

const WHERE = "AveragedWeights";

/**
 * Averages of parameters. The first update() takes the parameters as they are, as PyTorch's AveragedModel.
 *
 *     optimizer.step();
 *     average.update();
 *     average.withAverages(() => evaluate());
 */
export class AveragedWeights {
  readonly parameters: readonly Tensor[];
  readonly #averages: readonly Tensor[];
  /** How far the average goes to meet the parameters after n updates. */
  readonly #share: (n: number) => number;
  #updates = 0;
  #applied = false;

  /** @throws ConfigError when there is no parameter, decay is not from 0 to below 1, or warmup comes without it */
  constructor(parameters: Iterable<Tensor>, options: AveragedWeightsOptions = {}) {
    const { decay = 1, warmup } = readOptions(WHERE, options, { decay: optional(rate()), warmup: yesOrNo(false) });
    if (warmup && decay === 1) throw new ConfigError(`${WHERE}: warmup without decay, wants both`);
    this.#share = (n) => (n === 0 ? 1 : decay === 1 ? 1 / (n + 1) : 1 - Math.min(decay, warmup ? (1 + n) / (10 + n) : 1));
    this.parameters = [...new Set(parameters)];
    if (this.parameters.length === 0) throw new ConfigError(`${WHERE}: no parameters, wants at least 1`);
    this.#averages = this.parameters.map(stateLike);
  }

  /** Updates so far. */
  get updates(): number {
    return this.#updates;
  }

  /** Takes the parameters into the averages: to be called after optimizer.step(). @throws StateError while the averages are applied */
  update(): void {
    this.#check(false);
    const share = this.#share(this.#updates++);
    for (const [i, average] of this.#averages.entries()) approach(average, this.parameters[i]!, share);
  }

  /** Puts the averages into the parameters, until restore(). @throws StateError when they are there, or before the first update() */
  apply(): void {
    if (this.#updates === 0) throw new StateError(`${WHERE}: apply() before an update(), wants at least one`);
    this.#exchange(true);
  }

  /** Puts the parameters back as they were before apply(). @throws StateError when they are there */
  restore(): void {
    this.#exchange(false);
  }

  /** Runs `fn` with the averages in the parameters' place, and puts those back afterwards (for a promise, once it has settled). */
  withAverages<T>(fn: () => T): T {
    this.apply();
    let result: T | undefined;
    try {
      result = fn();
    } finally {
      if (!(result instanceof Promise)) this.restore();
    }
    return result instanceof Promise ? (result.finally(() => this.restore()) as T) : result;
  }

  /** The averages by parameter number, and the number of updates: plain JSON. @throws StateError while the averages are applied */
  stateDict(): { tensors: StateDict; values: { updates: number } } {
    this.#check(false);
    return { tensors: new Map(this.#averages.map((average, i) => [String(i), average])), values: { updates: this.#updates } };
  }

  /** Goes on from a stateDict(). @throws FormatError, ShapeError, ConfigError unless it fits; nothing was changed then */
  loadStateDict({ tensors, values }: { readonly tensors: StateSource; readonly values: { readonly updates: number } }): void {
    const updates = wholeNumber(WHERE, "updates", values?.updates, 0);
    assignState(`${WHERE}.loadStateDict`, this.stateDict().tensors, tensors);
    this.#updates = updates;
  }

  /** Frees the averages; the parameters stay. */
  dispose(): void {
    for (const average of this.#averages) average.dispose();
  }

  #check(applied: boolean): void {
    if (this.#applied !== applied)
      throw new StateError(`${WHERE}: applied is ${this.#applied}, wants ${applied ? "apply" : "restore"}() first`);
  }

  #exchange(apply: boolean): void {
    this.#check(!apply);
    for (const [i, average] of this.#averages.entries()) {
      const held = average.data();
      average.assign(this.parameters[i]!);
      this.parameters[i]!.assign(held);
    }
    this.#applied = apply;
  }
}
