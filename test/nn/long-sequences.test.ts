import { describe, expect, test } from "vitest";
import { backward, createEngine, GRU, LSTM, mul, RNN, sum, tensor } from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 2 });
const [batch, inputSize, hiddenSize] = [16, 16, 64];

/** Training steps over so many steps of time, whose loss reads the last state alone; each call is one and gives its ms. */
function trainer(Kind: typeof GRU, time: number): () => number {
  const layer = new Kind(engine, { inputSize, hiddenSize });
  const x = tensor(engine, randomFloats(batch * time * inputSize, 1), [batch, time, inputSize]);
  return () => {
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
}

// Where gradients of steps long ago ran through subnormal numbers, Intel's processors took 40 times as long for 200 steps as for 100.
describe("a gradient that vanishes on the way", () => {
  for (const [name, Kind] of Object.entries({ RNN, LSTM, GRU }) as [string, typeof GRU][]) {
    test(`${name}: 400 steps take no more than 12 times as long as 80`, () => {
      // In turn, the best of each: tests beside this one take the processor away for a while.
      const [long, short] = [trainer(Kind, 400), trainer(Kind, 80)];
      const rounds = Array.from({ length: 8 }, () => [long(), short()] as const);
      const best = (at: 0 | 1) => Math.min(...rounds.map((round) => round[at]));
      expect(best(0) / best(1)).toBeLessThan(12);
    });
  }
});
