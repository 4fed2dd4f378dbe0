/** Weight tying (Press and Wolf 2017): one parameter under two names. */
import { afterAll, describe, expect, test } from "vitest";
import {
  Adam,
  backward,
  createEngine,
  crossEntropy,
  Embedding,
  type Engine,
  gradcheck,
  Linear,
  Module,
  readStateDict,
  reshape,
  SGD,
  sum,
  tanh,
  tensor,
  writeStateDict,
  zeros,
} from "../../src/index.js";

const engine = await createEngine({ seed: 8 });
afterAll(() => engine.dispose());

class TiedModel extends Module {
  readonly encoder: Embedding;
  readonly decoder: Linear;

  constructor(own: Engine, tied = true) {
    super();
    this.encoder = new Embedding(own, { numEmbeddings: 7, embeddingDim: 3 });
    this.decoder = new Linear(own, { inFeatures: 3, outFeatures: 7, ...(tied ? { weight: this.encoder.weight } : {}) });
  }

  forward(ids: ReturnType<typeof tensor>) {
    return this.decoder.forward(tanh(this.encoder.forward(ids)));
  }
}

const ids = tensor(engine, Int32Array.of(1, 4, 4, 0, 6, 2), [2, 3]);
const targets = tensor(engine, Int32Array.of(4, 4, 0, 6, 2, 1));
const lossOf = (model: TiedModel) => crossEntropy(reshape(model.forward(ids), [6, 7]), targets);

describe("a Linear whose weight is an Embedding's", () => {
  test("has both names in the state dict, one parameter, and the sum of both gradients", () => {
    const [model, apart] = [new TiedModel(engine), new TiedModel(engine, false)];
    expect([...model.stateDict().keys()]).toEqual(["encoder.weight", "decoder.weight", "decoder.bias"]);
    expect(model.parameters()).toHaveLength(2);
    apart.loadStateDict(model.stateDict());
    for (const own of [model, apart]) engine.step(() => backward(lossOf(own)));
    const [fromIds, fromLogits] = [apart.encoder.weight.grad!.data(), apart.decoder.weight.grad!.data()];
    model.encoder.weight.grad!.data().forEach((v, i) => void expect(Math.abs(v - (fromIds[i]! + fromLogits[i]!))).toBeLessThan(1e-7));
    gradcheck(() => lossOf(model), model.parameters());
  });

  test("every optimizer step is seen by both: lookups and packed products use the new weight", () => {
    const [model, apart] = [new TiedModel(engine), new TiedModel(engine, false)];
    const optimizer = new Adam(model.parameters(), { lr: 0.05 });
    const losses = Array.from({ length: 40 }, () => {
      optimizer.zeroGrad();
      return engine.step(() => {
        const loss = lossOf(model);
        backward(loss);
        optimizer.step();
        return loss.item();
      });
    });
    expect(losses.at(-1)!).toBeLessThan(0.6 * losses[0]!);
    // A fresh pair of layers with the trained values computes the same: nothing of the old weight is left in a pack.
    apart.loadStateDict(model.stateDict());
    expect(engine.step(() => apart.forward(ids).data())).toEqual(engine.step(() => model.forward(ids).data()));
  });

  test("a file has both names; loading takes both, or one of them", () => {
    const model = new TiedModel(engine);
    const saved = readStateDict(writeStateDict(model.stateDict()));
    expect([...saved.keys()].sort()).toEqual(["decoder.bias", "decoder.weight", "encoder.weight"]);
    for (const left of ["encoder.weight", "decoder.weight"]) {
      const other = new TiedModel(engine);
      other.loadStateDict(new Map([...saved].filter(([name]) => name !== left)));
      expect(other.decoder.weight.data()).toEqual(model.encoder.weight.data());
      expect(other.encoder.weight).toBe(other.decoder.weight);
    }
    const bare = new Map([...saved].filter(([name]) => name === "decoder.bias"));
    expect(() => new TiedModel(engine).loadStateDict(bare)).toThrowError(
      "missing keys: encoder.weight, decoder.weight; unexpected keys: none",
    );
    // Untied, each name is needed.
    expect(() => new TiedModel(engine, false).loadStateDict(new Map([...saved].slice(1)))).toThrowError("missing keys:");
  });

  test("parameters of layers apart come twice, which an optimizer refuses", () => {
    const { encoder, decoder } = new TiedModel(engine);
    const twice = [...encoder.parameters(), ...decoder.parameters()];
    expect(() => new SGD(twice, { lr: 0.1 })).toThrowError("a parameter comes twice");
    expect(() => new SGD([...new Set(twice)], { lr: 0.1 })).not.toThrow();
  });

  test("a weight of another shape, or none, is refused", () => {
    const { weight } = new Embedding(engine, { numEmbeddings: 7, embeddingDim: 3 });
    expect(() => new Linear(engine, { inFeatures: 7, outFeatures: 3, weight })).toThrowError(
      /Linear: weight Tensor f32 \[7, 3\].*, wants a Parameter \[3, 7\]/,
    );
    expect(() => new Linear(engine, { inFeatures: 3, outFeatures: 7, weight: zeros(engine, [7, 3]) as never })).toThrowError(
      "wants a Parameter [7, 3]",
    );
  });

  test("disposing the model frees the weight once", () => {
    const before = engine.memoryUse().inUse;
    const model = new TiedModel(engine);
    engine.step(() => backward(sum(model.forward(ids))));
    model.dispose();
    expect(engine.memoryUse().inUse).toBe(before);
  });
});
