import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  backward,
  createEngine,
  type GRU,
  GRUCell,
  init,
  Linear,
  type LSTM,
  Module,
  mul,
  RNN,
  reshape,
  slice,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { gradientThroughTime } from "../../src/inspect/index.js";
import { randomFloats } from "../kernels/harness.js";
import type { ReferenceLayer } from "../reference/recurrent.js";
import { BATCH, HIDDEN, INPUT, input, LAYERS, LENGTHS, reference, TIME, TOLERANCE } from "./models.js";

const engines = await Promise.all((["wasm", "js"] as const).map((backend) => createEngine({ seed: 1, backend })));
const [engine] = engines as [(typeof engines)[0]];
afterAll(() => {
  for (const each of engines) each.dispose();
});

/** A loss of outputs and last h, each with weights of its own, so that gradients enter at every step and at the end. */
function weighted(layer: RNN | LSTM | GRU, x: Tensor) {
  const width = (layer.spec.projSize || HIDDEN) * (layer.spec.bidirectional ? 2 : 1);
  const u = randomFloats(BATCH * TIME * width, 11);
  const v = randomFloats(BATCH * width * layer.spec.numLayers, 13);
  const loss = (model: GRU, batch: Tensor) => {
    const { output, state } = model.forward(batch, null, { lengths: LENGTHS });
    const ofLast = tensor(batch.engine, v, [...state.h.shape]);
    return add(sum(mul(output, tensor(batch.engine, u, [...output.shape]))), sum(mul(state.h, ofLast)));
  };
  const inFloat64 = ({ layers, output }: { layers: ReferenceLayer[]; output: number[][][] }) => {
    const size = layer.spec.projSize || HIDDEN;
    const dot = (values: readonly number[], by: ArrayLike<number>, from: number) =>
      values.reduce((sum, y, j) => sum + y * by[from + j]!, 0);
    let total = 0;
    for (let b = 0; b < BATCH; b++) {
      for (let t = 0; t < TIME; t++) total += dot(output[b]![t]!, u, (b * TIME + t) * width);
      for (const [index, { last }] of layers.entries()) total += dot(last[b]!, v, (index * BATCH + b) * size);
    }
    return total;
  };
  /** dLoss/dstate by central differences: norm over batch and elements. */
  const norm = (state: "h" | "c", index: number, t: number) => {
    const by = 1e-5;
    let squares = 0;
    for (let b = 0; b < BATCH; b++) {
      for (let j = 0; j < (state === "h" ? size() : HIDDEN); j++) {
        const at = (delta: number) => inFloat64(reference(layer, x, { state, index, b, t, j, by: delta }));
        squares += ((at(by) - at(-by)) / (2 * by)) ** 2;
      }
    }
    return Math.sqrt(squares);
  };
  const size = () => layer.spec.projSize || HIDDEN;
  return { loss, inFloat64, norm };
}

describe.each(engines.map((each) => [each.info.backend, each] as const))("gradientThroughTime, %s", (_, own) => {
  test.each(LAYERS)("%s: norms equal differences in float64 at every step of a ragged batch", (_, make) => {
    const layer = make(own) as GRU;
    const x = input(own);
    const { loss, inFloat64, norm } = weighted(layer, x);
    const { loss: value, layers } = gradientThroughTime(layer, x, loss);
    expect(Math.abs(value - inFloat64(reference(layer, x)))).toBeLessThan(10 * TOLERANCE);
    expect(layers).toHaveLength(layer.spec.numLayers * (layer.spec.bidirectional ? 2 : 1));
    for (const [index, { h, c }] of layers.entries()) {
      expect(h).toHaveLength(TIME);
      expect(c === null).toBe(layer.spec.kind !== "LSTM");
      for (let t = 0; t < TIME; t++) {
        const want = norm("h", index, t);
        expect(Math.abs(h[t]! - want)).toBeLessThan(10 * TOLERANCE);
        if (c !== null) expect(Math.abs(c[t]! - norm("c", index, t))).toBeLessThan(10 * TOLERANCE);
      }
    }
  });
});

/** An Elman network of one unit and ReLU over ones, whose state is multiplied by `weight` at each step. */
function scaling(hiddenSize: number, weight: number): RNN {
  const layer = new RNN(engine, { inputSize: 1, hiddenSize, nonlinearity: "relu" });
  for (const { weightIh, weightHh, biasIh, biasHh } of layer.weights) {
    init.ones(weightIh);
    init.identity(weightHh);
    weightHh.assign(weightHh.data().map((value) => value * weight));
    init.zeros(biasIh!);
    init.zeros(biasHh!);
  }
  return layer;
}

/** Reads a sequence by single steps of a cell, and knows its loss. */
class Reader extends Module {
  readonly cell = new GRUCell(engine, { inputSize: 2, hiddenSize: 3 });
  readonly out = new Linear(engine, { inFeatures: 3, outFeatures: 1 });

  loss(x: Tensor): Tensor {
    let h = zeros(engine, [x.shape[0]!, 3]);
    for (let t = 0; t < x.shape[1]!; t++) h = this.cell.forward(reshape(slice(x, 1, t, t + 1), [x.shape[0]!, 2]), h);
    return sum(this.out.forward(h));
  }
}

describe("gradientThroughTime", () => {
  const ones = (time: number) => tensor(engine, new Float32Array(time).fill(1), [1, time, 1]);
  const lastState = (model: RNN, x: Tensor) => sum(model.forward(x).state.h);

  test("with an identity the gradient passes every step unchanged, with a contraction it shrinks by the weight", () => {
    const same = gradientThroughTime(scaling(3, 1), ones(10), lastState);
    expect(same.loss).toBe(30);
    expect(same.layers.map(({ name, c }) => [name, c])).toEqual([["l0", null]]);
    for (const value of same.layers[0]!.h) expect(value).toBe(Math.sqrt(3));
    expect([...gradientThroughTime(scaling(1, 0.5), ones(6), lastState).layers[0]!.h]).toEqual([0.03125, 0.0625, 0.125, 0.25, 0.5, 1]);
  });

  test("a cell in a loop is one sequence, and a model's own loss is taken", () => {
    const model = new Reader();
    const x = tensor(engine, randomFloats(2 * 4 * 2, 5), [2, 4, 2]);
    const { layers } = gradientThroughTime(model, x);
    expect(layers.map(({ name, h }) => [name, h.length])).toEqual([["cell", 4]]);
    // Of the last state it is the output layer's weight, once a row.
    const weight = Array.from(model.out.weight.data());
    expect(layers[0]!.h[3]).toBeCloseTo(Math.sqrt(2 * weight.reduce((total, w) => total + w * w, 0)), 6);
    expect(layers[0]!.h[0]!).toBeGreaterThan(0);
  });

  test("of a layer over cells it is what it is of the layer itself, both directions over ragged lengths", () => {
    const cells = RNN.from((inputSize) => new GRUCell(engine, { inputSize, hiddenSize: HIDDEN }), {
      inputSize: INPUT,
      numLayers: 2,
      bidirectional: true,
    });
    const layer = LAYERS[2]![1](engine) as GRU;
    layer.loadStateDict(cells.stateDict());
    const x = input(engine);
    const loss = (model: Pick<GRU, "forward">, batch: Tensor) => {
      const { output } = model.forward(batch, null, { lengths: LENGTHS });
      return sum(mul(output, output));
    };
    const want = gradientThroughTime(layer, x, loss);
    const got = gradientThroughTime(cells as unknown as GRU, x, loss);
    expect(got.layers.map(({ name, layer: own, direction }) => [name, own, direction])).toEqual(
      want.layers.map(({ name, layer: own, direction }) => [name, own, direction]),
    );
    for (const [i, { h }] of want.layers.entries()) {
      for (let t = 0; t < TIME; t++) expect(Math.abs(got.layers[i]!.h[t]! - h[t]!)).toBeLessThan(10 * TOLERANCE);
    }
  });

  test("gradients that were there stay, and a later backward gives what it would have given", () => {
    const layer = LAYERS[4]![1](engine) as GRU;
    const x = input(engine);
    const { loss } = weighted(layer, x);
    engine.step(() => backward(loss(layer, x)));
    const before = layer.parameters().map(({ grad }) => grad!.data());
    gradientThroughTime(layer, x, loss);
    expect(layer.parameters().map(({ grad }) => grad!.data())).toEqual(before);
    layer.zeroGrad();
    gradientThroughTime(layer, x, loss);
    expect(layer.parameters().every(({ grad }) => grad === null)).toBe(true);
    engine.step(() => backward(loss(layer, x)));
    expect(layer.parameters().map(({ grad }) => grad!.data())).toEqual(before);
  });

  test("a model without a loss, a loss of several elements and a training step are refused", () => {
    const layer = scaling(1, 1);
    expect(() => gradientThroughTime(layer as never, ones(2))).toThrowError(
      /RNN has no method loss, wants one or a loss as third argument/,
    );
    expect(() => gradientThroughTime(layer, ones(2), (model, x) => model.forward(x).output)).toThrowError(/loss has 2 elements/);
    expect(() => engine.step(() => gradientThroughTime(layer, ones(2), lastState), { training: true })).toThrowError(/training step/);
    expect(() => gradientThroughTime(layer, ones(2), (model) => sum(model.weights[0]!.weightIh))).toThrowError(/no recurrent layer/);
  });
});
