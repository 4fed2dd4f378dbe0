import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CONTROL, CONTROL_BYTES, KERNEL_NAMES, QUEUE_RECORDS, RECORD_WORDS } from "../../src/engine/commands.js";
import { createJsKernels } from "../../src/engine/js/index.js";
import type { Lane } from "../../src/engine/lane.js";
import type { Engine, Tensor } from "../../src/index.js";

// Workers are modules of the built package.
const built = new URL("../../dist/index.js", import.meta.url).href;
const { AdamW, backward, clipGradNorm, createEngine, crossEntropy, Embedding, GRU, Linear, LSTM, reshape, RNN, tensor } = (await import(
  built
)) as typeof import("../../src/index.js");

const numbers = (count: number, scale = 1) => Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 12.9898) * scale));

/** SHA-256 over parameters and losses after a few steps of a tagger with every kind of layer, ragged. */
function train(engine: Engine): string {
  const [batch, time, classes] = [13, 30, 7];
  const embedding = new Embedding(engine, { numEmbeddings: 500, embeddingDim: 48 });
  const lstm = new LSTM(engine, { inputSize: 48, hiddenSize: 40, numLayers: 2, bidirectional: true, dropout: 0.2 });
  const gru = new GRU(engine, { inputSize: 80, hiddenSize: 56 });
  const rnn = new RNN(engine, { inputSize: 56, hiddenSize: 64, bidirectional: true });
  const out = new Linear(engine, { inFeatures: 128, outFeatures: classes });
  const parameters = [embedding, lstm, gru, rnn, out].flatMap((module) => module.parameters());
  const optimizer = new AdamW(parameters, { lr: 1e-2 });
  const ids = tensor(
    engine,
    Int32Array.from({ length: batch * time }, (_, i) => (i * 7919) % 500),
    [batch, time],
  );
  const targets = tensor(
    engine,
    Int32Array.from({ length: batch * time }, (_, i) => (i * 31) % classes),
  );
  const lengths = Array.from({ length: batch }, (_, i) => 1 + ((i * 11) % time));
  const hash = createHash("sha256");
  for (let k = 0; k < 4; k++) {
    const loss = engine.step(
      () => {
        optimizer.zeroGrad();
        let x = lstm.forward(embedding.forward(ids), null, { lengths }).output;
        x = rnn.forward(gru.forward(x, null, { lengths }).output, null, { lengths }).output;
        const loss = crossEntropy(reshape(out.forward(x), [batch * time, classes]), targets);
        backward(loss);
        clipGradNorm(parameters, 1);
        optimizer.step();
        return loss.item();
      },
      { training: true },
    );
    hash.update(String(loss));
  }
  for (const parameter of parameters) hash.update(parameter.data());
  return hash.digest("hex");
}

describe("threads", () => {
  test.each(["reproducible", "fast"] as const)("1, 2, 3 and 4 threads train to the same bits, numerics %s", async (numerics) => {
    const hashes: string[] = [];
    for (const threads of [1, 2, 3, 4]) {
      const engine = await createEngine({ seed: 5, threads, numerics });
      expect(engine.info).toMatchObject({ threads, notes: [] });
      hashes.push(train(engine));
      engine.dispose();
    }
    expect(new Set(hashes).size).toBe(1);
  });

  test("products of every remainder are the same on three threads as on one", async () => {
    const [one, three] = [await createEngine({ seed: 1 }), await createEngine({ seed: 1, threads: 3 })];
    for (const rows of [1, 3, 17, 130]) {
      for (const features of [1, 7, 257]) {
        const results = [one, three].map((engine) => {
          const layer = new Linear(engine, { inFeatures: 300, outFeatures: features });
          const x = tensor(engine, numbers(rows * 300), [rows, 300]);
          x.requiresGrad = true;
          const y = engine.step(() => {
            const y = layer.forward(x);
            backward(crossEntropy(y, tensor(engine, new Int32Array(rows))));
            return y;
          });
          return [y, x.grad!, layer.weight.grad!].map((t) => t as Tensor).map((t) => t.data());
        });
        expect(results[1], `${rows} rows, ${features} features`).toEqual(results[0]);
      }
    }
    one.dispose();
    three.dispose();
  });

  test("more calls than a queue holds are run in the order they were made", async () => {
    const engine = await createEngine({ threads: 2 });
    const x = tensor(engine, new Float32Array(8), [8]);
    const at = x.address("test");
    const calls = 3 * QUEUE_RECORDS + 5;
    engine.split(8, 4, 1e9, ({ kernels }: Lane, begin, end) => {
      for (let i = 0; i < calls; i++) kernels.affine(at + begin * 4, at + begin * 4, end - begin, i % 2 === 0 ? 1 : 0.5, 1);
    });
    const own = new Float32Array(1);
    for (let i = 0; i < calls; i++) own[0] = Math.fround(Math.fround(own[0]! * (i % 2 === 0 ? 1 : 0.5)) + 1);
    expect(x.data()).toEqual(new Float32Array(8).fill(own[0]!));
    engine.dispose();
  });

  test("a kernel that traps on a worker is a StateError, and the next call works", async () => {
    const engine = await createEngine({ threads: 2 });
    const beyond = 4294967040;
    const run = (from: (begin: number) => number) =>
      engine.split(8, 4, 1e9, ({ kernels }: Lane, begin, end) => kernels.affine(from(begin), from(begin), end - begin, 1, 0));
    const x = tensor(engine, numbers(8), [8]);
    const at = x.address("test");
    expect(() => run((begin) => (begin === 0 ? at : beyond))).toThrowError(/a kernel failed on a worker thread/);
    run((begin) => at + begin * 4);
    expect(x.data()).toEqual(numbers(8));
    engine.dispose();
  });

  test("a record holds every kernel's arguments, the control block its words", () => {
    const twin = createJsKernels({ f32: new Float32Array(1), i32: new Int32Array(1), u8: new Uint8Array(1) }) as unknown as Record<
      string,
      (...args: number[]) => unknown
    >;
    // A product's twin leaves out the workspace at its end.
    expect(Math.max(...KERNEL_NAMES.map((name) => twin[name]!.length + 1))).toBeLessThan(RECORD_WORDS);
    expect(Math.max(...Object.values(CONTROL))).toBeLessThan(CONTROL_BYTES / 4);
  });

  test("the main thread of a page gets one thread, and so do the TypeScript kernels; both say so", async () => {
    try {
      Object.defineProperty(globalThis, "document", { value: {}, configurable: true });
      const { info } = await createEngine({ threads: 2 });
      expect(info.threads).toBe(1);
      expect(info.notes).toEqual([expect.stringMatching(/one thread in use: .*main thread of a page must not wait/)]);
    } finally {
      delete (globalThis as { document?: unknown }).document;
    }
    const { info } = await createEngine({ threads: 2, backend: "js" });
    expect(info).toMatchObject({ threads: 1, notes: ["one thread in use: the TypeScript kernels run on one"] });
    await expect(createEngine({ threads: 0 })).rejects.toThrowError(/threads 0, wants a whole number from 1/);
    await expect(createEngine({ threads: 65 })).rejects.toThrowError(/threads 65, wants at most 64/);
  });
});
