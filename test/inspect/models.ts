/** Recurrent layers of every kind over a ragged batch, and their float64 twin. */
import { type Engine, GRU, LSTM, RNN, type Tensor, tensor } from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";
import { type Nudge, runReference } from "../reference/recurrent.js";

export const LENGTHS = [3, 4, 1];
export const [BATCH, TIME, INPUT, HIDDEN] = [3, 4, 2, 3];
/** Rounding of float32 over so many terms and steps, relative to values of about 1. */
export const TOLERANCE = 4 * TIME * (INPUT + HIDDEN) * 2 ** -24;

type Layer = RNN | LSTM | GRU;
export const LAYERS: readonly [name: string, make: (engine: Engine) => Layer][] = [
  ["RNN, tanh, two layers", (engine) => new RNN(engine, { inputSize: INPUT, hiddenSize: HIDDEN, numLayers: 2 })],
  ["RNN, ReLU, no bias", (engine) => new RNN(engine, { inputSize: INPUT, hiddenSize: HIDDEN, nonlinearity: "relu", bias: false })],
  [
    "GRU, both directions, two layers",
    (engine) => new GRU(engine, { inputSize: INPUT, hiddenSize: HIDDEN, numLayers: 2, bidirectional: true }),
  ],
  [
    "GRU, reset before the product, both directions",
    (engine) => new GRU(engine, { inputSize: INPUT, hiddenSize: HIDDEN, bidirectional: true, resetAfter: false }),
  ],
  ["LSTM", (engine) => new LSTM(engine, { inputSize: INPUT, hiddenSize: HIDDEN })],
  [
    "LSTM, both directions, two layers",
    (engine) => new LSTM(engine, { inputSize: INPUT, hiddenSize: HIDDEN, numLayers: 2, bidirectional: true }),
  ],
  [
    "LSTM, projected, both directions, two layers",
    (engine) => new LSTM(engine, { inputSize: INPUT, hiddenSize: HIDDEN, numLayers: 2, bidirectional: true, projSize: 2 }),
  ],
  [
    "GRU that resets before the product, two layers",
    (engine) => new GRU(engine, { inputSize: INPUT, hiddenSize: HIDDEN, numLayers: 2, resetAfter: false }),
  ],
];

export const input = (engine: Engine): Tensor => tensor(engine, randomFloats(BATCH * TIME * INPUT, 7), [BATCH, TIME, INPUT]);

/** The layer's forward pass in float64, on the same weights and the input above. */
export function reference(layer: Layer, x: Tensor, nudge?: Nudge): ReturnType<typeof runReference> {
  const data = x.data();
  const rows = Array.from({ length: BATCH }, (_, b) =>
    Array.from({ length: TIME }, (_, t) => Array.from(data.slice((b * TIME + t) * INPUT, (b * TIME + t + 1) * INPUT))),
  );
  const weights = layer.weights.map((own) => ({
    weightIh: own.weightIh.data(),
    weightHh: own.weightHh.data(),
    biasIh: own.biasIh?.data() ?? null,
    biasHh: own.biasHh?.data() ?? null,
    weightHr: own.weightHr?.data() ?? null,
  }));
  return runReference(layer.spec as Parameters<typeof runReference>[0], weights, rows, LENGTHS, nudge);
}
