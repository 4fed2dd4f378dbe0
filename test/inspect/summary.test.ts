import { afterAll, describe, expect, test } from "vitest";
import { createEngine, Embedding, GRU, Linear, LSTM, Module, ReLU, Sequential, type Tensor, tensor } from "../../src/index.js";
import { summary } from "../../src/inspect/index.js";
import { Attention, EncoderDecoder } from "../../src/layers/index.js";
import { SequenceNetwork } from "../../src/tasks/sequence-network.js";

const engine = await createEngine({ seed: 1 });
afterAll(() => engine.dispose());

const mlp = () =>
  new Sequential(
    new Linear(engine, { inFeatures: 10, outFeatures: 20 }),
    new ReLU(),
    new Linear(engine, { inFeatures: 20, outFeatures: 3 }),
  );

describe("summary", () => {
  test("shapes, parameters, bytes and FLOPs of a dense network, by hand", () => {
    const found = summary(mlp(), { shape: [8, 10] });
    expect(found.modules).toEqual([
      { name: "", type: "Sequential", output: [8, 3], parameters: 0, trainable: 0, bytes: 0, flops: 0, calls: 1 },
      { name: "0", type: "Linear", output: [8, 20], parameters: 220, trainable: 220, bytes: 880, flops: 2 * 8 * 10 * 20, calls: 1 },
      { name: "1", type: "ReLU", output: [8, 20], parameters: 0, trainable: 0, bytes: 0, flops: 0, calls: 1 },
      { name: "2", type: "Linear", output: [8, 3], parameters: 63, trainable: 63, bytes: 252, flops: 2 * 8 * 20 * 3, calls: 1 },
    ]);
    expect([found.parameters, found.trainable, found.bytes, found.flops]).toEqual([283, 283, 1132, 4160]);
    expect(String(found).split("\n")).toEqual([
      "module   type        output   parameters  trainable  bytes  FLOPs  calls",
      "-------  ----------  -------  ----------  ---------  -----  -----  -----",
      "(model)  Sequential  [8, 3]            0          0      0      0      1",
      "0        Linear      [8, 20]         220        220    880  3,200      1",
      "1        ReLU        [8, 20]           0          0      0      0      1",
      "2        Linear      [8, 3]           63         63    252    960      1",
      "283 parameters (283 trainable), 1,132 bytes, 4,160 FLOPs forward",
    ]);
  });

  test("without an input the parameters alone; frozen ones are not trainable", () => {
    const model = mlp();
    model.parameters()[0]!.requiresGrad = false;
    const found = summary(model);
    expect(found.modules.map(({ output, flops, calls }) => [output, flops, calls])).toEqual(new Array(4).fill([null, null, 0]));
    expect([found.parameters, found.trainable, found.flops]).toEqual([283, 83, null]);
    expect(String(found).split("\n").at(-1)).toBe("283 parameters (83 trainable), 1,132 bytes");
    expect(summary(model, { shape: [1, 10] }).trainable).toBe(83);
    expect(model.parameters().map(({ requiresGrad }) => requiresGrad)).toEqual([false, true, true, true]);
  });

  test("recurrent layers count their real steps; a projection and both directions too", () => {
    const lstm = new LSTM(engine, { inputSize: 3, hiddenSize: 5, numLayers: 2, bidirectional: true, projSize: 2 });
    const x = tensor(engine, new Float32Array(2 * 4 * 3), [2, 4, 3]);
    const flops = (lengths: number[]) => summary(lstm, { batch: x, run: (model, batch) => model.forward(batch, null, { lengths }) }).flops;
    // A step and direction: gates 4·5 rows over 3 (then 2·2) inputs and 2 states, and the projection 2 x 5.
    const step = 2 * 2 * (20 * (3 + 2) + 10 + 20 * (4 + 2) + 10);
    expect([flops([4, 4]), flops([4, 1])]).toEqual([8 * step, 5 * step]);
  });

  test("a model of modules in modules: totals are sums, a shared parameter counts once", () => {
    const config = {
      encoder: "gru",
      embeddingDim: 6,
      hiddenSize: 4,
      numLayers: 1,
      bidirectional: true,
      pooling: "last",
      dropout: 0.1,
    } as const;
    const network = new SequenceNetwork(engine, config, 11, 3);
    const batch = { ids: Int32Array.of(1, 2, 3, 4, 0, 0), lengths: Int32Array.of(3, 1), batch: 2, time: 3 };
    const found = summary(network, { batch });
    expect(found.modules.map(({ name, type, output }) => [name, type, output])).toEqual([
      ["", "SequenceNetwork", [2, 3]],
      ["embedding", "Embedding", [2, 3, 6]],
      ["encoder", "GRU", [2, 3, 8]],
      ["output", "Linear", [2, 3]],
    ]);
    expect(found.parameters).toBe(network.parameters().reduce((total, { size }) => total + size, 0));
    expect(found.flops).toBe(4 * 2 * 2 * 12 * (6 + 4) + 2 * 2 * 8 * 3);

    class Tied extends Module {
      readonly read = new Embedding(engine, { numEmbeddings: 7, embeddingDim: 4 });
      readonly write = new Linear(engine, { inFeatures: 4, outFeatures: 7, bias: false });
      constructor() {
        super();
        (this.write as { weight: Tensor }).weight = this.read.weight;
      }
    }
    expect(summary(new Tied()).modules.map(({ parameters }) => parameters)).toEqual([0, 28, 0]);
  });

  test("modules that run many times are summed, and products outside of modules count for the module around them", () => {
    const model = new EncoderDecoder(engine, {
      srcVocab: 9,
      tgtVocab: 8,
      embeddingDim: 3,
      hiddenSize: 4,
      cell: "gru",
      attention: "dot",
      inputFeeding: true,
      bidirectional: false,
    });
    const ids = (time: number) => tensor(engine, new Int32Array(2 * time).fill(1), [2, time]);
    const found = summary(model, { batch: [ids(5), ids(3)] as const, run: (own, [src, tgt]) => own.forward(src, [5, 5], tgt) });
    const of = (name: string) => found.modules.find((module) => module.name === name)!;
    expect(of("decoder")).toMatchObject({ calls: 3, output: [2, 4], flops: 3 * 2 * 2 * 12 * (3 + 4 + 4) });
    expect(of("attention")).toMatchObject({ type: Attention.name, calls: 3, flops: 3 * 2 * (2 * 5 * 4 + 2 * 5 * 4) });
    expect(of("out")).toMatchObject({ calls: 1, output: [2, 3, 8], flops: 2 * 6 * 4 * 8 });
    expect(found.flops).toBe(found.modules.reduce((total, { flops }) => total + flops!, 0));
  });

  test("the model is left as it was, also when its forward pass throws", () => {
    const model = new GRU(engine, { inputSize: 3, hiddenSize: 2 });
    expect(() => summary(model, { shape: [2, 4, 5] })).toThrowError(/GRU.forward: input has 5 features, wants inputSize 3/);
    expect(Object.hasOwn(model, "forward")).toBe(false);
    summary(model, { shape: [2, 4, 3] });
    expect(Object.hasOwn(model, "forward")).toBe(false);
    expect(() => summary(model, { shapes: [1] } as never)).toThrowError(/unknown option shapes, wants shape/);
    expect(() => summary(model, { shape: [1, 1, 3], batch: 1 })).toThrowError(/summary: both shape and batch, wants one of them/);
    expect(() => summary(model, { dtype: "i32" })).toThrowError(/dtype without shape/);
  });
});
