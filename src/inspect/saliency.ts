/** Which parts of an input a network's answer rests on: attributions by gradients. */
import { ShapeError, StateError } from "../errors.js";
import { sum } from "../ops/reduce.js";
import { checkOptions, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import { type Shape, sameShape, show } from "../tensor/shape.js";
import { gradientsOf, noGrad } from "../tensor/tape.js";
import { checkDType, type Tensor } from "../tensor/tensor.js";
import { gaussLegendre } from "./quadrature.js";

/** From inputs f32 [B, …, E] to one number, or to one a row, [B] or [B, 1], that depends on its own row alone. */
export type Score = (inputs: Tensor) => Tensor;

export interface Attributions {
  /** Of the inputs. */
  readonly shape: Shape;
  /** What each element of the inputs contributes, row-major. */
  readonly elements: Float64Array;
  /** Sums over the last axis, [B, …]: what each token contributes when the inputs are embeddings. */
  readonly tokens: Float64Array;
  /** The score: one number, or one a row. */
  readonly value: Float64Array;
}

export interface GradientAttributions extends Attributions {
  /** d score / d input, of the inputs' shape. */
  readonly gradient: Float64Array;
}

export interface IntegratedOptions {
  /**
   * Where the path starts: a number, or a tensor of the inputs' shape or of its last axes, such as a padding token's vector [E]. Default 0.
   */
  readonly baseline?: number | Tensor;
  /** Points of the path at which the gradient is taken. Default 50. */
  readonly steps?: number;
}

export interface IntegratedAttributions extends Attributions {
  /** The score at the baseline. */
  readonly baselineValue: Float64Array;
  /**
   * Sum of the attributions less the difference of the scores, one number or one a row: 0 but for the error of the sum over the path
   * and of rounding. Where it is not small, more steps help.
   */
  readonly delta: Float64Array;
}

/**
 * Gradient x input: elements x · d score / d x (Shrikumar et al. 2016). The score runs once, in a step of its own without dropout;
 * gradients, random streams and tape stay as they were.
 * @param inputs f32 [B, …, E], such as `embedding.forward(ids)`
 * @throws ShapeError when the score is neither one number nor one a row; StateError inside a training step
 */
export function gradientTimesInput(inputs: Tensor, score: Score): GradientAttributions {
  const where = "gradientTimesInput";
  const data = checkInputs(where, inputs);
  const { value, gradient } = gradientAt(where, inputs, data, score);
  return {
    ...summed(
      inputs.shape,
      gradient.map((d, i) => d * data[i]!),
    ),
    value,
    gradient,
  };
}

/**
 * Integrated gradients: (x - baseline) · the mean of d score / d x on the straight path from the baseline to the inputs, which sum to the
 * difference of the scores at both (Sundararajan et al. 2017). The mean is by Gauss and Legendre's quadrature. The score runs steps + 2
 * times, each in a step of its own without dropout; gradients, random streams and tape stay as they were.
 * @throws as {@link gradientTimesInput}, also when the baseline does not fit; ConfigError on a bad option
 */
export function integratedGradients(inputs: Tensor, score: Score, options: IntegratedOptions = {}): IntegratedAttributions {
  const where = "integratedGradients";
  checkOptions(where, options, ["baseline", "steps"]);
  const steps = wholeNumber(where, "steps", options.steps ?? 50, 1);
  const data = checkInputs(where, inputs);
  const baseline = baselineOf(where, inputs, options.baseline ?? 0);
  const mean = new Float64Array(data.length);
  for (const { at, weight } of gaussLegendre(steps)) {
    const point = data.map((x, i) => baseline[i]! + at * (x - baseline[i]!));
    gradientAt(where, inputs, point, score).gradient.forEach((d, i) => {
      mean[i]! += weight * d;
    });
  }
  const value = valueAt(where, inputs, data, score);
  const baselineValue = valueAt(where, inputs, baseline, score);
  const attributions = summed(
    inputs.shape,
    mean.map((d, i) => d * (data[i]! - baseline[i]!)),
  );
  const totals = totalsOf(attributions.elements, value.length);
  return { ...attributions, value, baselineValue, delta: totals.map((total, row) => total - (value[row]! - baselineValue[row]!)) };
}

function checkInputs(where: string, inputs: Tensor): Float32Array {
  checkDType(where, "inputs", inputs, "f32");
  if (inputs.rank === 0) throw new ShapeError(`${where}: inputs have rank 0, wants at least 1`);
  if (inputs.engine.training) throw new StateError(`${where}: called inside a training step, wants to be called outside one`);
  return inputs.data() as Float32Array;
}

function baselineOf(where: string, { shape, size }: Tensor, baseline: number | Tensor): Float32Array {
  if (typeof baseline === "number") return new Float32Array(size).fill(baseline);
  if (baseline.dtype !== "f32" || !sameShape(baseline.shape, shape.slice(shape.length - baseline.rank))) {
    throw new ShapeError(
      `${where}: baseline has dtype ${baseline.dtype} and shape ${show(baseline.shape)}, wants f32 of ${show(shape)} or its last axes`,
    );
  }
  const values = baseline.data();
  return Float32Array.from({ length: size }, (_, i) => values[i % values.length]!);
}

/** @throws ShapeError unless the score is one number or one a row */
function checkScore(where: string, score: Tensor, [rows]: Shape): Float64Array {
  const perRow = score.shape[0] === rows && score.size === rows;
  if (score.size !== 1 && !perRow) {
    throw new ShapeError(`${where}: the score has shape ${show(score.shape)}, wants one number, or one for each of the ${rows} rows`);
  }
  return Float64Array.from(score.data());
}

const valueAt = (where: string, { engine, shape }: Tensor, data: Float32Array, score: Score): Float64Array =>
  engine.step(() => noGrad(engine, () => checkScore(where, score(tensor(engine, data, shape)), shape)));

function gradientAt(
  where: string,
  { engine, shape }: Tensor,
  data: Float32Array,
  score: Score,
): { value: Float64Array; gradient: Float64Array } {
  return engine.step(() => {
    const inputs = tensor(engine, data, shape);
    inputs.requiresGrad = true;
    const result = score(inputs);
    const value = checkScore(where, result, shape);
    const [gradient] = gradientsOf(where, result.size === 1 ? result : sum(result), [inputs]) as [Tensor | null];
    return { value, gradient: Float64Array.from(gradient?.data() ?? new Float32Array(data.length)) };
  });
}

function summed(shape: Shape, elements: Float64Array): Omit<Attributions, "value"> {
  const last = shape[shape.length - 1]!;
  return { shape, elements, tokens: totalsOf(elements, last === 0 ? 0 : elements.length / last) };
}

/** Sums of `count` parts of equal length. */
function totalsOf(elements: Float64Array, count: number): Float64Array {
  const size = elements.length / count;
  return Float64Array.from({ length: count }, (_, i) => elements.subarray(i * size, (i + 1) * size).reduce((total, x) => total + x, 0));
}
