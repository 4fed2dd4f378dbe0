/**
 * Learning rates over the steps, PyTorch's schedulers in closed form: the rate at step k (from 0) follows from k and the group's base
 * rate alone, so that a run resumed at step k goes on as it would have.
 */
import { cosPi, pow } from "../engine/scalar.js";
import { ConfigError } from "../errors.js";
import { checkOptions, inRange, oneOf, wholeNumber } from "../options.js";

export interface Schedule {
  /** Learning rate at step k of a group whose own rate is `base`. */
  lr(k: number, base: number): number;
  /** Momentum (or beta1) at step k, where the schedule sets it too; undefined leaves it. */
  momentum?(k: number): number | undefined;
}

const positive = (where: string, name: string, value: number) => inRange(where, name, value, Number.MIN_VALUE, Number.MAX_VALUE);
const rate = (where: string, name: string, value: number) => inRange(where, name, value, 0, Number.MAX_VALUE);

/** x^n for whole n from 0, by repeated squaring; pow for others. */
function power(x: number, n: number): number {
  if (!Number.isInteger(n)) return x === 0 ? 0 : pow(x, n);
  let result = 1;
  for (let [square, left] = [x, n]; left > 0; left = Math.floor(left / 2), square *= square) if (left % 2 === 1) result *= square;
  return result;
}

/** base·gamma^floor(k / stepSize). */
export function stepLR(options: { readonly stepSize: number; readonly gamma?: number }): Schedule {
  checkOptions("stepLR", options, ["stepSize", "gamma"]);
  const stepSize = wholeNumber("stepLR", "stepSize", options.stepSize, 1);
  const gamma = rate("stepLR", "gamma", options.gamma ?? 0.1);
  return { lr: (k, base) => base * power(gamma, Math.floor(k / stepSize)) };
}

/** base·gamma^(milestones passed). */
export function multiStepLR(options: { readonly milestones: readonly number[]; readonly gamma?: number }): Schedule {
  checkOptions("multiStepLR", options, ["milestones", "gamma"]);
  const milestones = options.milestones.map((milestone) => wholeNumber("multiStepLR", "milestones", milestone, 0));
  const gamma = rate("multiStepLR", "gamma", options.gamma ?? 0.1);
  return { lr: (k, base) => base * power(gamma, milestones.filter((milestone) => milestone <= k).length) };
}

/** base·gamma^k. */
export function exponentialLR(options: { readonly gamma: number }): Schedule {
  checkOptions("exponentialLR", options, ["gamma"]);
  const gamma = rate("exponentialLR", "gamma", options.gamma);
  return { lr: (k, base) => base * power(gamma, k) };
}

const halfCosine = (low: number, high: number, share: number) => low + ((high - low) * (1 + cosPi(share))) / 2;

/** From base down to etaMin in tMax steps along half a cosine, and up again. */
export function cosineAnnealingLR(options: { readonly tMax: number; readonly etaMin?: number }): Schedule {
  checkOptions("cosineAnnealingLR", options, ["tMax", "etaMin"]);
  const tMax = positive("cosineAnnealingLR", "tMax", options.tMax);
  const etaMin = rate("cosineAnnealingLR", "etaMin", options.etaMin ?? 0);
  return { lr: (k, base) => halfCosine(etaMin, base, k / tMax) };
}

/** Half cosines from base to etaMin over t0, t0·tMult, t0·tMult², … steps. Loshchilov and Hutter 2017. */
export function cosineAnnealingWarmRestarts(options: { readonly t0: number; readonly tMult?: number; readonly etaMin?: number }): Schedule {
  const where = "cosineAnnealingWarmRestarts";
  checkOptions(where, options, ["t0", "tMult", "etaMin"]);
  const t0 = wholeNumber(where, "t0", options.t0, 1);
  const tMult = wholeNumber(where, "tMult", options.tMult ?? 1, 1);
  const etaMin = rate(where, "etaMin", options.etaMin ?? 0);
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
  const keys = [
    "maxLr",
    "totalSteps",
    "pctStart",
    "annealStrategy",
    "threePhase",
    "baseMomentum",
    "maxMomentum",
    "divFactor",
    "finalDivFactor",
  ];
  checkOptions(where, options, keys);
  const { threePhase = false } = options;
  const annealStrategy = oneOf(where, "annealStrategy", options.annealStrategy ?? "cos", ["cos", "linear"]);
  const total = wholeNumber(where, "totalSteps", options.totalSteps, 1);
  const start = inRange(where, "pctStart", options.pctStart ?? 0.3, 0, 1) * total - 1;
  const top = rate(where, "maxLr", options.maxLr);
  const first = top / positive(where, "divFactor", options.divFactor ?? 25);
  const last = first / positive(where, "finalDivFactor", options.finalDivFactor ?? 10000);
  const [low, high] = [rate(where, "baseMomentum", options.baseMomentum ?? 0.85), rate(where, "maxMomentum", options.maxMomentum ?? 0.95)];
  const phases = threePhase
    ? [
        { end: start, lr: [first, top], momentum: [high, low] },
        { end: 2 * start, lr: [top, first], momentum: [low, high] },
        { end: total - 1, lr: [first, last], momentum: [high, high] },
      ]
    : [
        { end: start, lr: [first, top], momentum: [high, low] },
        { end: total - 1, lr: [top, last], momentum: [low, high] },
      ];
  const along = (name: "lr" | "momentum") => (k: number) => {
    if (k > total) throw new ConfigError(`${where}: step ${k}, wants at most totalSteps ${total}`);
    let begin = 0;
    for (const [i, phase] of phases.entries()) {
      if (k <= phase.end || i === phases.length - 1) {
        const share = (k - begin) / (phase.end - begin);
        const [from, to] = phase[name] as [number, number];
        return annealStrategy === "cos" ? halfCosine(to, from, share) : from + (to - from) * share;
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
  checkOptions("linearLR", options, ["startFactor", "endFactor", "totalIters"]);
  const [start, end] = [
    rate("linearLR", "startFactor", options.startFactor ?? 1 / 3),
    rate("linearLR", "endFactor", options.endFactor ?? 1),
  ];
  const total = wholeNumber("linearLR", "totalIters", options.totalIters ?? 5, 1);
  return { lr: (k, base) => base * (start + ((end - start) * Math.min(k, total)) / total) };
}

/** base·factor for totalIters steps, then base. */
export function constantLR(options: { readonly factor?: number; readonly totalIters?: number } = {}): Schedule {
  checkOptions("constantLR", options, ["factor", "totalIters"]);
  const factor = inRange("constantLR", "factor", options.factor ?? 1 / 3, 0, 1);
  const total = wholeNumber("constantLR", "totalIters", options.totalIters ?? 5, 0);
  return { lr: (k, base) => (k < total ? base * factor : base) };
}

/** base·(1 - k/totalIters)^power, 0 from there on. */
export function polynomialLR(options: { readonly totalIters?: number; readonly power?: number } = {}): Schedule {
  checkOptions("polynomialLR", options, ["totalIters", "power"]);
  const total = wholeNumber("polynomialLR", "totalIters", options.totalIters ?? 5, 1);
  const exponent = rate("polynomialLR", "power", options.power ?? 1);
  return { lr: (k, base) => base * power(1 - Math.min(k, total) / total, exponent) };
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
  const where = "cyclicLR";
  checkOptions(where, options, ["maxLr", "stepSizeUp", "stepSizeDown", "mode", "gamma", "baseMomentum", "maxMomentum"]);
  const { baseMomentum, maxMomentum } = options;
  const mode = oneOf(where, "mode", options.mode ?? "triangular", ["triangular", "triangular2", "exp_range"]);
  const top = rate(where, "maxLr", options.maxLr);
  const up = wholeNumber(where, "stepSizeUp", options.stepSizeUp ?? 2000, 1);
  const total = up + wholeNumber(where, "stepSizeDown", options.stepSizeDown ?? up, 1);
  const gamma = rate(where, "gamma", options.gamma ?? 1);
  const height = (k: number) => {
    const cycle = Math.floor(k / total);
    const at = k / total - cycle;
    const triangle = at <= up / total ? (at * total) / up : (1 - at) / (1 - up / total);
    return triangle * (mode === "triangular" ? 1 : mode === "triangular2" ? power(0.5, cycle) : power(gamma, k));
  };
  const lr = (k: number, base: number) => base + (top - base) * height(k);
  if (baseMomentum === undefined || maxMomentum === undefined) return { lr };
  return { lr, momentum: (k) => maxMomentum - (maxMomentum - baseMomentum) * height(k) };
}

/** Up evenly for warmupSteps, then evenly down to 0 at totalSteps. */
export function warmupLinear(options: { readonly warmupSteps: number; readonly totalSteps: number }): Schedule {
  checkOptions("warmupLinear", options, ["warmupSteps", "totalSteps"]);
  const warmup = wholeNumber("warmupLinear", "warmupSteps", options.warmupSteps, 0);
  const total = wholeNumber("warmupLinear", "totalSteps", options.totalSteps, warmup + 1);
  return { lr: (k, base) => base * (k < warmup ? (k + 1) / warmup : Math.max(0, (total - k) / (total - warmup))) };
}

/** Up evenly for warmupSteps, then by 1/sqrt. */
export function warmupRsqrt(options: { readonly warmupSteps: number }): Schedule {
  checkOptions("warmupRsqrt", options, ["warmupSteps"]);
  const warmup = wholeNumber("warmupRsqrt", "warmupSteps", options.warmupSteps, 1);
  return { lr: (k, base) => base * Math.min((k + 1) / warmup, Math.sqrt(warmup / (k + 1))) };
}

/** base·modelSize^-0.5·min((k+1)^-0.5, (k+1)·warmupSteps^-1.5). Vaswani et al. 2017. */
export function noamLR(options: { readonly modelSize: number; readonly warmupSteps: number }): Schedule {
  checkOptions("noamLR", options, ["modelSize", "warmupSteps"]);
  const scale = 1 / Math.sqrt(positive("noamLR", "modelSize", options.modelSize));
  const warmup = wholeNumber("noamLR", "warmupSteps", options.warmupSteps, 1);
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
  const where = "withWarmup";
  checkOptions(where, options, ["steps", "kind", "startFactor"]);
  const kind = oneOf(where, "kind", options.kind ?? "linear", ["linear", "constant", "exponential"]);
  const steps = wholeNumber(where, "steps", options.steps, 0);
  const start = inRange(where, "startFactor", options.startFactor ?? 1 / 3, kind === "exponential" ? Number.MIN_VALUE : 0, 1);
  const factor = (k: number) =>
    kind === "constant" ? start : kind === "linear" ? start + ((1 - start) * k) / steps : power(start, 1 - k / steps);
  const front: Schedule = { lr: (k, base) => schedule.lr(0, base) * factor(k), momentum: () => schedule.momentum?.(0) };
  return sequentialLR([front, schedule], [steps]);
}
