/** TensorFlow.js on its WebAssembly backend: the rows in its operations, one thread. */
import { arraysOf, sample } from "../data.js";
import { Cannot, type Prepared, type System } from "../protocol.js";
import {
  type CellKind,
  type DenseRow,
  type ForwardRow,
  GATES,
  LEARNING_RATE,
  type ProductRow,
  type Row,
  type StepRow,
  type TrainRow,
} from "../rows.js";
import { serve } from "../systems/serve.js";
import { importPeer, versionOf } from "./peer.js";

interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}
type Binary = (a: TfTensor, b: TfTensor) => TfTensor;
type Unary = (a: TfTensor) => TfTensor;
interface Tf {
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: "int32"): TfTensor;
  variable(initial: TfTensor): TfTensor;
  zeros(shape: readonly number[]): TfTensor;
  reshape(a: TfTensor, shape: readonly number[]): TfTensor;
  scalar(value: number): TfTensor;
  tidy<T>(fn: () => T): T;
  keep<T extends TfTensor>(tensor: T): T;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  readonly add: Binary;
  readonly mul: Binary;
  readonly sub: Binary;
  readonly gather: Binary;
  readonly sigmoid: Unary;
  readonly tanh: Unary;
  readonly relu: Unary;
  readonly neg: Unary;
  readonly mean: Unary;
  logSoftmax(a: TfTensor): TfTensor;
  sum(a: TfTensor, axis?: number): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  split(a: TfTensor, parts: number, axis: number): TfTensor[];
  unstack(a: TfTensor, axis: number): TfTensor[];
  stack(list: readonly TfTensor[], axis: number): TfTensor;
  readonly train: {
    adam(
      lr: number,
      beta1: number,
      beta2: number,
      epsilon: number,
    ): { minimize(f: () => TfTensor, returnCost: boolean, variables?: readonly TfTensor[]): TfTensor | null };
  };
}

type Weights = ReadonlyMap<string, TfTensor>;

/** A row's arrays as tensors that no tidy() frees; names but x and y as variables where asked. */
function tensors(tf: Tf, row: Row, trainable: boolean): Weights {
  const values = arraysOf(row.arrays);
  return new Map(
    row.arrays.map(({ name, shape, below }) => {
      const tensor = tf.tensor(values.get(name)!, shape, ...(below === undefined ? [] : (["int32"] as const)));
      return [name, trainable && name !== "x" && name !== "y" ? tf.variable(tensor) : tensor];
    }),
  );
}

/** One step of a cell in PyTorch's form from its inputs' share z of the pre-activations. */
function cellStep(
  tf: Tf,
  cell: CellKind,
  z: TfTensor,
  weights: Weights,
  prefix: string,
  state: { h: TfTensor; c: TfTensor },
): { h: TfTensor; c: TfTensor } {
  const own = tf.add(tf.matMul(state.h, weights.get(`${prefix}weight_hh_l0`)!, false, true), weights.get(`${prefix}bias_hh_l0`)!);
  if (cell === "RNN") return { h: tf.tanh(tf.add(z, own)), c: state.c };
  if (cell === "LSTM") {
    const [i, f, g, o] = tf.split(tf.add(z, own), 4, 1) as [TfTensor, TfTensor, TfTensor, TfTensor];
    const c = tf.add(tf.mul(tf.sigmoid(f), state.c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
    return { h: tf.mul(tf.sigmoid(o), tf.tanh(c)), c };
  }
  const [zr, zz, zn] = tf.split(z, 3, 1) as [TfTensor, TfTensor, TfTensor];
  const [hr, hz, hn] = tf.split(own, 3, 1) as [TfTensor, TfTensor, TfTensor];
  const update = tf.sigmoid(tf.add(zz, hz));
  const fresh = tf.tanh(tf.add(zn, tf.mul(tf.sigmoid(tf.add(zr, hr)), hn)));
  return { h: tf.add(tf.mul(tf.sub(tf.scalar(1), update), fresh), tf.mul(update, state.h)), c: state.c };
}

/** All hidden states over [batch, time, inputSize]; the product of the inputs is taken for all steps at once. */
function layer(tf: Tf, row: ForwardRow | TrainRow, x: TfTensor, weights: Weights, prefix = ""): TfTensor[] {
  const { batch, time, inputSize, hiddenSize, cell } = row;
  const inputs = tf.matMul(tf.reshape(x, [batch * time, inputSize]), weights.get(`${prefix}weight_ih_l0`)!, false, true);
  const z = tf.reshape(tf.add(inputs, weights.get(`${prefix}bias_ih_l0`)!), [batch, time, GATES[cell] * hiddenSize]);
  let state = { h: tf.zeros([batch, hiddenSize]), c: tf.zeros([batch, hiddenSize]) };
  return tf.unstack(z, 1).map((step) => {
    state = cellStep(tf, cell, step, weights, prefix, state);
    return state.h;
  });
}

const dispose = (weights: Weights) => (): void => {
  for (const tensor of weights.values()) tensor.dispose();
};

function product(tf: Tf, row: ProductRow): Prepared {
  const arrays = tensors(tf, row, false);
  const multiply = () => tf.matMul(arrays.get("a")!, arrays.get("b")!);
  return { run: () => multiply().dispose(), check: () => sample(tf.tidy(() => multiply().dataSync())), release: dispose(arrays) };
}

function forward(tf: Tf, row: ForwardRow): Prepared {
  const weights = tensors(tf, row, false);
  const output = () => tf.stack(layer(tf, row, weights.get("x")!, weights), 1);
  return {
    run: () => tf.tidy(() => void output()),
    check: () => sample(tf.tidy(() => output().dataSync())),
    release: dispose(weights),
  };
}

function step(tf: Tf, row: StepRow): Prepared {
  const weights = tensors(tf, row, false);
  const x = arraysOf(row.arrays).get("x") as Float32Array;
  let state = { h: tf.zeros([1, row.hiddenSize]), c: tf.zeros([1, row.hiddenSize]) };
  const run = (): Float32Array => {
    const before = state;
    state = tf.tidy(() => {
      const input = tf.matMul(tf.tensor(x, [1, row.inputSize]), weights.get("weight_ih_l0")!, false, true);
      const { h, c } = cellStep(tf, row.cell, tf.add(input, weights.get("bias_ih_l0")!), weights, "", before);
      return { h: tf.keep(h), c: tf.keep(c) };
    });
    before.h.dispose();
    before.c.dispose();
    return state.h.dataSync();
  };
  return {
    run,
    check: () => {
      run();
      run();
      return sample(run());
    },
    release: dispose(weights),
  };
}

/** Adam on the mean cross-entropy. What the backend has no kernel for shows at the first step. */
function training(tf: Tf, row: TrainRow | DenseRow, logits: (weights: Weights) => TfTensor, classes: number): Prepared {
  const weights = tensors(tf, row, true);
  const optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
  const targets = tf.tidy(() => tf.oneHot(weights.get("y")!, classes));
  const loss = () => tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits(weights))), 1)));
  const trainable = Array.from(weights).flatMap(([name, tensor]) => (name === "x" || name === "y" ? [] : [tensor]));
  return {
    run: () => tf.tidy(() => void optimizer.minimize(loss, false, trainable)),
    check: () => {
      try {
        return Array.from({ length: 3 }, () => tf.tidy(() => optimizer.minimize(loss, true, trainable)!.dataSync()[0]!));
      } catch (error) {
        const { message } = error as Error;
        if (/not registered for backend/.test(message)) throw new Cannot(message.split(/[\n.]/)[0]!);
        throw error;
      }
    },
    release: () => {
      dispose(weights)();
      targets.dispose();
    },
  };
}

function train(tf: Tf, row: TrainRow): Prepared {
  if (row.bidirectional || row.lazy) throw new Cannot("as T1, and T1 cannot be trained");
  const { batch, time, inputSize, classes } = row;
  const logits = (weights: Weights) => {
    const rows = tf.gather(weights.get("embed.weight")!, tf.reshape(weights.get("x")!, [batch * time]));
    const x = tf.reshape(rows, [batch, time, inputSize]);
    const last = layer(tf, row, x, weights, "rnn.").at(-1)!;
    return tf.add(tf.matMul(last, weights.get("out.weight")!, false, true), weights.get("out.bias")!);
  };
  return training(tf, row, logits, classes);
}

function dense(tf: Tf, row: DenseRow): Prepared {
  const logits = (weights: Weights) => {
    const linear = (x: TfTensor, name: string) =>
      tf.add(tf.matMul(x, weights.get(`${name}.weight`)!, false, true), weights.get(`${name}.bias`)!);
    return linear(tf.relu(linear(weights.get("x")!, "first")), "second");
  };
  return training(tf, row, logits, row.sizes[2]);
}

async function start(): Promise<System> {
  const tf = await importPeer<Tf>("@tensorflow/tfjs");
  const wasm = await importPeer<{ setThreadsCount(count: number): void }>("@tensorflow/tfjs-backend-wasm");
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend("wasm"))) throw new Cannot("the wasm backend does not start");
  return {
    facts: { version: await versionOf("@tensorflow/tfjs"), threads: 1 },
    prepare: (row: Row): Prepared => {
      switch (row.kind) {
        case "product":
          return product(tf, row);
        case "forward":
          return forward(tf, row);
        case "step":
          return step(tf, row);
        case "train":
          return train(tf, row);
        case "dense":
          return dense(tf, row);
      }
    },
  };
}

await serve(start);
