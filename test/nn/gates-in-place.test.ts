/** A backward pass that ends the graph writes gradients over the gates: to the same bits, and only where nobody can read the gates any more. */
import { afterAll, describe, expect, test, vi } from "vitest";
import {
  backward,
  createEngine,
  type Engine,
  GRU,
  Linear,
  LSTM,
  Module,
  mul,
  RNN,
  reshape,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { recordStates } from "../../src/inspect/index.js";
import { firstDifference, randomFloats } from "../kernels/harness.js";

const engines = [
  await createEngine({ seed: 7 }),
  await createEngine({ seed: 7, backend: "js" }),
  await createEngine({ seed: 7, threads: 2 }),
];
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

const [B, T, I, H] = [5, 4, 3, 6] as const;
const LENGTHS = [4, 1, 3, 4, 2];
const LAYERS = {
  LSTM: (engine: Engine) => new LSTM(engine, { inputSize: I, hiddenSize: H }),
  "LSTM, two layers, both directions, projected": (engine: Engine) =>
    new LSTM(engine, { inputSize: I, hiddenSize: H, numLayers: 2, bidirectional: true, projSize: 2 }),
  GRU: (engine: Engine) => new GRU(engine, { inputSize: I, hiddenSize: H, bidirectional: true }),
  "GRU that resets before": (engine: Engine) => new GRU(engine, { inputSize: I, hiddenSize: H, resetAfter: false }),
  RNN: (engine: Engine) => new RNN(engine, { inputSize: I, hiddenSize: H, numLayers: 2 }),
};

/** Loss of a layer over a ragged batch. */
function lossOf(layer: LSTM | GRU | RNN, x: Tensor): Tensor {
  const { output } = layer.forward(x, null, { lengths: LENGTHS });
  return sum(mul(output, mul(output, output)));
}
const inputOf = (engine: Engine): Tensor => {
  const x = tensor(engine, randomFloats(B * T * I, 4), [B, T, I]);
  x.requiresGrad = true;
  return x;
};
const gradientsOf = (leaves: readonly Tensor[]): Float32Array[] => leaves.map(({ grad }) => grad!.data() as Float32Array);

describe.each(Object.entries(LAYERS))("%s", (_, make) => {
  test.each(engines.map((engine, i) => [["wasm", "js", "two threads"][i]!, engine] as const))("%s", (_, engine) => {
    const layer = make(engine);
    const [once, kept] = [false, true].map((retainGraph) =>
      engine.step(() => {
        layer.zeroGrad();
        const x = inputOf(engine);
        const loss = lossOf(layer, x);
        backward(loss, { retainGraph });
        const leaves = [x, ...layer.parameters()];
        const first = gradientsOf(leaves);
        if (retainGraph) {
          backward(loss);
          const twice = gradientsOf(leaves);
          for (const [i, gradient] of twice.entries()) expect(gradient).toEqual(first[i]!.map((value) => value + value));
        }
        return first;
      }),
    );
    for (const [i, gradient] of kept!.entries()) expect(firstDifference(once![i]!, gradient), `leaf ${i}`).toBeUndefined();
    layer.dispose();
  });

  test("who records the states has the gates, a backward pass meanwhile or not", () => {
    const [engine] = engines as [Engine];
    class Model extends Module {
      readonly layer = make(engine);
    }
    const model = new Model();
    const x = randomFloats(B * T * I, 4);
    const [without, during] = [false, true].map(
      (back) =>
        recordStates(model, x, ({ layer }, values) => {
          const loss = lossOf(layer, tensor(engine, values, [B, T, I]));
          if (back) backward(loss);
        }).layers,
    );
    expect(during).toEqual(without);
    model.dispose();
  });
});

test("a backward pass that failed has ended the graph where it wrote over gates, and changes no gradient", () => {
  const [engine] = engines as [Engine];
  const [below, layer] = [new Linear(engine, { inFeatures: I, outFeatures: I }), LAYERS.LSTM(engine)];
  const run = (fails: boolean, retainGraph: boolean) =>
    engine.step(() => {
      const loss = lossOf(layer, reshape(below.forward(tensor(engine, randomFloats(B * T * I, 4), [B * T, I])), [B, T, I]));
      if (fails) {
        // The last thing of all: the bias of the layer below.
        const { reduceSum } = engine.kernels;
        const calls = vi.spyOn(engine.kernels, "reduceSum").mockImplementation((...args) => {
          if (args[4] === I) throw new Error("no such luck");
          return reduceSum(...args);
        });
        expect(() => backward(loss, { retainGraph })).toThrowError("no such luck");
        calls.mockRestore();
        expect([...below.parameters(), ...layer.parameters()].map(({ grad }) => grad)).toEqual(Array(6).fill(null));
        if (!retainGraph) {
          expect(() => backward(loss)).toThrowError(/already freed/);
          return [];
        }
      }
      backward(loss);
      const found = gradientsOf([...below.parameters(), ...layer.parameters()]);
      below.zeroGrad();
      layer.zeroGrad();
      return found;
    });
  const want = run(false, false);
  expect(run(true, true)).toEqual(want);
  expect(run(true, false)).toEqual([]);
});
