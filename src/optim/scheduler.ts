/** Sets an optimizer's learning rates as training goes. */
import { ConfigError } from "../errors.js";
import { checkOptions, inRange, oneOf, wholeNumber } from "../options.js";
import type { CommonOptions, Optimizer } from "./optimizer.js";
import type { Schedule } from "./schedule.js";

/** Follows a schedule: every group's rate is that of step 0 at once, and of the next step after each step(). */
export class Scheduler {
  readonly #bases: readonly number[];
  #k = 0;

  constructor(
    readonly optimizer: Optimizer<CommonOptions>,
    readonly schedule: Schedule,
  ) {
    this.#bases = optimizer.groups.map(({ options }) => options.lr);
    this.#apply();
  }

  /** The step whose rates are set. Setting it resumes a run. */
  get k(): number {
    return this.#k;
  }

  set k(value: number) {
    this.#k = wholeNumber("Scheduler", "k", value, 0);
    this.#apply();
  }

  /** To be called after each optimizer.step(). */
  step(): void {
    this.k++;
  }

  #apply(): void {
    for (const [i, group] of this.optimizer.groups.entries()) {
      const lr = this.schedule.lr(this.#k, this.#bases[i]!);
      const momentum = this.schedule.momentum?.(this.#k);
      const { betas } = group.options as unknown as { betas?: readonly [number, number] };
      const extra = momentum === undefined ? {} : "momentum" in group.options ? { momentum } : betas ? { betas: [momentum, betas[1]] } : {};
      this.optimizer.configure(group, { lr, ...extra } as Partial<CommonOptions>);
    }
  }
}

export interface PlateauOptions {
  /** Whether the metric should fall or rise. Default "min". */
  readonly mode?: "min" | "max";
  /** What the rate is multiplied by, below 1. Default 0.1. */
  readonly factor?: number;
  /** Steps without a better metric that are let pass. Default 10. */
  readonly patience?: number;
  /** How much better counts. Default 1e-4, as a share ("rel", the default) or a difference ("abs"). */
  readonly threshold?: number;
  readonly thresholdMode?: "rel" | "abs";
  /** Steps after a reduction in which nothing is counted. Default 0. */
  readonly cooldown?: number;
  /** Default 0. */
  readonly minLr?: number;
  /** A smaller change of the rate is left out. Default 1e-8. */
  readonly eps?: number;
}

const KEYS = ["mode", "factor", "patience", "threshold", "thresholdMode", "cooldown", "minLr", "eps"];

/** Turns the rate down when a metric stops getting better. PyTorch's ReduceLROnPlateau. */
export class ReduceLROnPlateau {
  readonly #options: Required<PlateauOptions>;
  #best: number | undefined;
  #bad = 0;
  #cooling = 0;

  constructor(
    readonly optimizer: Optimizer<CommonOptions>,
    options: PlateauOptions = {},
  ) {
    const where = "ReduceLROnPlateau";
    checkOptions(where, options, KEYS);
    const { factor = 0.1 } = options;
    const mode = oneOf(where, "mode", options.mode ?? "min", ["min", "max"]);
    const thresholdMode = oneOf(where, "thresholdMode", options.thresholdMode ?? "rel", ["rel", "abs"]);
    if (!(factor >= 0 && factor < 1)) throw new ConfigError(`${where}: factor ${String(factor)}, wants a number from 0 to below 1`);
    this.#options = {
      mode,
      factor,
      thresholdMode,
      patience: wholeNumber(where, "patience", options.patience ?? 10, 0),
      threshold: inRange(where, "threshold", options.threshold ?? 1e-4, 0, Number.MAX_VALUE),
      cooldown: wholeNumber(where, "cooldown", options.cooldown ?? 0, 0),
      minLr: inRange(where, "minLr", options.minLr ?? 0, 0, Number.MAX_VALUE),
      eps: inRange(where, "eps", options.eps ?? 1e-8, 0, Number.MAX_VALUE),
    };
  }

  /** To be called with the metric after each evaluation. */
  step(metric: number): void {
    const { patience, cooldown } = this.#options;
    if (this.#isBetter(metric)) {
      this.#best = metric;
      this.#bad = 0;
    } else this.#bad++;
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#bad = 0;
    }
    if (this.#bad <= patience) return;
    this.#reduce();
    this.#cooling = cooldown;
    this.#bad = 0;
  }

  #isBetter(metric: number): boolean {
    if (this.#best === undefined) return true;
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === "min" ? -1 : 1;
    const margin = thresholdMode === "rel" ? this.#best * (1 + sign * threshold) : this.#best + sign * threshold;
    return mode === "min" ? metric < margin : metric > margin;
  }

  #reduce(): void {
    const { factor, minLr, eps } = this.#options;
    for (const group of this.optimizer.groups) {
      const { lr } = group.options;
      const next = Math.max(lr * factor, minLr);
      if (lr - next > eps) this.optimizer.configure(group, { lr: next });
    }
  }
}
