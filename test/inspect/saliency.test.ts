import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  backward,
  createEngine,
  GRU,
  Linear,
  LSTM,
  logSoftmax,
  mul,
  relu,
  reshape,
  slice,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { gradientTimesInput, integratedGradients } from "../../src/inspect/index.js";
import { gaussLegendre } from "../../src/inspect/quadrature.js";
import { SequenceNetwork } from "../../src/tasks/sequence-network.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 1 });
afterAll(() => engine.dispose());

const inputs = tensor(engine, randomFloats(2 * 3 * 4, 5), [2, 3, 4]);
const lengths = [3, 2];
const gru = new GRU(engine, { inputSize: 4, hiddenSize: 5, bidirectional: true });
const out = new Linear(engine, { inFeatures: 5, outFeatures: 1 });
/** One number a row: of the first layer's last state. */
const score = (x: Tensor) => reshape(out.forward(reshape(slice(gru.forward(x, null, { lengths }).state.h, 0, 0, 1), [2, 5])), [2]);
const scoreOf = (x: Tensor, f: (x: Tensor) => Tensor) => engine.step(() => Array.from(f(x).data()));

describe("gaussLegendre", () => {
  test.each([1, 2, 3, 10, 50, 300])("%i nodes integrate polynomials up to degree 2n - 1 exactly", (n) => {
    const nodes = gaussLegendre(n);
    expect(nodes.every(({ at, weight }) => at > 0 && at < 1 && weight > 0)).toBe(true);
    for (const degree of [0, 1, n - 1, 2 * n - 2, 2 * n - 1]) {
      const integral = nodes.reduce((total, { at, weight }) => total + weight * at ** degree, 0);
      expect(integral * (degree + 1)).toBeCloseTo(1, 12);
    }
  });
});

describe("gradientTimesInput", () => {
  test("of a sum of products it is known in closed form", () => {
    const weight = tensor(engine, randomFloats(24, 9), [2, 3, 4]);
    const [x, w] = [inputs.data(), weight.data()];
    const { shape, elements, gradient, tokens, value } = gradientTimesInput(inputs, (own) => sum(mul(mul(own, own), weight)));
    expect(shape).toEqual([2, 3, 4]);
    for (let i = 0; i < 24; i++) {
      expect(gradient[i]).toBeCloseTo(2 * x[i]! * w[i]!, 6);
      expect(elements[i]).toBeCloseTo(2 * x[i]! * x[i]! * w[i]!, 6);
    }
    expect(tokens).toHaveLength(6);
    expect(tokens[4]).toBeCloseTo(
      elements.slice(16, 20).reduce((a, b) => a + b, 0),
      12,
    );
    expect(tokens.reduce((a, b) => a + b, 0)).toBeCloseTo(2 * value[0]!, 5);
  });

  test("its gradient is that of differences, row by row, and 0 where a row has ended", () => {
    const { gradient, value } = gradientTimesInput(inputs, score);
    expect([...value]).toEqual(scoreOf(inputs, score));
    const x = inputs.data();
    const by = 2 ** -8;
    for (let i = 0; i < 24; i++) {
      const at = (delta: number) => {
        const moved = Float32Array.from(x, (v, k) => (k === i ? v + delta : v));
        return scoreOf(tensor(engine, moved, [2, 3, 4]), score)[Math.floor(i / 12)]!;
      };
      expect(Math.abs(gradient[i]! - (at(by) - at(-by)) / (2 * by))).toBeLessThan(1e-4);
    }
    expect([...gradient.slice(20)]).toEqual([0, 0, 0, 0]);
  });
});

describe("integratedGradients", () => {
  test("attributions add up to the difference of the scores, row by row", () => {
    const { tokens, value, baselineValue, delta } = integratedGradients(inputs, score);
    expect([...value]).toEqual(scoreOf(inputs, score));
    expect([...baselineValue]).toEqual(scoreOf(tensor(engine, new Float32Array(24), [2, 3, 4]), score));
    for (const row of [0, 1]) {
      const total = tokens.slice(row * 3, row * 3 + 3).reduce((a, b) => a + b, 0);
      expect(Math.abs(value[row]! - baselineValue[row]!)).toBeGreaterThan(0.001);
      expect(total - (value[row]! - baselineValue[row]!)).toBeCloseTo(delta[row]!, 12);
      expect(Math.abs(delta[row]!)).toBeLessThan(1e-6);
    }
    expect(tokens[5]).toBe(0);
  });

  test("of a classifier of text: each token's part in a class, nothing for padding", () => {
    const config = {
      encoder: "lstm",
      embeddingDim: 6,
      hiddenSize: 5,
      numLayers: 1,
      bidirectional: true,
      pooling: "max",
      dropout: 0.3,
    } as const;
    const network = new SequenceNetwork(engine, config, 20, 3);
    const batch = { ids: Int32Array.of(4, 7, 9, 11, 3, 0), lengths: Int32Array.of(3, 2), batch: 2, time: 3 };
    const second = (vectors: Tensor) => slice(logSoftmax(network.forward(batch, vectors)), 1, 1, 2);
    const vectors = network.embed(batch);
    const { tokens, delta, value } = integratedGradients(vectors, second, { steps: 200 });
    expect([...value]).toEqual(engine.step(() => Array.from(slice(logSoftmax(network.forward(batch)), 1, 1, 2).data())));
    expect(tokens).toHaveLength(6);
    expect(tokens[5]).toBe(0);
    for (const error of delta) expect(Math.abs(error)).toBeLessThan(1e-3);
  });

  test("few steps miss where the score has a corner on the path, and the delta says so", () => {
    const one = tensor(engine, [1], [1, 1]);
    const corner = (x: Tensor) => sum(relu(add(x, tensor(engine, [-0.7]))));
    // d/dx is 0 up to 0.7 and 1 beyond; the only node, 0.5, sees none of it.
    const rough = integratedGradients(one, corner, { steps: 1 });
    expect([rough.elements[0], rough.delta[0]]).toEqual([0, -(rough.value[0]! - rough.baselineValue[0]!)]);
    expect(Math.abs(integratedGradients(one, corner, { steps: 400 }).delta[0]!)).toBeLessThan(0.005);
  });

  test("a baseline of a number, of one token's vector and of the inputs' shape mean the same when they are", () => {
    const vector = [0.5, 0.5, 0.5, 0.5];
    const full = tensor(engine, new Float32Array(24).fill(0.5), [2, 3, 4]);
    const results = [0.5, tensor(engine, vector), full].map((baseline) => integratedGradients(inputs, score, { baseline, steps: 5 }));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(integratedGradients(inputs, score, { baseline: inputs }).elements.every((value) => value === 0)).toBe(true);
  });

  test("leaves gradients and random streams as they were", () => {
    const layer = new LSTM(engine, { inputSize: 4, hiddenSize: 3, numLayers: 2, dropout: 0.5 });
    const ofLayer = (x: Tensor) => sum(layer.forward(x).output);
    engine.step(() => backward(ofLayer(inputs)));
    const before = layer.parameters().map(({ grad }) => grad!.data());
    const first = integratedGradients(inputs, ofLayer, { steps: 3 });
    const memory = engine.memoryUse().inUse;
    expect(integratedGradients(inputs, ofLayer, { steps: 3 })).toEqual(first);
    expect(layer.parameters().map(({ grad }) => grad!.data())).toEqual(before);
    expect(inputs.grad).toBe(null);
    expect(engine.memoryUse().inUse).toBe(memory);
  });

  test("wrong calls are refused", () => {
    expect(() => integratedGradients(inputs, score, { steps: 0 })).toThrowError(
      /integratedGradients: steps 0, wants a whole number from 1/,
    );
    expect(() => integratedGradients(inputs, score, { step: 1 } as never)).toThrowError(/unknown option step, wants steps/);
    expect(() => integratedGradients(inputs, (x) => sum(x, 0))).toThrowError(
      /the score has shape \[3, 4\], wants one number, or one for each of the 2 rows/,
    );
    expect(() => integratedGradients(inputs, score, { baseline: tensor(engine, [1, 2]) })).toThrowError(
      /baseline has dtype f32 and shape \[2\], wants f32 of \[2, 3, 4\] or its last axes/,
    );
    expect(() => gradientTimesInput(tensor(engine, [1, 2], [2], "i32"), score)).toThrowError(/inputs has dtype i32, wants f32/);
    expect(() => engine.step(() => gradientTimesInput(inputs, score), { training: true })).toThrowError(/inside a training step/);
    expect(() => gradientTimesInput(inputs, () => tensor(engine, [1]))).toThrowError(/loss has no history/);
  });
});
