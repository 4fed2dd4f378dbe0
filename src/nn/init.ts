/**
 * Initialisers in place, PyTorch's torch.nn.init. Random ones draw from the engine's seed, one stream a call, in the order of the calls.
 * Each returns the tensor it filled.
 */
import { ConfigError, ShapeError } from "../errors.js";
import { initialise } from "../ops/initialise.js";
import { checkOptions, inRange, oneOf } from "../options.js";
import { show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { LSTM } from "./recurrent.js";

const finite = (where: string, name: string, value: number) => inRange(where, name, value, -Number.MAX_VALUE, Number.MAX_VALUE);

export const constant = (tensor: Tensor, value: number): Tensor =>
  tensor.assign(new Float32Array(tensor.size).fill(finite("init.constant", "value", value)));
export const zeros = (tensor: Tensor): Tensor => constant(tensor, 0);
export const ones = (tensor: Tensor): Tensor => constant(tensor, 1);

/** U(low, high). */
export function uniform(tensor: Tensor, low = 0, high = 1): Tensor {
  finite("init.uniform", "low", low);
  inRange("init.uniform", "high", high, low, Number.MAX_VALUE);
  initialise(tensor, { kind: "uniform", low, high });
  tensor.storage.version++;
  return tensor;
}

/** N(mean, std²). */
export function normal(tensor: Tensor, mean = 0, std = 1): Tensor {
  finite("init.normal", "mean", mean);
  inRange("init.normal", "std", std, 0, Number.MAX_VALUE);
  initialise(tensor, { kind: "normal", mean, std });
  tensor.storage.version++;
  return tensor;
}

/** Inputs and outputs of a weight [out, in, ...]. @throws ShapeError below rank 2 */
function fans(where: string, { shape, rank }: Tensor): { fanIn: number; fanOut: number } {
  if (rank < 2) throw new ShapeError(`${where}: tensor has shape ${show(shape)}, wants rank 2 at least`);
  const rest = shape.slice(2).reduce((a, b) => a * b, 1);
  return { fanIn: shape[1]! * rest, fanOut: shape[0]! * rest };
}

/** U(-b, b), b = gain·sqrt(6/(in + out)). Glorot and Bengio 2010. */
export function xavierUniform(tensor: Tensor, gain = 1): Tensor {
  const { fanIn, fanOut } = fans("init.xavierUniform", tensor);
  const bound = finite("init.xavierUniform", "gain", gain) * Math.sqrt(6 / (fanIn + fanOut));
  return uniform(tensor, -bound, bound);
}

/** N(0, gain²·2/(in + out)). Glorot and Bengio 2010. */
export function xavierNormal(tensor: Tensor, gain = 1): Tensor {
  const { fanIn, fanOut } = fans("init.xavierNormal", tensor);
  return normal(tensor, 0, finite("init.xavierNormal", "gain", gain) * Math.sqrt(2 / (fanIn + fanOut)));
}

export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu";

/** What keeps the variance through an activation. @param slope of leakyRelu below 0 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  const gains = { linear: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, leakyRelu: Math.sqrt(2 / (1 + slope * slope)) };
  return gains[oneOf("init.calculateGain", "nonlinearity", nonlinearity, Object.keys(gains) as Nonlinearity[])];
}

export interface KaimingOptions {
  /** Slope below 0 of leakyRelu. Default 0. */
  readonly a?: number;
  /** Keep the variance forward (default) or backward. */
  readonly mode?: "fanIn" | "fanOut";
  /** Default "leakyRelu". */
  readonly nonlinearity?: Nonlinearity;
}

function kaimingStd(where: string, tensor: Tensor, options: KaimingOptions): number {
  checkOptions(where, options, ["a", "mode", "nonlinearity"]);
  const { a = 0, nonlinearity = "leakyRelu" } = options;
  const mode = oneOf(where, "mode", options.mode ?? "fanIn", ["fanIn", "fanOut"]);
  return calculateGain(nonlinearity, a) / Math.sqrt(fans(where, tensor)[mode]);
}

/** U(-b, b), b = sqrt(3)·gain/sqrt(fan). He et al. 2015. */
export function kaimingUniform(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd("init.kaimingUniform", tensor, options);
  return uniform(tensor, -bound, bound);
}

/** N(0, gain²/fan). He et al. 2015. */
export const kaimingNormal = (tensor: Tensor, options: KaimingOptions = {}): Tensor =>
  normal(tensor, 0, kaimingStd("init.kaimingNormal", tensor, options));

/** gain on the diagonal, 0 elsewhere; of a stack of square blocks [G·H, H] every block (the start of a ReLU RNN, Le et al. 2015). */
export function identity(tensor: Tensor, gain = 1): Tensor {
  const [rows, columns] = matrix("init.identity", tensor);
  finite("init.identity", "gain", gain);
  return tensor.assign(
    Float32Array.from({ length: tensor.size }, (_, i) => (Math.floor(i / columns) % columns === i % columns && rows > 0 ? gain : 0)),
  );
}

function matrix(where: string, { shape, rank }: Tensor): [rows: number, columns: number] {
  if (rank !== 2) throw new ShapeError(`${where}: tensor has shape ${show(shape)}, wants a matrix`);
  return shape as unknown as [number, number];
}

/** A matrix with orthonormal rows or columns (the fewer) times gain, uniform over those. Saxe et al. 2014. */
export function orthogonal(tensor: Tensor, gain = 1): Tensor {
  const [rows, columns] = matrix("init.orthogonal", tensor);
  finite("init.orthogonal", "gain", gain);
  normal(tensor);
  const values = Float64Array.from(tensor.data());
  const wide = rows < columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const at = (vector: number, i: number) => (wide ? vector * columns + i : i * columns + vector);
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += values[at(a, i)]! * values[at(b, i)]!;
    return sum;
  };
  for (let v = 0; v < count; v++) {
    // Gram and Schmidt, twice, so that rounding leaves nothing.
    for (let u = 0; u < 2 * v; u++) {
      const other = u % v;
      const share = dot(v, other);
      for (let i = 0; i < length; i++) values[at(v, i)]! -= share * values[at(other, i)]!;
    }
    const norm = Math.sqrt(dot(v, v));
    for (let i = 0; i < length; i++) values[at(v, i)]! /= norm;
  }
  return tensor.assign(values.map((value) => gain * value));
}

/** Sets the forget gates' bias of an LSTM: `value` in b_ih, 0 in b_hh. Jozefowicz et al. 2015 take 1. @throws ConfigError without biases */
export function forgetBias(layer: LSTM, value = 1): void {
  if (!(layer instanceof LSTM)) throw new ConfigError("init.forgetBias: no LSTM, wants one");
  finite("init.forgetBias", "value", value);
  const { hiddenSize } = layer.spec;
  for (const { biasIh, biasHh } of layer.weights) {
    if (biasIh === null || biasHh === null) throw new ConfigError("init.forgetBias: the LSTM has no biases, wants bias: true");
    for (const [bias, wanted] of [
      [biasIh, value],
      [biasHh, 0],
    ] as const) {
      bias.assign(Float32Array.from(bias.data(), (old, i) => (i >= hiddenSize && i < 2 * hiddenSize ? wanted : old)));
    }
  }
}
