import { afterAll, describe, expect, test } from "vitest";
import { PURPOSE } from "../../src/engine/engine.js";
import { Stream, streamKey } from "../../src/engine/random.js";
import { createEngine, Embedding, full, gradcheck, ones, type Tensor, tensor, zeros } from "../../src/index.js";
import { EmbeddingDropout, LockedDropout, WordDropout } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 21 });
afterAll(() => engine.dispose());

const training = <T>(fn: () => T, step = 4) => engine.step(fn, { training: true, step });

/** What the first draw of a training step drops with probability p. */
function dropped(count: number, p: number, step = 4): boolean[] {
  const stream = new Stream(streamKey(engine.seed, PURPOSE.dropout, step, 0));
  return Array.from({ length: count }, () => stream.nextFloat() < p);
}

describe("LockedDropout", () => {
  test("one mask a row and feature for all steps, the rest scaled; NaN in padding stays where it is", () => {
    const [batch, time, features, p] = [3, 4, 5, 0.4];
    const values = randomFloats(batch * time * features, 1);
    values.fill(Number.NaN, 3 * features, 4 * features);
    const y = training(() => new LockedDropout(p).forward(tensor(engine, values, [batch, time, features])).data());
    const mask = dropped(batch * features, p);
    const factor = Math.fround(1 / (1 - p));
    values.forEach((v, i) => {
      const [b, f] = [Math.floor(i / (time * features)), i % features];
      if (Number.isNaN(v)) expect(y[i]).toBeNaN();
      else expect(y[i]).toBe(mask[b * features + f] ? v * 0 : Math.fround(v * factor));
    });
    expect(mask).toContain(true);
    expect(mask).toContain(false);
  });

  test("does nothing outside training or with p 0, zeroes all with p 1, and passes its gradient", () => {
    const x = tensor(engine, randomFloats(24, 2), [2, 3, 4]);
    x.requiresGrad = true;
    expect(engine.step(() => new LockedDropout(0.5).forward(x).data())).toEqual(x.data());
    expect(training(() => new LockedDropout(0).forward(x).data())).toEqual(x.data());
    expect(training(() => new LockedDropout(1).forward(x).data()).every((v) => v === 0)).toBe(true);
    gradcheck((input) => new LockedDropout(0.3).forward(input!), [x], { training: true });
  });

  test("wrong calls", () => {
    expect(() => new LockedDropout(-0.1)).toThrowError("LockedDropout: p -0.1, wants a probability from 0 to 1");
    expect(() => new LockedDropout().forward(zeros(engine, [2, 3]))).toThrowError(
      "LockedDropout.forward: x has shape [2, 3], wants [B, T, features]",
    );
  });
});

describe("WordDropout", () => {
  test("whole ids become the unknown id, but for padding", () => {
    const ids = Int32Array.from({ length: 200 }, (_, i) => i % 5);
    const y = training(() => new WordDropout({ p: 0.3, unknownIdx: 9, paddingIdx: 0 }).forward(tensor(engine, ids, [10, 20])));
    const mask = dropped(200, 0.3);
    expect(y.shape).toEqual([10, 20]);
    expect([...y.data()]).toEqual(Array.from(ids, (id, i) => (mask[i] && id !== 0 ? 9 : id)));
  });

  test("whole vectors become zeros, the others stay as they are; gradients follow", () => {
    const x = tensor(engine, randomFloats(6 * 7 * 3, 3), [6, 7, 3]);
    x.requiresGrad = true;
    const drop = new WordDropout({ p: 0.4 });
    const y = training(() => drop.forward(x).data());
    const mask = dropped(42, 0.4);
    expect([...y]).toEqual(Array.from(x.data(), (v, i) => (mask[Math.floor(i / 3)] ? v * 0 : v)));
    gradcheck((input) => drop.forward(input!), [x], { training: true });
  });

  test("is silent outside training", () => {
    const ids = tensor(engine, Int32Array.of(1, 2, 3));
    expect(engine.step(() => new WordDropout({ p: 1, unknownIdx: 7 }).forward(ids).data())).toEqual(ids.data());
    expect(training(() => new WordDropout({ p: 1, unknownIdx: 7 }).forward(ids).data())).toEqual(Int32Array.of(7, 7, 7));
  });

  test("wrong calls", () => {
    expect(() => new WordDropout({ p: 2 })).toThrowError("WordDropout: p 2, wants a probability");
    expect(() => new WordDropout({ unknownIdx: 1.5 })).toThrowError("WordDropout: unknownIdx 1.5, wants an id from 0");
    expect(() => new WordDropout({ unknown: 1 } as never)).toThrowError("WordDropout: unknown option unknown, wants unknownIdx");
    expect(() => new WordDropout().forward(tensor(engine, Int32Array.of(1)))).toThrowError("WordDropout.forward: ids without unknownIdx");
    expect(() => new WordDropout().forward(zeros(engine, []))).toThrowError("WordDropout.forward: x has shape [], wants [..., features]");
  });
});

describe("EmbeddingDropout", () => {
  const embedding = new Embedding(engine, { numEmbeddings: 12, embeddingDim: 3, paddingIdx: 0 });
  const ids = tensor(engine, Int32Array.of(1, 5, 1, 11, 0, 5, 2, 3), [2, 4]);

  test("a dropped id is zeros wherever it stands, the others are scaled; padding stays zero", () => {
    const y = training(() => new EmbeddingDropout(embedding, 0.5).forward(ids).data());
    const mask = dropped(12, 0.5);
    const table = embedding.weight.data();
    const want = Array.from(ids.data()).flatMap((id) => [0, 1, 2].map((i) => table[id * 3 + i]! * (mask[id] ? 0 : 2)));
    expect([...y]).toEqual(want);
    expect(new Set(Array.from(ids.data(), (id) => mask[id])).size).toBe(2);
  });

  test("gradients go to the rows that were kept; the padding row gets none", () => {
    const drop = new EmbeddingDropout(embedding, 0.5);
    // Without its own padding row, whose gradient is withheld on purpose, differences and backward agree.
    const plain = new EmbeddingDropout(new Embedding(engine, { numEmbeddings: 12, embeddingDim: 3 }), 0.5);
    gradcheck(() => plain.forward(ids), plain.parameters(), { training: true });
    expect(engine.step(() => drop.forward(ids).data())).toEqual(engine.step(() => embedding.forward(ids).data()));
    expect([...drop.stateDict().keys()]).toEqual(["embedding.weight"]);
  });

  test("wrong calls", () => {
    expect(() => new EmbeddingDropout(embedding, Number.NaN)).toThrowError("EmbeddingDropout: p NaN, wants a probability");
    expect(() => new EmbeddingDropout(embedding).forward(tensor(engine, Int32Array.of(12)))).toThrowError("embedding: id 12 at position 0");
  });
});

test("what is kept is the share that was asked for", () => {
  const [n, p] = [40_000, 0.3];
  const x = ones(engine, [1, n, 1]);
  const drops: [string, (t: Tensor) => Tensor][] = [
    ["locked", () => new LockedDropout(p).forward(full(engine, [1, 1, n], 1))],
    ["word", (t) => new WordDropout({ p }).forward(t)],
  ];
  for (const [name, drop] of drops) {
    const kept = training(() => drop(x).data()).filter((v) => v !== 0).length;
    // Five standard errors: 5·sqrt(0.21/40000) = 0.0115.
    expect(Math.abs(kept / n - (1 - p)), name).toBeLessThan(0.0115);
  }
});
