/** The shapes of the benchmark: real layers at real sizes, the same for every system. A row is plain data: it travels as JSON. */
import type { ArraySpec } from "./data.js";

export type CellKind = "LSTM" | "GRU" | "RNN";

interface Common {
  readonly id: string;
  readonly unit: "GFLOP/s" | "ms";
  /** Floating-point operations of one run, where they are counted. */
  readonly flops?: number;
  /** Inputs and weights, by name. */
  readonly arrays: readonly ArraySpec[];
}

/** C [m, n] = A [m, k]·B [k, n]. */
export interface ProductRow extends Common {
  readonly kind: "product";
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

interface Layer {
  readonly cell: CellKind;
  readonly inputSize: number;
  readonly hiddenSize: number;
}

/** A layer over a sequence, no gradient: output [batch, time, hiddenSize]. */
export interface ForwardRow extends Common, Layer {
  readonly kind: "forward";
  readonly batch: number;
  readonly time: number;
}

/** One LSTM step of batch 1: x copied in, h copied out, the state carried on. */
export interface StepRow extends Common, Layer {
  readonly kind: "step";
}

/** Embedding, recurrent layer, Linear on the last state or on every step; cross-entropy, backward, Adam (lr 1e-3) on everything. */
export interface TrainRow extends Common, Layer {
  readonly kind: "train";
  readonly vocabulary: number;
  readonly bidirectional: boolean;
  readonly classes: number;
  readonly everyStep: boolean;
  readonly batch: number;
  readonly time: number;
  /** Updates touch only the embedding's rows that the batch has. */
  readonly lazy: boolean;
}

/** Linear, ReLU, Linear; cross-entropy, backward, Adam (lr 1e-3). */
export interface DenseRow extends Common {
  readonly kind: "dense";
  readonly batch: number;
  readonly sizes: readonly [number, number, number];
}

export type Row = ProductRow | ForwardRow | StepRow | TrainRow | DenseRow;

export const GATES: Readonly<Record<CellKind, number>> = { LSTM: 4, GRU: 3, RNN: 1 };
export const LEARNING_RATE = 1e-3;

/** PyTorch's names, shapes, gate orders and range U(-1/sqrt(H), 1/sqrt(H)) of a recurrent layer's weights. */
function recurrentWeights({ cell, inputSize, hiddenSize }: Layer, bidirectional: boolean, prefix = ""): ArraySpec[] {
  const rows = GATES[cell] * hiddenSize;
  const scale = 1 / Math.sqrt(hiddenSize);
  return ["", ...(bidirectional ? ["_reverse"] : [])].flatMap((direction, d) =>
    [
      { name: "weight_ih", shape: [rows, inputSize] },
      { name: "weight_hh", shape: [rows, hiddenSize] },
      { name: "bias_ih", shape: [rows] },
      { name: "bias_hh", shape: [rows] },
    ].map(({ name, shape }, i) => ({ name: `${prefix}${name}_l0${direction}`, shape, scale, seed: 20 + 4 * d + i })),
  );
}

function linearWeights(prefix: string, inFeatures: number, outFeatures: number, seed: number): ArraySpec[] {
  const scale = 1 / Math.sqrt(inFeatures);
  return [
    { name: `${prefix}.weight`, shape: [outFeatures, inFeatures], scale, seed },
    { name: `${prefix}.bias`, shape: [outFeatures], scale, seed: seed + 1 },
  ];
}

export function product(id: string, m: number, k: number, n: number): ProductRow {
  const arrays = [
    { name: "a", shape: [m, k], seed: 1 },
    { name: "b", shape: [k, n], seed: 2 },
  ];
  return { kind: "product", id, unit: "GFLOP/s", flops: 2 * m * n * k, arrays, m, k, n };
}

/** Products only: a cell's own arithmetic is a hundredth of them. */
const recurrentFlops = ({ cell, inputSize, hiddenSize }: Layer, steps: number): number =>
  2 * GATES[cell] * hiddenSize * (inputSize + hiddenSize) * steps;

export function forward(id: string, cell: CellKind, batch: number, time: number, inputSize: number, hiddenSize: number): ForwardRow {
  const layer = { cell, inputSize, hiddenSize };
  const arrays = [{ name: "x", shape: [batch, time, inputSize], seed: 3 }, ...recurrentWeights(layer, false)];
  return { kind: "forward", id, unit: "ms", flops: recurrentFlops(layer, batch * time), arrays, ...layer, batch, time };
}

export function step(id: string, inputSize: number, hiddenSize: number): StepRow {
  const layer = { cell: "LSTM", inputSize, hiddenSize } as const;
  const arrays = [{ name: "x", shape: [inputSize], seed: 4 }, ...recurrentWeights(layer, false)];
  return { kind: "step", id, unit: "ms", flops: recurrentFlops(layer, 1), arrays, ...layer };
}

type TrainSizes = Omit<TrainRow, keyof Common | "kind">;

export function training(id: string, sizes: TrainSizes): TrainRow {
  const { vocabulary, inputSize, hiddenSize, bidirectional, classes, everyStep, batch, time } = sizes;
  const width = bidirectional ? 2 * hiddenSize : hiddenSize;
  const arrays = [
    { name: "x", shape: [batch, time], seed: 5, below: vocabulary },
    { name: "y", shape: everyStep ? [batch * time] : [batch], seed: 6, below: classes },
    { name: "embed.weight", shape: [vocabulary, inputSize], seed: 10 },
    ...recurrentWeights(sizes, bidirectional, "rnn."),
    ...linearWeights("out", width, classes, 12),
  ];
  // The two products of the backward pass are as long as the forward one.
  const flops = 3 * (bidirectional ? 2 : 1) * recurrentFlops(sizes, batch * time);
  return { kind: "train", id, unit: "ms", flops, arrays, ...sizes };
}

export function dense(id: string, batch: number, sizes: readonly [number, number, number]): DenseRow {
  const [inputs, hidden, classes] = sizes;
  const arrays = [
    { name: "x", shape: [batch, inputs], seed: 7 },
    { name: "y", shape: [batch], seed: 8, below: classes },
    ...linearWeights("first", inputs, hidden, 14),
    ...linearWeights("second", hidden, classes, 16),
  ];
  return { kind: "dense", id, unit: "ms", arrays, batch, sizes };
}

/** T1: the other training rows are named by what they change of it, and so are the scaling curves. */
export const CLASSIFIER: TrainSizes = {
  cell: "LSTM",
  vocabulary: 5000,
  inputSize: 64,
  hiddenSize: 128,
  bidirectional: false,
  classes: 5,
  everyStep: false,
  batch: 32,
  time: 50,
  lazy: false,
};

export const ROWS: readonly Row[] = [
  ...[32, 64, 128, 256, 512, 1024].map((n) => product(`M${n}`, n, n, n)),
  product("M1x256x1024", 1, 256, 1024),
  product("M32x256x1024", 32, 256, 1024),
  forward("F1", "LSTM", 1, 100, 64, 128),
  forward("F2", "LSTM", 32, 64, 128, 256),
  forward("F3", "GRU", 32, 64, 128, 256),
  forward("F4", "RNN", 32, 64, 128, 256),
  step("F5", 64, 128),
  training("T1", CLASSIFIER),
  training("T2", { ...CLASSIFIER, cell: "GRU" }),
  training("T3", { ...CLASSIFIER, bidirectional: true, everyStep: true, classes: 17, time: 40 }),
  dense("T4", 64, [784, 256, 10]),
  training("T1-lazy", { ...CLASSIFIER, lazy: true }),
];
