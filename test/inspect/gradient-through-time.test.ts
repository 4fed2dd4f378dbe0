import { afterAll, describe, expect, test } from "vitest";
import { createEngine, GRU, init, LSTM, mul, RNN, sum, tensor } from "../../src/index.js";
import { gradientThroughTime } from "../../src/inspect/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 1 });
afterAll(() => engine.dispose());
const input = (batch: number, time: number, size: number) => tensor(engine, randomFloats(batch * time * size, 7), [batch, time, size]);

describe("gradientThroughTime", () => {
  test("of an Elman network with an identity and ReLU the gradient passes every step unchanged", () => {
    const layer = new RNN(engine, { inputSize: 1, hiddenSize: 3, nonlinearity: "relu" });
    for (const { weightIh, weightHh, biasIh, biasHh } of layer.weights) {
      init.ones(weightIh);
      init.identity(weightHh);
      init.zeros(biasIh!);
      init.zeros(biasHh!);
    }
    const x = tensor(engine, new Float32Array(10).fill(1), [1, 10, 1]);
    const { h, c, loss } = gradientThroughTime(engine, layer, x, (_, last) => sum(last));
    expect(loss).toBe(30);
    expect(c).toBe(null);
    expect(h).toHaveLength(1);
    for (const value of h[0]!) expect(value).toBeCloseTo(Math.sqrt(3), 6);
  });

  test("of a contracting Elman network it shrinks by the weight at every step", () => {
    const layer = new RNN(engine, { inputSize: 1, hiddenSize: 1, nonlinearity: "relu" });
    for (const { weightIh, weightHh, biasIh, biasHh } of layer.weights) {
      init.ones(weightIh);
      init.constant(weightHh, 0.5);
      init.zeros(biasIh!);
      init.zeros(biasHh!);
    }
    const x = tensor(engine, new Float32Array(6).fill(1), [1, 6, 1]);
    const { h } = gradientThroughTime(engine, layer, x, (_, last) => sum(last));
    expect([...h[0]!]).toEqual([0.03125, 0.0625, 0.125, 0.25, 0.5, 1]);
  });

  test("agrees with differences of the first state, for two layers of each kind, and leaves gradients alone", () => {
    for (const layer of [
      new LSTM(engine, { inputSize: 2, hiddenSize: 3, numLayers: 2 }),
      new GRU(engine, { inputSize: 2, hiddenSize: 3, numLayers: 2 }),
    ]) {
      const x = input(1, 4, 2);
      const loss = (output: ReturnType<typeof tensor>) => sum(mul(output, output));
      const { h, c, loss: value } = gradientThroughTime(engine, layer, x, loss);
      expect(h.map((steps) => steps.length)).toEqual([4, 4]);
      expect(c === null).toBe(layer instanceof GRU);
      expect(layer.parameters().every(({ grad }) => grad === null)).toBe(true);
      const plain = engine.step(() => loss((layer as GRU).forward(x).output).item());
      expect(value).toBeCloseTo(plain, 6);
      // The last output alone is 2·h of the last step of the top layer.
      const last = engine.step(() => (layer as GRU).forward(x).state.h.data());
      const top = Math.sqrt(Array.from(last.slice(3), (v) => 4 * v * v).reduce((a, b) => a + b, 0));
      expect(h[1]![3]).toBeCloseTo(top, 5);
    }
  });

  test("a bidirectional layer and a wrong input are refused", () => {
    const both = new GRU(engine, { inputSize: 2, hiddenSize: 3, bidirectional: true });
    expect(() => gradientThroughTime(engine, both, input(1, 2, 2), (o) => sum(o))).toThrowError(/is bidirectional or projected/);
    const one = new GRU(engine, { inputSize: 2, hiddenSize: 3 });
    expect(() => gradientThroughTime(engine, one, input(1, 2, 1), (o) => sum(o))).toThrowError(
      /input has shape \[1, 2, 1\], wants \[B, T, 2\]/,
    );
  });
});
