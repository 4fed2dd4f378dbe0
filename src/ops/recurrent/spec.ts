/** What a recurrent network is: kind, sizes and weights, and the checks of a call. */
import { ShapeError } from "../../errors.js";
import { oneOf } from "../../options.js";
import { type Shape, show } from "../../tensor/shape.js";
import { checkDType, type Tensor } from "../../tensor/tensor.js";

export type RecurrentKind = "RNN_TANH" | "RNN_RELU" | "LSTM" | "GRU";

/** @throws ConfigError on a nonlinearity that is neither "tanh" nor "relu" */
export const elmanKind = (where: string, nonlinearity: unknown): RecurrentKind =>
  oneOf(where, "nonlinearity", nonlinearity, ["tanh", "relu"]) === "relu" ? "RNN_RELU" : "RNN_TANH";

export interface RecurrentSpec {
  /** Name in error messages. */
  readonly name: string;
  readonly kind: RecurrentKind;
  /** GRU: the reset gate works after the product with W_hn, or before it. */
  readonly resetAfter: boolean;
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Size of the projected hidden state (LSTM), 0 for none. */
  readonly projSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  /** Probability of dropout on the outputs of all layers but the last, in training steps. */
  readonly dropout: number;
  /** That dropout has one mask a row and feature for all time steps. */
  readonly variational: boolean;
  /** Probability of dropout on the elements of every W_hh in training steps, one mask a call for all time steps. */
  readonly weightDropout: number;
  /** Input and output are [T, B, ...] instead of [B, T, ...]. */
  readonly timeMajor: boolean;
}

/** Weights of one layer and direction, shapes as PyTorch: [G·H, in], [G·H, R], [G·H], [G·H], [P, H]. */
export interface RecurrentWeights {
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  readonly biasIh: Tensor | null;
  readonly biasHh: Tensor | null;
  readonly weightHr: Tensor | null;
}

export const GATES: Readonly<Record<RecurrentKind, number>> = { RNN_TANH: 1, RNN_RELU: 1, LSTM: 4, GRU: 3 };

/** Sizes that everything else follows from. */
export interface Sizes {
  readonly gates: number;
  readonly hidden: number;
  /** Size of the state that recurs: projSize or hiddenSize. */
  readonly recurrent: number;
  readonly directions: number;
  /** Row length of a layer's output: directions·recurrent. */
  readonly width: number;
  /** Leading elements of b_ih and b_hh that enter as one sum: all but n of a GRU whose reset gate multiplies b_hn. */
  readonly jointBias: number;
}

export function sizesOf({ kind, hiddenSize, projSize, bidirectional, resetAfter }: RecurrentSpec): Sizes {
  const gates = GATES[kind];
  const recurrent = projSize > 0 ? projSize : hiddenSize;
  const directions = bidirectional ? 2 : 1;
  const jointBias = (kind === "GRU" && resetAfter ? 2 : gates) * hiddenSize;
  return { gates, hidden: hiddenSize, recurrent, directions, width: directions * recurrent, jointBias };
}

/** Batch and time of the input. @throws ShapeError on a wrong rank or feature count, or no steps */
export function checkInput(spec: Pick<RecurrentSpec, "name" | "inputSize" | "timeMajor">, input: Tensor): { batch: number; time: number } {
  const where = `${spec.name}.forward`;
  checkDType(where, "input", input, "f32");
  const axes = spec.timeMajor ? "[T, B, features]" : "[B, T, features]";
  if (input.rank !== 3) throw new ShapeError(`${where}: input has rank ${input.rank} (shape ${show(input.shape)}), wants rank 3, ${axes}`);
  const [first, second, features] = input.shape as [number, number, number];
  if (features !== spec.inputSize) {
    throw new ShapeError(`${where}: input has ${features} features, wants inputSize ${spec.inputSize} (shape ${show(input.shape)})`);
  }
  const [batch, time] = spec.timeMajor ? [second, first] : [first, second];
  if (time === 0) throw new ShapeError(`${where}: input has 0 time steps, wants at least 1 (shape ${show(input.shape)}, ${axes})`);
  return { batch, time };
}

/** @throws ShapeError unless the initial states are f32 [L·D, B, size], both of an LSTM or none */
export function checkStates(spec: RecurrentSpec, h: Tensor | null, c: Tensor | null, batch: number): void {
  if (spec.kind === "LSTM" && (h === null) !== (c === null)) {
    throw new ShapeError(`${spec.name}.forward: state has no ${h === null ? "h" : "c"}, wants both h and c, or null for zeros`);
  }
  const { directions, recurrent, hidden } = sizesOf(spec);
  const stacked = spec.numLayers * directions;
  if (h !== null) checkState(spec.name, "h", h, [stacked, batch, recurrent]);
  if (c !== null) checkState(spec.name, "c", c, [stacked, batch, hidden]);
}

/** @throws ShapeError unless a state is f32 of the shape [L·D, B, size] wanted */
export function checkState(layer: string, name: string, state: Tensor, wanted: Shape): void {
  const where = `${layer}.forward`;
  checkDType(where, `state ${name}`, state, "f32");
  if (state.rank !== 3 || state.shape.some((extent, i) => extent !== wanted[i])) {
    throw new ShapeError(`${where}: state ${name} has shape ${show(state.shape)}, wants ${show(wanted)} (layers·directions, batch, size)`);
  }
}
