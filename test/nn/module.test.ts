import { afterAll, describe, expect, test } from "vitest";
import {
  backward,
  createEngine,
  Dropout,
  Embedding,
  type Engine,
  GRU,
  GRUCell,
  gradcheck,
  LayerNorm,
  Linear,
  LSTM,
  LSTMCell,
  Module,
  ReLU,
  RNN,
  RNNCell,
  Sequential,
  Sigmoid,
  sum,
  Tanh,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";
import { layerNormRow } from "../reference/layer-norm.js";

const engine = await createEngine({ seed: 5 });
afterAll(() => engine.dispose());

class Net extends Module {
  readonly wordEmbedding: Embedding;
  readonly encoder: LSTM;
  readonly heads: Linear[];
  readonly dropout = new Dropout(0.5);

  constructor(own: Engine) {
    super();
    this.wordEmbedding = new Embedding(own, { numEmbeddings: 4, embeddingDim: 2, paddingIdx: 0 });
    this.encoder = new LSTM(own, { inputSize: 2, hiddenSize: 3, numLayers: 2, bidirectional: true });
    this.heads = [new Linear(own, { inFeatures: 6, outFeatures: 2 }), new Linear(own, { inFeatures: 6, outFeatures: 1, bias: false })];
  }
}

describe("state dictionaries", () => {
  test("names are PyTorch's, found by property, in order", () => {
    const names = [...new Net(engine).stateDict().keys()];
    const layers = ["l0", "l0_reverse", "l1", "l1_reverse"];
    const recurrent = layers.flatMap((l) => ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => `encoder.${name}_${l}`));
    expect(names).toEqual(["word_embedding.weight", ...recurrent, "heads.0.weight", "heads.0.bias", "heads.1.weight"]);
    const stacked = new Sequential(
      new Linear(engine, { inFeatures: 2, outFeatures: 2 }),
      new ReLU(),
      new Linear(engine, { inFeatures: 2, outFeatures: 1 }),
    );
    expect([...stacked.stateDict().keys()]).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    const projected = new LSTM(engine, { inputSize: 2, hiddenSize: 4, projSize: 2, bias: false });
    expect(Array.from(projected.stateDict(), ([name, { shape }]) => [name, [...shape]])).toEqual([
      ["weight_ih_l0", [16, 2]],
      ["weight_hh_l0", [16, 2]],
      ["weight_hr_l0", [2, 4]],
    ]);
  });

  test("one module's dictionary loads into another, from another engine too", async () => {
    const other = await createEngine({ seed: 6, backend: "js" });
    const [from, to] = [new Net(other), new Net(engine)];
    to.loadStateDict(from.stateDict());
    for (const [name, parameter] of from.stateDict()) expect(to.stateDict().get(name)!.data(), name).toEqual(parameter.data());
    other.dispose();
  });

  test("a tied parameter has two names and is one parameter", () => {
    const net = new Net(engine);
    const tied = new Sequential(net.heads[0]!, net.heads[0]!);
    expect([...tied.stateDict().keys()]).toHaveLength(4);
    expect(tied.parameters()).toHaveLength(2);
  });
});

describe("initialisation", () => {
  test("follows the seed, and is PyTorch's distribution", async () => {
    const again = await createEngine({ seed: 5 });
    const [a, b] = [
      new Linear(again, { inFeatures: 400, outFeatures: 50 }),
      new Embedding(again, { numEmbeddings: 200, embeddingDim: 50, paddingIdx: 3 }),
    ];
    const twin = await createEngine({ seed: 5, backend: "js" });
    expect(new Linear(twin, { inFeatures: 400, outFeatures: 50 }).weight.data()).toEqual(a.weight.data());
    const weights = a.weight.data() as Float32Array;
    // U(-1/20, 1/20) of 20,000 draws: mean within 5 standard errors, extremes near the bounds.
    expect(Math.abs(weights.reduce((s, w) => s + w, 0) / weights.length)).toBeLessThan((5 * 0.05) / Math.sqrt(3 * 20_000));
    expect(Math.max(...weights)).toBeLessThanOrEqual(0.05);
    expect(Math.max(...weights)).toBeGreaterThan(0.0495);
    const vectors = b.weight.data() as Float32Array;
    const variance = vectors.reduce((s, w) => s + w * w, 0) / vectors.length;
    expect(Math.abs(variance - 0.98)).toBeLessThan(0.08);
    expect([...vectors.subarray(150, 200)]).toEqual(new Array(50).fill(0));
  });

  test("recurrent weights lie within 1/sqrt(hiddenSize)", () => {
    for (const layer of [new RNN(engine, { inputSize: 3, hiddenSize: 64 }), new GRU(engine, { inputSize: 3, hiddenSize: 64 })]) {
      for (const parameter of layer.parameters()) {
        const largest = Math.max(...Array.from(parameter.data(), Math.abs));
        expect(largest).toBeLessThanOrEqual(1 / 8);
        expect(largest).toBeGreaterThan(0.1);
      }
    }
  });
});

describe("layers", () => {
  test("a neuron is a Linear of one output and an activation", () => {
    const neuron = new Sequential(new Linear(engine, { inFeatures: 2, outFeatures: 1 }), new Sigmoid());
    neuron.loadStateDict(
      new Map([
        ["0.weight", { shape: [1, 2], data: [2, -1] }],
        ["0.bias", { shape: [1], data: [0.5] }],
      ]),
    );
    const y = engine.step(() =>
      neuron.forward(
        tensor(engine, [
          [1, 3],
          [0, 0],
        ]),
      ),
    );
    expect(y.data()[0]).toBeCloseTo(1 / (1 + Math.exp(0.5)), 6);
    expect(y.data()[1]).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 6);
    const squashed = engine.step(() => new Sequential(new Tanh()).forward(tensor(engine, [0.5])));
    expect(squashed.item()).toBeCloseTo(Math.tanh(0.5), 6);
  });

  test("LayerNorm takes mean and variance off the last axis, and every gradient is right", () => {
    const norm = new LayerNorm(engine, { normalizedSize: 5 });
    const x = tensor(engine, randomFloats(15, 3, 4), [3, 5]);
    x.requiresGrad = true;
    for (const row of engine.step(() => norm.forward(x).toArray()) as number[][]) {
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 5);
      expect(row.reduce((a, b) => a + b * b, 0) / 5).toBeCloseTo(1, 4);
    }
    norm.weight!.assign([1, 2, 0.5, -1, 3]);
    norm.bias!.assign([0, 1, -1, 0.5, 0]);
    const y = engine.step(() => norm.forward(x).toArray()) as number[][];
    y.forEach((row, r) => {
      const want = layerNormRow(x.data().subarray(5 * r, 5 * r + 5), norm.weight!.data(), norm.bias!.data(), 1e-5);
      row.forEach((v, i) => void expect(v).toBeCloseTo(want[i]!, 5));
    });
    gradcheck((input) => norm.forward(input!), [x, ...norm.parameters()]);
    expect(() => norm.forward(zeros(engine, [2, 4]))).toThrowError(
      /LayerNorm\.forward: input has shape \[2, 4\], wants a last axis of normalizedSize 5/,
    );
  });

  test("Dropout is silent outside training, and keeps the mean in training", () => {
    const drop = new Dropout(0.25);
    const x = zeros(engine, [100_000]).assign(new Float32Array(100_000).fill(1));
    expect(engine.step(() => drop.forward(x)).data()).toEqual(x.data());
    const y = engine.step(() => drop.forward(x), { training: true }).data() as Float32Array;
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    // Five standard errors of the mean: 5·sqrt(0.25/0.75/100000) = 0.0091.
    expect(Math.abs(y.reduce((s, v) => s + v, 0) / y.length - 1)).toBeLessThan(0.0091);
  });

  test("predicting between two training steps does not shift dropout's numbers", () => {
    const drop = new Dropout(0.5);
    const x = zeros(engine, [64]).assign(new Float32Array(64).fill(1));
    const masks = (between: () => void) => {
      const draw = (step: number) => engine.step(() => [...drop.forward(x).data()], { training: true, step });
      const first = draw(0);
      between();
      return [first, draw(1)];
    };
    const quiet = masks(() => undefined);
    expect(masks(() => void engine.step(() => drop.forward(drop.forward(x))))).toEqual(quiet);
    expect(quiet[0]).not.toEqual(quiet[1]);
  });
});

describe("one step at a time", () => {
  const [batch, time, inputSize, hiddenSize] = [2, 5, 3, 4];
  const x = randomFloats(batch * time * inputSize, 1);
  const kinds = [
    ["RNN", new RNN(engine, { inputSize, hiddenSize, numLayers: 2 })],
    ["RNN relu without bias", new RNN(engine, { inputSize, hiddenSize, nonlinearity: "relu", bias: false })],
    ["LSTM", new LSTM(engine, { inputSize, hiddenSize, numLayers: 2 })],
    ["LSTM with projection", new LSTM(engine, { inputSize, hiddenSize, projSize: 2, numLayers: 2 })],
    ["GRU", new GRU(engine, { inputSize, hiddenSize, numLayers: 2 })],
    ["GRU without bias", new GRU(engine, { inputSize, hiddenSize, bias: false })],
    ["GRU that resets before the product", new GRU(engine, { inputSize, hiddenSize, numLayers: 2, resetAfter: false })],
    ["the same without bias", new GRU(engine, { inputSize, hiddenSize, resetAfter: false, bias: false })],
  ] as const;
  for (const [name, layer] of kinds) {
    const width = layer.spec.projSize || hiddenSize;
    const whole = () => engine.step(() => (layer as GRU).forward(tensor(engine, x, [batch, time, inputSize])).output.data());
    const stepped = (stepper: ReturnType<typeof layer.stepper>) => {
      const out = new Float32Array(batch * width);
      const all = new Float32Array(batch * time * width);
      for (let t = 0; t < time; t++) {
        const row = (b: number) => x.subarray((b * time + t) * inputSize, (b * time + t + 1) * inputSize);
        stepper.step(Float32Array.from([...row(0), ...row(1)]), out);
        for (let b = 0; b < batch; b++) all.set(out.subarray(b * width, (b + 1) * width), (b * time + t) * width);
      }
      return all;
    };

    test(`${name}: a stepper gives the bits of the whole sequence, again after reset and after new weights`, () => {
      const stepper = layer.stepper({ batch });
      expect(stepped(stepper)).toEqual(whole());
      stepper.reset();
      expect(stepped(stepper)).toEqual(whole());
      for (const parameter of layer.parameters()) parameter.assign(Array.from(parameter.data(), (v) => 0.5 * v));
      stepper.reset();
      expect(stepped(stepper)).toEqual(whole());
      stepper.dispose();
    });
  }

  test("cells give the bits of their layers", () => {
    const pairs = [
      [new RNNCell(engine, { inputSize, hiddenSize }), new RNN(engine, { inputSize, hiddenSize })],
      [new GRUCell(engine, { inputSize, hiddenSize }), new GRU(engine, { inputSize, hiddenSize })],
      [new LSTMCell(engine, { inputSize, hiddenSize }), new LSTM(engine, { inputSize, hiddenSize })],
    ] as const;
    for (const [cell, layer] of pairs) {
      layer.loadStateDict(new Map(Array.from(cell.stateDict(), ([name, p]) => [`${name}_l0`, p])));
      engine.step(() => {
        const sequence = tensor(engine, x, [batch, time, inputSize]);
        let state: unknown = null;
        for (let t = 0; t < time; t++) {
          const input = tensor(
            engine,
            Float32Array.from([0, 1].flatMap((b) => [...x.subarray((b * time + t) * inputSize, (b * time + t + 1) * inputSize)])),
            [batch, inputSize],
          );
          state = (cell as GRUCell).forward(input, state as Tensor);
        }
        const { state: last } = (layer as GRU).forward(sequence);
        expect(((state as { h?: Tensor }).h ?? (state as Tensor)).data()).toEqual(last.h.data());
      });
    }
  });
});

describe("ragged batches", () => {
  test("a row alone and in a batch gives the same bits; what lies past its length is never read", () => {
    for (const bidirectional of [false, true]) {
      const layer = new GRU(engine, { inputSize: 3, hiddenSize: 5, numLayers: 2, bidirectional });
      const lengths = [2, 4, 1, 4, 3];
      const x = randomFloats(5 * 4 * 3, 9);
      for (const [b, length] of lengths.entries()) x.fill(Number.NaN, (b * 4 + length) * 3, (b + 1) * 12);
      const width = bidirectional ? 10 : 5;
      const together = engine.step(() => layer.forward(tensor(engine, x, [5, 4, 3]), null, { lengths }).output.data());
      for (const [b, length] of lengths.entries()) {
        const alone = engine.step(() => layer.forward(tensor(engine, x.slice(b * 12, b * 12 + length * 3), [1, length, 3])).output.data());
        expect(together.slice(b * 4 * width, (b * 4 + length) * width), `row ${b}`).toEqual(alone);
        expect([...together.slice((b * 4 + length) * width, (b + 1) * 4 * width)]).toEqual(new Array((4 - length) * width).fill(0));
      }
    }
  });

  test("parameters that get no gradient keep none", () => {
    const net = new Net(engine);
    engine.step(() => backward(sum(net.heads[0]!.forward(zeros(engine, [1, 6])))));
    expect(net.heads[0]!.weight.grad).not.toBe(null);
    expect(net.encoder.parameters().every(({ grad }) => grad === null)).toBe(true);
    net.zeroGrad();
    expect(net.heads[0]!.weight.grad).toBe(null);
  });
});
