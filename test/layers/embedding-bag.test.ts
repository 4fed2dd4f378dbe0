import { afterAll, describe, expect, test } from "vitest";
import { backward, createEngine, type Engine, gradcheck, mul, sum, type Tensor, tensor, zeros } from "../../src/index.js";
import { EmbeddingBag, type EmbeddingBagOptions } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";

const engines = {
  wasm: await createEngine({ seed: 2, numerics: "reproducible" }),
  js: await createEngine({ seed: 2, backend: "js" }),
  /** Views change at every allocation. */
  growing: await createEngine({ seed: 2, numerics: "reproducible", debugGrow: true, maxMemory: 2 ** 29 }),
};
const engine = engines.wasm;
afterAll(() => Object.values(engines).forEach((own) => void own.dispose()));

const [count, dim] = [9, 3];
const make = (options: Partial<EmbeddingBagOptions> = {}, own: Engine = engine) => {
  const bag = new EmbeddingBag(own, { numEmbeddings: count, embeddingDim: dim, ...options });
  bag.weight.assign(randomFloats(count * dim, 7));
  return bag;
};
const i32 = (values: readonly number[], shape?: readonly number[], own: Engine = engine) => tensor(own, Int32Array.from(values), shape);

/** A bag of PyTorch's definition in float64: ids with factors, padding left out. */
function reduceBag(
  mode: string,
  table: ArrayLike<number>,
  ids: readonly number[],
  factors: readonly number[],
  padding: number | null,
): number[] {
  const rows = ids.flatMap((id, i) => (id === padding ? [] : [Array.from({ length: dim }, (_, k) => factors[i]! * table[id * dim + k]!)]));
  return Array.from({ length: dim }, (_, k) => {
    const column = rows.map((row) => row[k]!);
    if (column.length === 0) return 0;
    if (mode === "max") return Math.max(...column);
    const total = column.reduce((a, b) => a + b, 0);
    return mode === "sum" ? total : total / column.length;
  });
}

function close(got: Tensor, want: readonly (readonly number[])[]): void {
  expect(got.shape).toEqual([want.length, dim]);
  got.data().forEach((v, i) => void expect(Math.abs(v - want[Math.floor(i / dim)]![i % dim]!)).toBeLessThan(1e-6));
}

const flat = [3, 0, 8, 3, 3, 1, 0, 0, 5, 2];
const offsets = [0, 3, 3, 6, 8];
/** Bags of flat ids: one empty, one of padding alone (where 0 is padding). */
const bags = offsets.map((start, i) => flat.slice(start, offsets[i + 1] ?? flat.length));

describe.each(["sum", "mean", "max"] as const)("mode %s", (mode) => {
  test.each([null, 0])("flat ids with offsets, padding %s: each bag equals float64, an empty one is zeros", (paddingIdx) => {
    const bag = make({ mode, paddingIdx });
    const want = bags.map((ids) =>
      reduceBag(
        mode,
        bag.weight.data(),
        ids,
        ids.map(() => 1),
        paddingIdx,
      ),
    );
    close(bag.forward(i32(flat), { offsets }), want);
    const last = make({ mode, paddingIdx, includeLastOffset: true });
    close(last.forward(i32(flat), { offsets: [...offsets, flat.length] }), want);
    // Ids past the last offset belong to no bag.
    close(last.forward(i32(flat), { offsets }), want.slice(0, -1));
  });

  test("padded ids with lengths: what lies beyond is never read; without lengths all ids count", () => {
    const bag = make({ mode });
    const ids = [4, 1, -7, 99, 2, 2, 8, 3, 5, 0, 1, -1];
    const lengths = [2, 4, 0];
    const want = lengths.map((length, b) => {
      const own = ids.slice(b * 4, b * 4 + length);
      return reduceBag(
        mode,
        bag.weight.data(),
        own,
        own.map(() => 1),
        null,
      );
    });
    close(bag.forward(i32(ids, [3, 4]), { lengths }), want);
    const all = [1, 2, 3, 4, 5, 6];
    close(
      bag.forward(i32(all, [2, 3])),
      [0, 1].map((b) => reduceBag(mode, bag.weight.data(), all.slice(3 * b, 3 * b + 3), [1, 1, 1], null)),
    );
  });

  test("gradients; both backends give the same bits; memory is level outside steps", () => {
    const bag = make({ mode });
    // Distinct values a fifth apart: differences must not change which is the largest.
    bag.weight.assign(Float32Array.from({ length: count * dim }, (_, i) => ((i * 7) % (count * dim)) / 5));
    gradcheck(() => bag.forward(i32(flat), { offsets }), bag.parameters());
    const [a, b] = Object.values(engines).map((own) =>
      make({ mode }, own)
        .forward(i32(flat, undefined, own), { offsets })
        .data(),
    );
    expect(a).toEqual(b);
    const ids = i32(flat);
    const run = () => bag.forward(ids, { offsets }).dispose();
    run();
    const before = engine.memoryUse().inUse;
    for (let i = 0; i < 20; i++) run();
    expect(engine.memoryUse().inUse).toBe(before);
  });
});

describe("per-sample weights", () => {
  const factors = randomFloats(flat.length, 3);

  test("scale the embeddings of a sum, and get gradients, but not for padding", () => {
    for (const paddingIdx of [null, 0]) {
      const bag = make({ mode: "sum", paddingIdx });
      const perSampleWeights = tensor(engine, factors);
      perSampleWeights.requiresGrad = true;
      const want = bags.map((ids, i) =>
        reduceBag("sum", bag.weight.data(), ids, [...factors.slice(offsets[i]!, offsets[i]! + ids.length)], paddingIdx),
      );
      close(bag.forward(i32(flat), { offsets, perSampleWeights }), want);
      gradcheck((weights) => bag.forward(i32(flat), { offsets, perSampleWeights: weights! }), [perSampleWeights, ...bag.parameters()]);
    }
  });

  test("over padded ids, with NaN beyond the lengths", () => {
    const bag = make({ mode: "sum" });
    const perSampleWeights = tensor(engine, [0.5, 2, Number.NaN, 3, Number.NaN, Number.NaN], [2, 3]);
    perSampleWeights.requiresGrad = true;
    const ids = i32([1, 2, 0, 3, 0, 0], [2, 3]);
    const y = engine.step(() => {
      const out = bag.forward(ids, { lengths: [2, 1], perSampleWeights });
      backward(sum(mul(out, out)));
      return out;
    });
    close(y, [reduceBag("sum", bag.weight.data(), [1, 2], [0.5, 2], null), reduceBag("sum", bag.weight.data(), [3], [3], null)]);
    expect(bag.weight.grad!.data().every(Number.isFinite)).toBe(true);
    expect([2, 4, 5].map((i) => perSampleWeights.grad!.data()[i])).toEqual([0, 0, 0]);
  });
});

test("the padding row starts as zeros and gets no gradient; the name in a state dict is PyTorch's", () => {
  const bag = new EmbeddingBag(engine, { numEmbeddings: count, embeddingDim: dim, paddingIdx: 2 });
  expect([...bag.weight.data().slice(6, 9)]).toEqual([0, 0, 0]);
  expect([...bag.stateDict().keys()]).toEqual(["weight"]);
  engine.step(() => backward(sum(bag.forward(i32([2, 1, 2], [1, 3])))));
  expect([...bag.weight.grad!.data().slice(6, 9)]).toEqual([0, 0, 0]);
  expect([...bag.weight.grad!.data().slice(3, 6)]).toEqual([1, 1, 1]);
});

test("no bags, and bags of no ids", () => {
  for (const mode of ["sum", "mean", "max"] as const) {
    expect(make({ mode }).forward(zeros(engine, [0, 4], "i32")).shape).toEqual([0, dim]);
    expect([
      ...make({ mode })
        .forward(zeros(engine, [2, 0], "i32"))
        .data(),
    ]).toEqual(new Array(2 * dim).fill(0));
    expect([
      ...make({ mode })
        .forward(i32([]), { offsets: [0, 0] })
        .data(),
    ]).toEqual(new Array(2 * dim).fill(0));
  }
});

describe("wrong calls", () => {
  const bag = make();
  const where = "EmbeddingBag.forward:";
  test.each([
    ["mode", 'EmbeddingBag: mode "min", wants "sum", "mean" or "max"', () => make({ mode: "min" as never })],
    ["option", "EmbeddingBag: unknown option padding_idx, wants paddingIdx", () => make({ padding_idx: 1 } as never)],
    ["padding index", "paddingIdx 9, wants an id from 0 to 8", () => make({ paddingIdx: 9 })],
    ["dtype", `${where} ids has dtype f32, wants i32`, () => bag.forward(zeros(engine, [2, 2]))],
    ["flat ids alone", `${where} ids have shape [3], wants [N] with offsets, or [B, T]`, () => bag.forward(i32([1, 2, 3]))],
    ["offsets of a matrix", "wants [N] with offsets", () => bag.forward(i32([1, 2], [1, 2]), { offsets: [0] })],
    ["offsets and lengths", "wants [N] with offsets", () => bag.forward(i32([1, 2]), { offsets: [0], lengths: [2] })],
    ["first offset", `${where} offset 1 at 0, wants a whole number from 0 to 0`, () => bag.forward(i32([1, 2]), { offsets: [1] })],
    [
      "falling offsets",
      `${where} offset 1 at 2, wants a whole number from 2 to 3`,
      () => bag.forward(i32([1, 2, 3]), { offsets: [0, 2, 1] }),
    ],
    [
      "offset past the end",
      `${where} offset 3 at 1, wants a whole number from 0 to 2`,
      () => bag.forward(i32([1, 2]), { offsets: [0, 3] }),
    ],
    ["count of lengths", `${where} 1 lengths, wants 2, one a bag`, () => bag.forward(i32([1, 2], [2, 1]), { lengths: [1] })],
    ["length", `${where} length 2 of bag 0, wants a whole number from 0 to 1`, () => bag.forward(i32([1, 2], [2, 1]), { lengths: [2, 1] })],
    ["id", `${where} id 9 at position 3, wants ids from 0 to 8`, () => bag.forward(i32([1, 2, 0, 9], [2, 2]))],
    [
      "weights of a mean",
      `${where} perSampleWeights with mode "mean", wants mode "sum"`,
      () => bag.forward(i32([1], [1, 1]), { perSampleWeights: zeros(engine, [1, 1]) }),
    ],
    [
      "shape of weights",
      `${where} perSampleWeights have shape [1], wants [1, 2] as the ids`,
      () => make({ mode: "sum" }).forward(i32([1, 2], [1, 2]), { perSampleWeights: zeros(engine, [1]) }),
    ],
  ] as const)("%s", (_, message, call) => {
    expect(call).toThrowError(message);
    expect(engine.inStep).toBe(false);
  });
});
