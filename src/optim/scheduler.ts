/** Sets an optimizer's learning rates as training goes. */
import { FormatError } from "../errors.js";
import { number, rate, readOptions, whole, wholeNumber, word } from "../options.js";
import type { CommonOptions, Optimizer } from "./optimizer.js";
import type { Schedule } from "./schedule.js";

/** Follows a schedule: every group's rate is that of step 0 at once, and of the next step after each step(). */
export class Scheduler {
  #bases: readonly number[];
  #k = 0;

  constructor(
    readonly optimizer: Optimizer<CommonOptions>,
    readonly schedule: Schedule,
  ) {
    this.#bases = optimizer.groups.map(({ options }) => options.lr);
    this.#goTo(0, this.#bases);
  }

  /** The step whose rates are set. Setting it resumes a run. */
  get k(): number {
    return this.#k;
  }

  set k(value: number) {
    this.#goTo(wholeNumber("Scheduler", "k", value, 0), this.#bases);
  }

  /** To be called after each optimizer.step(). */
  step(): void {
    this.k++;
  }

  /** The step, and the rates of the groups before the schedule set them: plain JSON. */
  stateDict(): { k: number; bases: readonly number[] } {
    return { k: this.#k, bases: this.#bases };
  }

  /** Goes on from a stateDict(). @throws FormatError unless it is for as many groups; ConfigError on a number out of range; nothing was changed then */
  loadStateDict({ k, bases }: { readonly k: number; readonly bases: readonly number[] }): void {
    const [rates, { length }] = [[bases].flat(), this.#bases];
    if (rates.length !== length) throw new FormatError(`Scheduler.loadStateDict: rates of ${rates.length} groups, wants ${length}`);
    this.#goTo(
      wholeNumber("Scheduler", "k", k, 0),
      rates.map((base) => number()("Scheduler", "bases", base)),
    );
  }

  #goTo(k: number, bases: readonly number[]): void {
    const momentum = this.schedule.momentum?.(k);
    const rates = bases.map((base) => this.schedule.lr(k, base));
    for (const [i, group] of this.optimizer.groups.entries()) {
      const { betas } = group.options as unknown as { betas?: readonly [number, number] };
      const extra = momentum === undefined ? {} : "momentum" in group.options ? { momentum } : betas ? { betas: [momentum, betas[1]] } : {};
      this.optimizer.configure(group, { lr: rates[i], ...extra } as Partial<CommonOptions>);
    }
    this.#k = k;
    this.#bases = bases;
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

/** Turns the rate down when a metric stops getting better. PyTorch's ReduceLROnPlateau. */
export class ReduceLROnPlateau {
  readonly #options: Required<PlateauOptions>;
  #best: number;
  #bad = 0;
  #cooling = 0;

  constructor(
    readonly optimizer: Optimizer<CommonOptions>,
    options: PlateauOptions = {},
  ) {
    this.#options = readOptions("ReduceLROnPlateau", options, {
      mode: word("min", ["min", "max"]),
      factor: rate(0.1),
      patience: whole(0, 10),
      threshold: number(1e-4),
      thresholdMode: word("rel", ["rel", "abs"]),
      cooldown: whole(0, 0),
      minLr: number(0),
      eps: number(1e-8),
    });
    this.#best = this.#options.mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
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

  /** What it has counted, as plain JSON: the best metric is text, for at first it is infinite. The rates are the optimizer's. */
  stateDict(): { best: string; bad: number; cooling: number } {
    return { best: String(this.#best), bad: this.#bad, cooling: this.#cooling };
  }

  /** Goes on from a stateDict(). @throws ConfigError on a number out of range; nothing was changed then */
  loadStateDict({ best, bad, cooling }: { readonly best: string; readonly bad: number; readonly cooling: number }): void {
    const where = "ReduceLROnPlateau";
    [this.#best, this.#bad, this.#cooling] = [
      number(undefined, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)(where, "best", Number(best)),
      wholeNumber(where, "bad", bad, 0),
      wholeNumber(where, "cooling", cooling, 0),
    ];
  }

  #isBetter(metric: number): boolean {
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
