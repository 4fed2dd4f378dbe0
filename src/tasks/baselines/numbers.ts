/** What a model of number sequences has to beat. */
import type { NumberSequence } from "../../text/examples.js";
import { regressionReport } from "../../train/regression-metrics.js";
import { labelMetrics } from "../label-metrics.js";
import { type BaselineMetrics, mostFrequent } from "./classification.js";

type Vector = readonly number[];

/** What is to be predicted, and the values before it. */
interface Case {
  readonly before: Vector;
  readonly wanted: Vector;
}

/** The targets; where a sequence has none, each step after the first. */
const casesOf = (sequences: readonly NumberSequence[]): Case[] =>
  sequences.flatMap(({ values, target }) => {
    const last = values.at(-1) ?? [];
    if (target !== undefined) return [{ before: last, wanted: [target].flat() as number[] }];
    return values.slice(1).map((wanted, t) => ({ before: values[t]!, wanted }));
  });

/** Errors over all numbers of all cases. */
function measure(cases: readonly Case[], predict: (before: Vector) => Vector): BaselineMetrics {
  const truth = cases.flatMap(({ wanted }) => wanted);
  return {
    ...regressionReport(
      truth,
      cases.flatMap(({ before, wanted }) => predict(before).slice(0, wanted.length)),
    ),
  };
}

/** Mean of each component. */
function means(vectors: readonly Vector[]): Vector {
  const size = vectors[0]!.length;
  return Array.from({ length: size }, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length);
}

/** For each component of what is wanted the feature whose last value comes nearest to it in training. */
function nearestFeatures(cases: readonly Case[]): number[] {
  const { before, wanted } = cases[0]!;
  const error = (component: number, feature: number) =>
    cases.reduce((sum, one) => sum + Math.abs(one.before[feature]! - one.wanted[component]!), 0);
  return wanted.map((_, component) => {
    const errors = before.map((_value, feature) => error(component, feature));
    return errors.reduce((best, value, feature) => (value < errors[best]! ? feature : best), 0);
  });
}

/**
 * Baselines of number sequences, with the metrics that they reach on `test`. Classes: `majority`, with accuracy and macro F1. Numbers, or
 * the next values: `lastValue` (of the feature that comes nearest in training, where what is wanted is no next step) and the training
 * data's `mean`, with MAE, RMSE and R². @returns nothing where there is nothing to predict
 */
export function numberBaselines(train: readonly NumberSequence[], test: readonly NumberSequence[]): Record<string, BaselineMetrics> {
  if (train.length === 0 || test.length === 0) return {};
  if (typeof train[0]!.target === "string") {
    const [known, truth] = [train, test].map((sequences) => sequences.map(({ target }) => String(target))) as [string[], string[]];
    const majority = mostFrequent(known)!;
    return {
      majority: labelMetrics(
        known,
        truth,
        truth.map(() => majority),
      ),
    };
  }
  const [known, cases] = [casesOf(train), casesOf(test)];
  if (known.length === 0 || cases.length === 0) return {};
  const isNext = train[0]!.target === undefined;
  const features = isNext ? [] : nearestFeatures(known);
  const mean = means(known.map(({ wanted }) => wanted));
  return {
    lastValue: measure(cases, (before) => (isNext ? before : features.map((feature) => before[feature]!))),
    mean: measure(cases, () => mean),
  };
}
