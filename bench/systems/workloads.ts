/** The rows of the benchmark on an engine of recurra. */
import type * as Source from "../../src/index.js";
import { type ArraySpec, arraysOf, sample } from "../data.js";
import type { Prepared } from "../protocol.js";
import {
  type CellKind,
  type DenseRow,
  type ForwardRow,
  LEARNING_RATE,
  type ProductRow,
  type Row,
  type StepRow,
  type TrainRow,
} from "../rows.js";
import {
  Adam,
  backward,
  crossEntropy,
  Embedding,
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
  tensor,
} from "./library.js";

type Engine = Source.Engine;
type Tensor = Source.Tensor;
type Network = Source.Module;
type AnyLayer = Source.LSTM | Source.GRU | Source.RNN;

const LAYERS = { LSTM, GRU, RNN };

function makeLayer(engine: Engine, kind: CellKind, options: { inputSize: number; hiddenSize: number; bidirectional?: boolean }): AnyLayer {
  return new LAYERS[kind](engine, options);
}

/** A forward pass of any of the layers; the state of an LSTM has c besides. */
const runLayer = (layer: AnyLayer, x: Tensor): { output: Tensor; state: { h: Tensor } } => (layer as Source.GRU).forward(x);

/** The row's values for a module's parameters, in the same names. */
function loadSeeded(module: Network, specs: readonly ArraySpec[]): void {
  const values = arraysOf(specs);
  module.loadStateDict(new Map(Array.from(module.namedParameters(), ([name, { shape }]) => [name, { shape, data: values.get(name)! }])));
}

/** The row's inputs x, y, a, b as tensors. */
function input(engine: Engine, { arrays }: Row, name: string): Tensor {
  const spec = arrays.find((array) => array.name === name)!;
  return tensor(engine, arraysOf([spec]).get(name)!, spec.shape);
}

function prepareProduct(engine: Engine, row: ProductRow): Prepared {
  const [a, b] = [input(engine, row, "a"), input(engine, row, "b")];
  return {
    run: () =>
      engine.step(() => {
        matmul(a, b);
      }),
    check: () => sample(engine.step(() => matmul(a, b).data())),
  };
}

function prepareForward(engine: Engine, row: ForwardRow): Prepared {
  const layer = makeLayer(engine, row.cell, { inputSize: row.inputSize, hiddenSize: row.hiddenSize });
  loadSeeded(layer, row.arrays);
  const x = input(engine, row, "x");
  const forward = <T>(take: (output: Tensor) => T): T => engine.step(() => noGrad(engine, () => take(runLayer(layer, x).output)));
  return {
    run: () => forward(() => undefined),
    check: () => sample(forward((output) => output.data())),
  };
}

function prepareStep(engine: Engine, row: StepRow): Prepared {
  const layer = new LSTM(engine, { inputSize: row.inputSize, hiddenSize: row.hiddenSize });
  loadSeeded(layer, row.arrays);
  const stepper = layer.stepper();
  const x = arraysOf(row.arrays).get("x")!;
  const h = new Float32Array(row.hiddenSize);
  return {
    run: () => stepper.step(x, h),
    check: () => {
      for (let i = 0; i < 3; i++) stepper.step(x, h);
      return sample(h);
    },
  };
}

class Classifier extends Module {
  readonly embed: Source.Embedding;
  readonly rnn: AnyLayer;
  readonly out: Source.Linear;

  constructor(engine: Engine, { cell, vocabulary, inputSize, hiddenSize, bidirectional, classes }: TrainRow) {
    super();
    this.embed = new Embedding(engine, { numEmbeddings: vocabulary, embeddingDim: inputSize, sparse: true });
    this.rnn = makeLayer(engine, cell, { inputSize, hiddenSize, bidirectional });
    this.out = new Linear(engine, { inFeatures: bidirectional ? 2 * hiddenSize : hiddenSize, outFeatures: classes });
  }
}

class Dense extends Module {
  readonly first: Source.Linear;
  readonly second: Source.Linear;

  constructor(engine: Engine, [inputs, hidden, classes]: DenseRow["sizes"]) {
    super();
    this.first = new Linear(engine, { inFeatures: inputs, outFeatures: hidden });
    this.second = new Linear(engine, { inFeatures: hidden, outFeatures: classes });
  }
}

/** Forward, loss, backward, Adam on all parameters; `logits` builds the graph from x. */
function prepareTraining<M extends Network>(
  engine: Engine,
  row: TrainRow | DenseRow,
  model: M,
  logits: (model: M, x: Tensor) => Tensor,
): Prepared {
  loadSeeded(
    model,
    row.arrays.filter(({ name }) => name !== "x" && name !== "y"),
  );
  const optimizer = new Adam(model.parameters(), { lr: LEARNING_RATE, lazy: row.kind === "train" && row.lazy });
  const [x, y] = [input(engine, row, "x"), input(engine, row, "y")];
  const train = <T>(take: (loss: Tensor) => T): T =>
    engine.step(
      () => {
        optimizer.zeroGrad();
        const loss = crossEntropy(logits(model, x), y);
        backward(loss);
        optimizer.step();
        return take(loss);
      },
      { training: true },
    );
  return {
    run: () => train(() => undefined),
    check: () => Array.from({ length: 3 }, () => train((loss) => loss.item())),
  };
}

function classify(row: TrainRow): (model: Classifier, x: Tensor) => Tensor {
  const { batch, time, classes, hiddenSize, everyStep } = row;
  return (model, x) => {
    const { output, state } = runLayer(model.rnn, model.embed.forward(x));
    if (everyStep) return reshape(model.out.forward(output), [batch * time, classes]);
    return model.out.forward(reshape(slice(state.h, 0, 0, 1), [batch, hiddenSize]));
  };
}

/** Makes everything of a row that is not timed. */
export function prepareRow(engine: Engine, row: Row): Prepared {
  switch (row.kind) {
    case "product":
      return prepareProduct(engine, row);
    case "forward":
      return prepareForward(engine, row);
    case "step":
      return prepareStep(engine, row);
    case "train":
      return prepareTraining(engine, row, new Classifier(engine, row), classify(row));
    case "dense":
      return prepareTraining(engine, row, new Dense(engine, row.sizes), (model, x) => model.second.forward(relu(model.first.forward(x))));
  }
}
