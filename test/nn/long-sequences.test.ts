import { describe, expect, test } from "vitest";
import { backward, createEngine, GRU, LSTM, mul, RNN, sum, tensor } from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 2 });
const [batch, inputSize, hiddenSize] = [16, 16, 64];

/** Best of three training steps whose loss reads the last state alone, in ms. */
function stepTime(Kind: typeof GRU, time: number): number {
  const layer = new Kind(engine, { inputSize, hiddenSize });
  const x = tensor(engine, randomFloats(batch * time * inputSize, 1), [batch, time, inputSize]);
  const once = () => {
    const start = performance.now();
    engine.step(
      () => {
        const { h } = layer.forward(x).state;
        backward(sum(mul(h, h)));
      },
      { training: true },
    );
    return performance.now() - start;
  };
  once();
  return Math.min(once(), once(), once());
}

// Where gradients of steps long ago ran through subnormal numbers, Intel's processors took 40 times as long for 200 steps as for 100.
describe("a gradient that vanishes on the way", () => {
  for (const [name, Kind] of Object.entries({ RNN, LSTM, GRU }) as [string, typeof GRU][]) {
    test(`${name}: 400 steps take no more than 12 times as long as 80`, () => {
      expect(stepTime(Kind, 400) / stepTime(Kind, 80)).toBeLessThan(12);
    });
  }
});
