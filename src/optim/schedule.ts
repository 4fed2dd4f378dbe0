/**
 * Learning rates over the steps, PyTorch's schedulers in closed form: the rate at step k (from 0) follows from k and the group's base
 * rate alone, so that a run resumed at step k goes on as it would have.
 */
import { cosPi, pow } from "../engine/scalar.js";
import { ConfigError } from "../errors.js";
import { number, optional, readOptions, whole, wholeNumber, word, yesOrNo } from "../options.js";

export interface Schedule {
  /** Learning rate at step k of a group whose own rate is `base`. */
  lr(k: number, base: number): number;
  /** Momentum (or beta1) at step k, where the schedule sets it too; undefined leaves it. */
  momentum?(k: number): number | undefined;
}

const positive = (fallback?: number) => number(fallback, Number.MIN_VALUE);

/** x^n for whole n from 0, by repeated squaring; pow for others. */
function power(x: number, n: number): number {
  if (!Number.isInteger(n)) return x === 0 ? 0 : pow(x, n);
  let result = 1;
  for (let [square, left] = [x, n]; left > 0; left = Math.floor(left / 2), square *= square) if (left % 2 === 1) result *= square;
  return result;
}

/** base·gamma^floor(k / stepSize). */
export function stepLR(options: { readonly stepSize: number; readonly gamma?: number }): Schedule {
  const { stepSize, gamma } = readOptions("stepLR", options, { stepSize: whole(1), gamma: number(0.1) });
  return { lr: (k, base) => base * power(gamma, Math.floor(k / stepSize)) };
}

/** base·gamma^(milestones passed). */
export function multiStepLR(options: { readonly milestones: readonly number[]; readonly gamma?: number }): Schedule {
  const steps = (where: string, name: string, value: unknown) => [value].flat().map((step) => whole(0)(where, name, step));
  const { milestones, gamma } = readOptions("multiStepLR", options, { milestones: steps, gamma: number(0.1) });
  return { lr: (k, base) => base * power(gamma, milestones.filter((milestone) => milestone <= k).length) };
}

/** base·gamma^k. */
export function exponentialLR(options: { readonly gamma: number }): Schedule {
  const { gamma } = readOptions("exponentialLR", options, { gamma: number() });
  return { lr: (k, base) => base * power(gamma, k) };
}

const halfCosine = (low: number, high: number, share: number) => low + ((high - low) * (1 + cosPi(share))) / 2;

/** From base down to etaMin in tMax steps along half a cosine, and up again. */
export function cosineAnnealingLR(options: { readonly tMax: number; readonly etaMin?: number }): Schedule {
  const { tMax, etaMin } = readOptions("cosineAnnealingLR", options, { tMax: positive(), etaMin: number(0) });
  return { lr: (k, base) => halfCosine(etaMin, base, k / tMax) };
}

/** Half cosines from base to etaMin over t0, t0·tMult, t0·tMult², … steps. Loshchilov and Hutter 2017. */
export function cosineAnnealingWarmRestarts(options: { readonly t0: number; readonly tMult?: number; readonly etaMin?: number }): Schedule {
  const checks = { t0: whole(1), tMult: whole(1, 1), etaMin: number(0) };
  const { t0, tMult, etaMin } = readOptions("cosineAnnealingWarmRestarts", options, checks);
  return {
    lr: (k, base) => {
      let [start, length] = [0, t0];
      if (tMult === 1) start = Math.floor(k / t0) * t0;
      else for (; k >= start + length; length *= tMult) start += length;
      return halfCosine(etaMin, base, (k - start) / length);
    },
  };
}

export interface OneCycleOptions {
  readonly maxLr: number;
  readonly totalSteps: number;
  /** Share of the steps that rise. Default 0.3. */
  readonly pctStart?: number;
  /** Default "cos". */
  readonly annealStrategy?: "cos" | "linear";
  /** Default false: the fall goes straight to the end; true: as long down as up, and then to the end. */
  readonly threePhase?: boolean;
  /** Default 0.85 and 0.95. */
  readonly baseMomentum?: number;
  readonly maxMomentum?: number;
  /** The start is maxLr / divFactor, the end that / finalDivFactor. Default 25 and 10000. */
  readonly divFactor?: number;
  readonly finalDivFactor?: number;
}

/** Up to maxLr and down to next to nothing, momentum the other way. Smith and Topin 2019. */
export function oneCycleLR(options: OneCycleOptions): Schedule {
  const where = "oneCycleLR";
  const { maxLr, totalSteps, pctStart, annealStrategy, threePhase, baseMomentum, maxMomentum, divFactor, finalDivFactor } = readOptions(
    where,
    options,
    {
      maxLr: number(),
      totalSteps: whole(1),
      pctStart: number(0.3, 0, 1),
      annealStrategy: word("cos", ["cos", "linear"]),
      threePhase: yesOrNo(false),
      baseMomentum: number(0.85),
      maxMomentum: number(0.95),
      divFactor: positive(25),
      finalDivFactor: positive(10000),
    },
  );
  const start = pctStart * totalSteps - 1;
  const first = maxLr / divFactor;
  const last = first / finalDivFactor;
  const phases = threePhase
    ? [
        { end: start, lr: [first, maxLr], momentum: [maxMomentum, baseMomentum] },
        { end: 2 * start, lr: [maxLr, first], momentum: [baseMomentum, maxMomentum] },
        { end: totalSteps - 1, lr: [first, last], momentum: [maxMomentum, maxMomentum] },
      ]
    : [
        { end: start, lr: [first, maxLr], momentum: [maxMomentum, baseMomentum] },
        { end: totalSteps - 1, lr: [maxLr, last], momentum: [baseMomentum, maxMomentum] },
      ];
  const along = (name: "lr" | "momentum") => (k: number) => {
    if (k > totalSteps) throw new ConfigError(`${where}: step ${k}, wants at most totalSteps ${totalSteps}`);
    let begin = 0;
    for (const [i, phase] of phases.entries()) {
      if (k <= phase.end || i === phases.length - 1) {
        const share = (k - begin) / (phase.end - begin);
        const [from, to] = phase[name] as [number, number];
        // At totalSteps itself the share is above 1: past the end of a line PyTorch's rate may be negative.
        return annealStrategy === "cos" ? halfCosine(to, from, share) : from + (to - from) * Math.min(1, share);
      }
      begin = phase.end;
    }
    return last;
  };
  return { lr: along("lr"), momentum: along("momentum") };
}

/** base times a factor that goes evenly from startFactor to endFactor in totalIters steps. */
export function linearLR(
  options: { readonly startFactor?: number; readonly endFactor?: number; readonly totalIters?: number } = {},
): Schedule {
  const checks = { startFactor: number(1 / 3), endFactor: number(1), totalIters: whole(1, 5) };
  const { startFactor, endFactor, totalIters } = readOptions("linearLR", options, checks);
  return { lr: (k, base) => base * (startFactor + ((endFactor - startFactor) * Math.min(k, totalIters)) / totalIters) };
}

/** base·factor for totalIters steps, then base. */
export function constantLR(options: { readonly factor?: number; readonly totalIters?: number } = {}): Schedule {
  const { factor, totalIters } = readOptions("constantLR", options, { factor: number(1 / 3, 0, 1), totalIters: whole(0, 5) });
  return { lr: (k, base) => (k < totalIters ? base * factor : base) };
}

/** base·(1 - k/totalIters)^power, 0 from there on. */
export function polynomialLR(options: { readonly totalIters?: number; readonly power?: number } = {}): Schedule {
  const { totalIters, power: exponent } = readOptions("polynomialLR", options, { totalIters: whole(1, 5), power: number(1) });
  return { lr: (k, base) => base * power(1 - Math.min(k, totalIters) / totalIters, exponent) };
}

export interface CyclicOptions {
  readonly maxLr: number;
  /** Default 2000. */
  readonly stepSizeUp?: number;
  /** Default stepSizeUp. */
  readonly stepSizeDown?: number;
  /** All peaks alike, each half the one before, or each gamma^k. Default "triangular". */
  readonly mode?: "triangular" | "triangular2" | "exp_range";
  /** Default 1. */
  readonly gamma?: number;
  /** Momentum runs against the rate, between these; without them it is left alone. */
  readonly baseMomentum?: number;
  readonly maxMomentum?: number;
}

/** To and fro between base and maxLr. Smith 2017. */
export function cyclicLR(options: CyclicOptions): Schedule {
  const { maxLr, stepSizeUp, stepSizeDown, mode, gamma, baseMomentum, maxMomentum } = readOptions("cyclicLR", options, {
    maxLr: number(),
    stepSizeUp: whole(1, 2000),
    stepSizeDown: optional(whole(1)),
    mode: word("triangular", ["triangular", "triangular2", "exp_range"]),
    gamma: number(1),
    baseMomentum: optional(number()),
    maxMomentum: optional(number()),
  });
  const total = stepSizeUp + (stepSizeDown ?? stepSizeUp);
  const height = (k: number) => {
    const cycle = Math.floor(k / total);
    const at = k / total - cycle;
    const triangle = at <= stepSizeUp / total ? (at * total) / stepSizeUp : (1 - at) / (1 - stepSizeUp / total);
    return triangle * (mode === "triangular" ? 1 : mode === "triangular2" ? power(0.5, cycle) : power(gamma, k));
  };
  const lr = (k: number, base: number) => base + (maxLr - base) * height(k);
  if (baseMomentum === undefined || maxMomentum === undefined) return { lr };
  return { lr, momentum: (k) => maxMomentum - (maxMomentum - baseMomentum) * height(k) };
}

/** Up evenly for warmupSteps, then evenly down to 0 at totalSteps. */
export function warmupLinear(options: { readonly warmupSteps: number; readonly totalSteps: number }): Schedule {
  const { warmupSteps: warmup, totalSteps } = readOptions("warmupLinear", options, { warmupSteps: whole(0), totalSteps: whole(1) });
  wholeNumber("warmupLinear", "totalSteps", totalSteps, warmup + 1);
  return { lr: (k, base) => base * (k < warmup ? (k + 1) / warmup : Math.max(0, (totalSteps - k) / (totalSteps - warmup))) };
}

/** Up evenly for warmupSteps, then by 1/sqrt. */
export function warmupRsqrt(options: { readonly warmupSteps: number }): Schedule {
  const { warmupSteps } = readOptions("warmupRsqrt", options, { warmupSteps: whole(1) });
  return { lr: (k, base) => base * Math.min((k + 1) / warmupSteps, Math.sqrt(warmupSteps / (k + 1))) };
}

/** base·modelSize^-0.5·min((k+1)^-0.5, (k+1)·warmupSteps^-1.5). Vaswani et al. 2017. */
export function noamLR(options: { readonly modelSize: number; readonly warmupSteps: number }): Schedule {
  const { modelSize, warmupSteps: warmup } = readOptions("noamLR", options, { modelSize: positive(), warmupSteps: whole(1) });
  const scale = 1 / Math.sqrt(modelSize);
  return { lr: (k, base) => base * scale * Math.min(1 / Math.sqrt(k + 1), (k + 1) / (warmup * Math.sqrt(warmup))) };
}

/** One schedule after the other, each starting at its own step 0; schedule i + 1 begins at milestones[i]. */
export function sequentialLR(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (schedules.length === 0 || milestones.length !== schedules.length - 1) {
    throw new ConfigError(
      `sequentialLR: ${schedules.length} schedules with ${milestones.length} milestones, wants one milestone less than schedules`,
    );
  }
  if (milestones.some((milestone, i) => !(Number.isSafeInteger(milestone) && milestone >= (milestones[i - 1] ?? 0)))) {
    throw new ConfigError(`sequentialLR: milestones [${milestones}], wants whole numbers from 0 that do not fall`);
  }
  const at = (k: number) => {
    const index = milestones.filter((milestone) => milestone <= k).length;
    return { schedule: schedules[index]!, own: k - (milestones[index - 1] ?? 0) };
  };
  return {
    lr: (k, base) => at(k).schedule.lr(at(k).own, base),
    momentum: (k) => at(k).schedule.momentum?.(at(k).own),
  };
}

export interface WarmupOptions {
  /** Steps before the schedule's own step 0. */
  readonly steps: number;
  /** Evenly, at one level, or by a constant factor. Default "linear". */
  readonly kind?: "linear" | "constant" | "exponential";
  /** What the schedule's first rate is multiplied by at the start. Default 1/3, as linearLR's. */
  readonly startFactor?: number;
}

/** Any schedule after a warm-up to its first rate: PyTorch's SequentialLR of LinearLR or ConstantLR and the schedule. */
export function withWarmup(schedule: Schedule, options: WarmupOptions): Schedule {
  const { steps, kind, startFactor } = readOptions("withWarmup", options, {
    steps: whole(0),
    kind: word("linear", ["linear", "constant", "exponential"]),
    startFactor: number(1 / 3, options?.kind === "exponential" ? Number.MIN_VALUE : 0, 1),
  });
  const factor = (k: number) =>
    kind === "constant"
      ? startFactor
      : kind === "linear"
        ? startFactor + ((1 - startFactor) * k) / steps
        : power(startFactor, 1 - k / steps);
  const front: Schedule = { lr: (k, base) => schedule.lr(0, base) * factor(k), momentum: () => schedule.momentum?.(0) };
  return sequentialLR([front, schedule], [steps]);
}
