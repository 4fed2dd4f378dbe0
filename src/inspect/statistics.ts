/** Weights and gradients of a model in numbers: what to look at when training goes wrong. */
import { ShapeError } from "../errors.js";
import type { Module } from "../nn/module.js";
import type { Parameter } from "../ops/init.js";
import { checkOptions } from "../options.js";
import type { Shape } from "../tensor/shape.js";
import { textTable } from "./table.js";

/** Of finite elements, but for the counts. Every figure is computed in float64; those of no elements are NaN. */
export interface Statistics {
  readonly count: number;
  /** Euclidean norm. */
  readonly norm: number;
  readonly mean: number;
  /** Standard deviation about the mean, divided by the count. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Share of elements that are exactly zero. */
  readonly zeros: number;
  readonly nans: number;
  readonly infinities: number;
}

export interface ParameterStatistics {
  readonly name: string;
  readonly shape: Shape;
  readonly trainable: boolean;
  readonly weight: Statistics;
  /** Of `grad`; null where there is none. */
  readonly gradient: Statistics | null;
  /** Norm of the change since `before` over the norm of the weights then; null without `before`. About 1e-3 is usual. */
  readonly updateRatio: number | null;
}

export interface ModelStatistics {
  readonly parameters: readonly ParameterStatistics[];
  /** A table, one row a parameter. */
  toString(): string;
}

export function statisticsOf(values: ArrayLike<number>): Statistics {
  let [count, sum, squares, zeros, nans, infinities] = [0, 0, 0, 0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) nans++;
    else if (!Number.isFinite(value)) infinities++;
    else {
      count++;
      sum += value;
      squares += value * value;
      min = Math.min(min, value);
      max = Math.max(max, value);
      if (value === 0) zeros++;
    }
  }
  const mean = sum / count;
  let deviations = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]!)) deviations += (values[i]! - mean) ** 2;
  const none = count === 0;
  return {
    count: values.length,
    norm: none ? Number.NaN : Math.sqrt(squares),
    mean,
    std: Math.sqrt(deviations / count),
    min: none ? Number.NaN : min,
    max: none ? Number.NaN : max,
    zeros: zeros / values.length,
    nans,
    infinities,
  };
}

/** Copies of a model's weights by name, for the update ratio of {@link statistics}. */
export const snapshot = (model: Module): ReadonlyMap<string, Float32Array> =>
  new Map(Array.from(model.namedParameters(), ([name, parameter]) => [name, parameter.data() as Float32Array]));

/**
 * Statistics of every parameter and its gradient, each parameter once under its first name.
 * @param options.before weights of an earlier {@link snapshot}: how far the updates since then have moved them
 * @throws ShapeError when `before` is not of this model
 */
export function statistics(model: Module, options: { readonly before?: ReadonlyMap<string, ArrayLike<number>> } = {}): ModelStatistics {
  checkOptions("statistics", options, ["before"]);
  const seen = new Set<Parameter>();
  const parameters: ParameterStatistics[] = [];
  for (const [name, parameter] of model.namedParameters()) {
    if (seen.has(parameter)) continue;
    seen.add(parameter);
    const weights = parameter.data();
    parameters.push({
      name,
      shape: parameter.shape,
      trainable: parameter.requiresGrad,
      weight: statisticsOf(weights),
      gradient: parameter.grad === null ? null : statisticsOf(parameter.grad.data()),
      updateRatio: options.before === undefined ? null : updateRatio(name, weights, options.before.get(name)),
    });
  }
  return { parameters, toString: () => print(parameters) };
}

function updateRatio(name: string, now: ArrayLike<number>, before: ArrayLike<number> | undefined): number {
  if (before?.length !== now.length) {
    const found = before === undefined ? "is missing" : `has ${before.length} elements`;
    throw new ShapeError(`statistics: ${name} ${found} in before, wants ${now.length} elements`);
  }
  let [moved, squares] = [0, 0];
  for (let i = 0; i < now.length; i++) {
    moved += (now[i]! - before[i]!) ** 2;
    squares += before[i]! ** 2;
  }
  return moved === 0 ? 0 : Math.sqrt(moved / squares);
}

const short = (value: number | null): string => (value === null ? "-" : value === 0 ? "0" : value.toPrecision(3));

function print(parameters: readonly ParameterStatistics[]): string {
  const bad = (own: Statistics | null) => (own?.nans ?? 0) + (own?.infinities ?? 0);
  const rows = parameters.map(({ name, shape, weight, gradient, updateRatio: ratio }) => [
    name,
    `[${shape.join(", ")}]`,
    ...[weight.norm, weight.mean, weight.std, weight.min, weight.max].map(short),
    `${(100 * weight.zeros).toFixed(1)} %`,
    short(gradient?.norm ?? null),
    short(gradient?.std ?? null),
    gradient === null ? "-" : `${(100 * gradient.zeros).toFixed(1)} %`,
    short(ratio),
    String(bad(weight) + bad(gradient)),
  ]);
  const heading = ["parameter", "shape", "norm", "mean", "std", "min", "max", "zeros"];
  return textTable([...heading, "grad norm", "grad std", "grad zeros", "update", "NaN, Inf"], rows, 2);
}
