/** The adding problem (Hochreiter and Schmidhuber 1997), and the four networks that are set to it. */

import type { Stream } from "../src/engine/random.js";
import { type Engine, GRU, init, LSTM, RNN, type Tensor, tensor } from "../src/index.js";

/** Sequences [B, T, 2] of a number and a mark, two marks each, one in either half; targets [B, 1] are the sums of the marked numbers. */
export function addingProblem(engine: Engine, stream: Stream, batch: number, steps: number): { input: Tensor; target: Tensor } {
  const data = Float32Array.from({ length: batch * steps * 2 }, (_, i) => (i % 2 === 0 ? stream.nextFloat() : 0));
  const half = Math.floor(steps / 2);
  const sums = Array.from({ length: batch }, (_, b) => {
    const marks = [stream.nextInt(half), half + stream.nextInt(steps - half)].map((t) => (b * steps + t) * 2);
    for (const at of marks) data[at + 1] = 1;
    return marks.reduce((sum, at) => sum + data[at]!, 0);
  });
  return { input: tensor(engine, data, [batch, steps, 2]), target: tensor(engine, sums, [batch, 1]) };
}

/** Le et al. 2015: a ReLU network that starts as the identity. */
function identityRnn(engine: Engine, hiddenSize: number): RNN {
  const layer = new RNN(engine, { inputSize: 2, hiddenSize, nonlinearity: "relu" });
  for (const { weightIh, weightHh, biasIh, biasHh } of layer.weights) {
    init.normal(weightIh, 0, 0.001);
    init.identity(weightHh);
    for (const bias of [biasIh!, biasHh!]) init.zeros(bias);
  }
  return layer;
}

function lstm(engine: Engine, hiddenSize: number): LSTM {
  const layer = new LSTM(engine, { inputSize: 2, hiddenSize });
  init.forgetBias(layer);
  return layer;
}

export const NETWORKS: readonly [name: string, make: (engine: Engine, hiddenSize: number) => RNN | LSTM | GRU][] = [
  ["Elman, tanh", (engine, hiddenSize) => new RNN(engine, { inputSize: 2, hiddenSize })],
  ["Elman, ReLU, identity", identityRnn],
  ["GRU", (engine, hiddenSize) => new GRU(engine, { inputSize: 2, hiddenSize })],
  ["LSTM", lstm],
];
