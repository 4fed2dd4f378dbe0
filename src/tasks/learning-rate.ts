/** A learning rate to begin with, found by trying. */
import type { Engine } from "../engine/engine.js";
import { exp, ln } from "../engine/scalar.js";
import { ConfigError } from "../errors.js";
import type { Module } from "../nn/module.js";
import { number, rate, readOptions, whole, word } from "../options.js";
import { type FitTask, fit } from "../train/fit.js";
import { makeOptimizer, OPTIMIZER_NAMES, type OptimizerName } from "./recipe.js";

export interface LearningRateOptions {
  /** The rates tried go from here to there, each the same factor above the last. Default 1e-6 and 1. */
  readonly minLr?: number;
  readonly maxLr?: number;
  /** Updates. Default 100. */
  readonly steps?: number;
  /** What stays of the smoothed loss at an update. Default 0.9. */
  readonly smoothing?: number;
  /** Stop where the smoothed loss is so many times the least one. Default 4. */
  readonly divergence?: number;
  /** Default "adam". */
  readonly optimizer?: OptimizerName;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Joint norm that gradients are clipped to. Default 1. */
  readonly clip?: number;
  /** Batches joined in one update. Default 1. */
  readonly accumulate?: number;
}

export interface LearningRateSweep {
  /** Where the smoothed loss falls most steeply over the logarithm of the rate; undefined where it never falls. */
  readonly suggestion: number | undefined;
  readonly points: readonly { readonly lr: number; readonly loss: number; readonly smoothed: number }[];
}

/** Points at the start that are no guide, for there the smoothed loss is that of a few batches. */
const SETTLING = 10;

/**
 * Trains with rates that rise from update to update, and puts the parameters back (Smith 2017). The suggestion is the rate at the steepest
 * fall of the loss, which is smoothed as Adam's moments are; the finer the sweep, the surer it is.
 * @throws ConfigError on a bad option or a task without batches
 */
export async function findLearningRate<Batch>(
  engine: Engine,
  network: Module,
  task: FitTask<Batch>,
  options: LearningRateOptions = {},
): Promise<LearningRateSweep> {
  const where = "findLearningRate";
  const checked = readOptions<Required<LearningRateOptions>>(where, options, {
    minLr: number(1e-6, Number.MIN_VALUE, 10),
    maxLr: number(1, Number.MIN_VALUE, 10),
    steps: whole(2, 100),
    smoothing: rate(0.9),
    divergence: number(4, 1, Number.POSITIVE_INFINITY),
    optimizer: word("adam", OPTIMIZER_NAMES),
    weightDecay: number(0),
    clip: number(1, 0, Number.POSITIVE_INFINITY),
    accumulate: whole(1, 1),
  });
  const { minLr, maxLr, steps } = checked;
  if (!(minLr < maxLr)) throw new ConfigError(`${where}: minLr ${minLr} with maxLr ${maxLr}, wants a smaller minLr`);
  if (task.batches(0).length === 0) throw new ConfigError(`${where}: no batches, wants at least 1`);
  const parameters = network.parameters();
  const before = parameters.map((parameter) => parameter.data());
  const optimizer = makeOptimizer(checked.optimizer, [...network.namedParameters()], { lr: maxLr, weightDecay: checked.weightDecay });
  const lrAt = (i: number) => exp(ln(minLr) + ((ln(maxLr) - ln(minLr)) * i) / (steps - 1));
  try {
    const points = await sweep(engine, task, optimizer, checked, lrAt);
    return { suggestion: steepest(points), points };
  } finally {
    optimizer.dispose();
    parameters.forEach((parameter, i) => {
      parameter.clearGrad();
      parameter.assign(before[i]!);
    });
  }
}

async function sweep<Batch>(
  engine: Engine,
  task: FitTask<Batch>,
  optimizer: Parameters<typeof fit>[2],
  { steps, smoothing, divergence, maxLr, clip, accumulate }: Required<LearningRateOptions>,
  lrAt: (i: number) => number,
): Promise<LearningRateSweep["points"]> {
  const points: { lr: number; loss: number; smoothed: number }[] = [];
  const controller = new AbortController();
  let [average, weight, least, sum] = [0, 1, Number.POSITIVE_INFINITY, 0];
  await fit(
    engine,
    {
      batches: (epoch) => task.batches(epoch),
      count: (batch) => task.count(batch),
      weight: (batch) => task.weight?.(batch) ?? task.count(batch),
      loss: (batch, step) => task.loss(batch, step),
    },
    optimizer,
    {
      // An epoch has one update at least.
      epochs: steps,
      clip,
      accumulate,
      schedule: () => lrAt(points.length) / maxLr,
      onNonFinite: "skip",
      signal: controller.signal,
      callbacks: [
        {
          onStep: (_, { lossSum, losses, skipped }) => {
            if (skipped > 0) return controller.abort();
            const loss = losses === 1 ? lossSum : lossSum - sum;
            sum = lossSum;
            average = smoothing * average + (1 - smoothing) * loss;
            weight *= smoothing;
            const smoothed = average / (1 - weight);
            points.push({ lr: lrAt(points.length), loss, smoothed });
            least = Math.min(least, smoothed);
            if (points.length === steps || (least > 0 && smoothed > divergence * least)) controller.abort();
          },
        },
      ],
    },
  );
  return points;
}

/** Rates are evenly spaced in their logarithm, so that differences of neighbours are slopes. */
function steepest(points: LearningRateSweep["points"]): number | undefined {
  const first = points.length > 3 * SETTLING ? SETTLING : 1;
  let [fall, best]: [number, number | undefined] = [0, undefined];
  for (let i = first; i < points.length - 1; i++) {
    const slope = points[i + 1]!.smoothed - points[i - 1]!.smoothed;
    if (slope < fall) [fall, best] = [slope, points[i]!.lr];
  }
  return best;
}
