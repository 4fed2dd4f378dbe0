/** The shapes of the benchmark: real layers at real sizes, seeded data, the same for every system. */
import {
  Adam,
  backward,
  crossEntropy,
  Embedding,
  type Engine,
  GRU,
  Linear,
  LSTM,
  Module,
  matmul,
  noGrad,
  RNN,
  relu,
  reshape,
  slice,
  type Tensor,
  tensor,
} from "../src/index.js";

export interface Workload {
  readonly id: string;
  readonly unit: "GFLOP/s" | "ms";
  /** Floating-point operations of one run, for GFLOP/s. */
  readonly flops?: number;
  /** Makes everything that is not timed and returns what is. */
  prepare(engine: Engine): () => void;
}

/** Seeded uniform numbers in [-1, 1). */
export function numbers(count: number, seed: number): Float32Array {
  let a = seed;
  return Float32Array.from({ length: count }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  });
}

const ids = (count: number, below: number, seed: number): Int32Array =>
  Int32Array.from(numbers(count, seed), (u) => Math.floor(((u + 1) / 2) * below));

function product(id: string, m: number, k: number, n: number): Workload {
  return {
    id,
    unit: "GFLOP/s",
    flops: 2 * m * n * k,
    prepare(engine) {
      const a = tensor(engine, numbers(m * k, 1), [m, k]);
      const b = tensor(engine, numbers(k * n, 2), [k, n]);
      return () =>
        engine.step(() => {
          matmul(a, b);
        });
    },
  };
}

function forward(id: string, kind: "LSTM" | "GRU" | "RNN", batch: number, time: number, inputSize: number, hiddenSize: number): Workload {
  return {
    id,
    unit: "ms",
    prepare(engine) {
      const layer = new { LSTM, GRU, RNN }[kind](engine, { inputSize, hiddenSize }) as GRU;
      const x = tensor(engine, numbers(batch * time * inputSize, 3), [batch, time, inputSize]);
      return () =>
        engine.step(() => {
          noGrad(engine, () => layer.forward(x));
        });
    },
  };
}

const single: Workload = {
  id: "F5",
  unit: "ms",
  prepare(engine) {
    const stepper = new LSTM(engine, { inputSize: 64, hiddenSize: 128 }).stepper();
    const x = numbers(64, 4);
    const h = new Float32Array(128);
    return () => stepper.step(x, h);
  },
};

class Classifier extends Module {
  readonly embed: Embedding;
  readonly rnn: LSTM | GRU;
  readonly out: Linear;

  constructor(engine: Engine, kind: "LSTM" | "GRU", bidirectional: boolean, classes: number) {
    super();
    this.embed = new Embedding(engine, { numEmbeddings: 5000, embeddingDim: 64, sparse: true });
    this.rnn = new { LSTM, GRU }[kind](engine, { inputSize: 64, hiddenSize: 128, bidirectional });
    this.out = new Linear(engine, { inFeatures: bidirectional ? 256 : 128, outFeatures: classes });
  }
}

/** Forward, loss, backward, Adam on all parameters. */
function training(
  id: string,
  kind: "LSTM" | "GRU",
  batch: number,
  time: number,
  classes: number,
  everyStep: boolean,
  lazy = false,
): Workload {
  return {
    id,
    unit: "ms",
    prepare(engine) {
      const model = new Classifier(engine, kind, everyStep, classes);
      const optimizer = new Adam(model.parameters(), { lr: 1e-3, lazy });
      const x = tensor(engine, ids(batch * time, 5000, 5), [batch, time]);
      const y = tensor(engine, ids(everyStep ? batch * time : batch, classes, 6));
      const logits = (): Tensor => {
        const { output, state } = (model.rnn as GRU).forward(model.embed.forward(x));
        if (everyStep) return reshape(model.out.forward(output), [batch * time, classes]);
        return model.out.forward(reshape(slice(state.h, 0, 0, 1), [batch, 128]));
      };
      return () =>
        engine.step(
          () => {
            optimizer.zeroGrad();
            backward(crossEntropy(logits(), y));
            optimizer.step();
          },
          { training: true },
        );
    },
  };
}

const dense: Workload = {
  id: "T4",
  unit: "ms",
  prepare(engine) {
    const first = new Linear(engine, { inFeatures: 784, outFeatures: 256 });
    const second = new Linear(engine, { inFeatures: 256, outFeatures: 10 });
    const optimizer = new Adam([...first.parameters(), ...second.parameters()]);
    const x = tensor(engine, numbers(64 * 784, 7), [64, 784]);
    const y = tensor(engine, ids(64, 10, 8));
    return () =>
      engine.step(
        () => {
          optimizer.zeroGrad();
          backward(crossEntropy(second.forward(relu(first.forward(x))), y));
          optimizer.step();
        },
        { training: true },
      );
  },
};

export const WORKLOADS: readonly Workload[] = [
  ...[32, 64, 128, 256, 512, 1024].map((n) => product(`M${n}`, n, n, n)),
  product("M1x256x1024", 1, 256, 1024),
  product("M32x256x1024", 32, 256, 1024),
  forward("F1", "LSTM", 1, 100, 64, 128),
  forward("F2", "LSTM", 32, 64, 128, 256),
  forward("F3", "GRU", 32, 64, 128, 256),
  forward("F4", "RNN", 32, 64, 128, 256),
  single,
  training("T1", "LSTM", 32, 50, 5, false),
  training("T2", "GRU", 32, 50, 5, false),
  training("T1-lazy", "LSTM", 32, 50, 5, false, true),
  training("T3", "LSTM", 32, 40, 17, true),
  dense,
];
