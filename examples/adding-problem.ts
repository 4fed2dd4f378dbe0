/** The adding problem (Hochreiter and Schmidhuber 1997), and the four networks that are set to it. */
import { Stream } from "../src/engine/random.js";
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

export type Layer = RNN | LSTM | GRU;

/** Le et al. 2015: a ReLU network that starts as the identity, its input weights small. */
function identityRnn(engine: Engine, hiddenSize: number): RNN {
  const layer = new RNN(engine, { inputSize: 2, hiddenSize, nonlinearity: "relu" });
  for (const { weightIh, weightHh, biasIh, biasHh } of layer.weights) {
    init.normal(weightIh, 0, 0.1);
    init.identity(weightHh);
    for (const bias of [biasIh!, biasHh!]) init.zeros(bias);
  }
  return layer;
}

/**
 * Tallec and Ollivier 2018: forget gates that start with memories of 1 to `steps` steps, ln U(1, steps - 1), and input gates their
 * opposite.
 */
function chronoLstm(engine: Engine, hiddenSize: number, steps: number): LSTM {
  const layer = new LSTM(engine, { inputSize: 2, hiddenSize });
  const stream = new Stream([3, 5]);
  const memory = Array.from({ length: hiddenSize }, () => Math.log(1 + stream.nextFloat() * Math.max(0, steps - 2)));
  for (const { biasIh, biasHh } of layer.weights) {
    init.zeros(biasHh!);
    biasIh!.assign(biasIh!.data().map((old, i) => (i < hiddenSize ? -memory[i]! : (memory[i - hiddenSize] ?? old))));
  }
  return layer;
}

export interface Contender {
  readonly name: string;
  /** Learning rate of Adam. */
  readonly lr: number;
  make(engine: Engine, hiddenSize: number, steps: number): Layer;
}

export const NETWORKS: readonly Contender[] = [
  { name: "Elman, tanh", lr: 0.001, make: (engine, hiddenSize) => new RNN(engine, { inputSize: 2, hiddenSize }) },
  { name: "Elman, ReLU, identity", lr: 0.001, make: identityRnn },
  { name: "GRU", lr: 0.01, make: (engine, hiddenSize) => new GRU(engine, { inputSize: 2, hiddenSize }) },
  { name: "LSTM", lr: 0.01, make: chronoLstm },
];
