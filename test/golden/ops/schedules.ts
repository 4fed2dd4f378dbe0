/** Golden runner of learning-rate schedules: the sequence of a scheduler, step by step, within relative 1e-9. */
import {
  constantLR,
  cosineAnnealingLR,
  cosineAnnealingWarmRestarts,
  cyclicLR,
  type Engine,
  exponentialLR,
  isRecurraError,
  linearLR,
  multiStepLR,
  oneCycleLR,
  Parameter,
  polynomialLR,
  ReduceLROnPlateau,
  type Schedule,
  Scheduler,
  SGD,
  sequentialLR,
  stepLR,
  warmupLinear,
  warmupRsqrt,
} from "../../../src/index.js";
import type { Outcome } from "../compare.js";
import { type Config, camelOptions, Unknown } from "../context.js";
import type { GoldenCase } from "../load.js";

const TOLERANCE = 1e-9;

/** PyTorch's T_max, T_0, T_mult in TypeScript's case; what belongs to the optimizer, or is off, left out. */
function optionsOf(config: Config): Record<string, unknown> {
  const { T_max, T_0, T_mult, base_lr: _, cycle_momentum, ...rest } = config;
  const named = {
    ...(T_max === undefined ? {} : { tMax: T_max }),
    ...(T_0 === undefined ? {} : { t0: T_0 }),
    ...(T_mult === undefined ? {} : { tMult: T_mult }),
  };
  if (cycle_momentum === true) throw new Unknown("option cycle_momentum is not known to this runner");
  return { ...named, ...camelOptions(rest, ["formula", "name"]) };
}

type Maker = (options: never) => Schedule;
const MAKERS: Readonly<Record<string, Maker>> = {
  StepLR: stepLR,
  MultiStepLR: multiStepLR,
  ExponentialLR: exponentialLR,
  CosineAnnealingLR: cosineAnnealingLR,
  CosineAnnealingWarmRestarts: cosineAnnealingWarmRestarts,
  OneCycleLR: oneCycleLR,
  LinearLR: linearLR,
  ConstantLR: constantLR,
  PolynomialLR: polynomialLR,
  CyclicLR: cyclicLR,
  warmup_linear: warmupLinear,
  warmup_rsqrt: ({ warmupSteps }: { warmupSteps: number }) => warmupRsqrt({ warmupSteps }),
};

/** The schedule of a PyTorch scheduler's name and options. */
export function makeSchedule(name: string, config: Config): Schedule {
  if (name === "SequentialLR") {
    const { parts, milestones } = config as { parts: [string, Config][]; milestones: number[] };
    return sequentialLR(
      parts.map(([part, own]) => makeSchedule(part, own)),
      milestones,
    );
  }
  const make = MAKERS[name];
  if (make === undefined) throw new Unknown(`operation ${name} is not known`);
  return make(optionsOf(config) as never);
}

/** An optimizer to be scheduled, with a momentum that may be set. */
const optimizerFor = (engine: Engine, lr: number) => new SGD([new Parameter(engine, [1], { kind: "zeros" })], { lr, momentum: 0.5 });

/** Makes what a wrong call asks for. */
export function makeScheduler(engine: Engine, name: string, config: Config): unknown {
  const optimizer = optimizerFor(engine, (config.base_lr as number | undefined) ?? 0.1);
  if (name === "ReduceLROnPlateau") return new ReduceLROnPlateau(optimizer, optionsOf(config));
  return new Scheduler(optimizer, makeSchedule(name, config));
}

function sequence(engine: Engine, item: GoldenCase): { lr: number[]; momentum: number[] } {
  const { scheduler: name = "", lr: wanted = [], metrics } = item.manifest as GoldenCase["manifest"] & { metrics?: number[] };
  const optimizer = optimizerFor(engine, item.config.base_lr as number);
  const lr: number[] = [];
  const momentum: number[] = [];
  const plateau = name === "ReduceLROnPlateau" ? new ReduceLROnPlateau(optimizer, optionsOf(item.config)) : null;
  const scheduler = plateau === null ? new Scheduler(optimizer, makeSchedule(name, item.config)) : null;
  for (let k = 0; k < wanted.length; k++) {
    if (scheduler !== null && k > 0) scheduler.step();
    lr.push(optimizer.lr);
    momentum.push(optimizer.groups[0]!.options.momentum);
    plateau?.step(metrics![k]!);
  }
  return { lr, momentum };
}

export function runScheduleCase(engine: Engine, item: GoldenCase): Outcome {
  const { id } = item.manifest;
  try {
    const got = sequence(engine, item);
    for (const name of ["lr", "momentum"] as const) {
      const wanted = (item.manifest as unknown as Record<string, number[] | undefined>)[name];
      const at = wanted?.findIndex((value, k) => !(Math.abs(got[name][k]! - value) <= TOLERANCE * Math.abs(value))) ?? -1;
      if (at >= 0)
        return { failure: { case: id, tensor: `${name}[${at}]`, error: `${got[name][at]}, wanted ${wanted![at]}`, tol: TOLERANCE } };
    }
    return {};
  } catch (error) {
    if (!(error instanceof Unknown) && !isRecurraError(error)) throw error;
    return { failure: { case: id, tensor: "sequence", error: (error as Error).message, tol: TOLERANCE } };
  }
}
