import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  backward,
  ConfigError,
  clipGradNorm,
  clipGradValue,
  createEngine,
  Embedding,
  type Engine,
  embedding,
  mul,
  Parameter,
  RowSparse,
  ShapeError,
  StateError,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { firstDifference, randomFloats } from "../kernels/harness.js";

const engines = [await createEngine(), await createEngine({ backend: "js" })];
afterAll(() => {
  for (const engine of engines) engine.dispose();
});
const engine = engines[0]!;

/** One use of a table: ids, the id left out, and the seed of what flows back to each row looked up. */
interface Use {
  readonly ids: readonly number[];
  readonly paddingIdx: number | null;
  readonly seed: number;
}

const V = 12;
const use = fc.record({
  ids: fc.array(fc.integer({ min: 0, max: V - 1 }), { minLength: 1, maxLength: 20 }),
  paddingIdx: fc.constantFrom(null, 0, 5),
  seed: fc.integer({ min: 1, max: 1e6 }),
});
const runs = fc.record({
  dim: fc.integer({ min: 1, max: 9 }),
  passes: fc.array(fc.array(use, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
});

const makeTable = (own: Engine, dim: number, count = V): Tensor => new Parameter(own, [count, dim], { kind: "zeros" });
const flowOf = ({ ids, seed }: Use, dim: number) => randomFloats(ids.length * dim, seed);

/** One backward() through all uses of the table (and through `also`, a dense one). */
function pass(weight: Tensor, uses: readonly Use[], sparse: boolean, also?: Tensor): void {
  const { engine: own } = weight;
  const dim = weight.shape[1]!;
  own.step(() => {
    const terms = uses.map((each) => {
      const y = embedding(weight, tensor(own, Int32Array.from(each.ids)), each.paddingIdx, sparse);
      return sum(mul(y, tensor(own, flowOf(each, dim), y.shape)));
    });
    if (also !== undefined) terms.push(sum(mul(weight, also)));
    backward(terms.reduce(add));
  });
}

/** float32 sums in the documented order: uses from the last to the first, ids in theirs, one backward() after the other. */
function wanted(passes: readonly (readonly Use[])[], dim: number): Float32Array {
  const total = new Float32Array(V * dim);
  for (const uses of passes) {
    const own = new Float32Array(V * dim);
    for (const each of [...uses].reverse()) {
      const flow = flowOf(each, dim);
      each.ids.forEach((id, i) => {
        if (id !== each.paddingIdx) for (let j = 0; j < dim; j++) own[id * dim + j]! += flow[i * dim + j]!;
      });
    }
    own.forEach((value, i) => {
      total[i]! += value;
    });
  }
  return total;
}

/** grad of the weight, row-sparse. */
function rowsOf(weight: Tensor): RowSparse {
  const { grad } = weight;
  if (!(grad instanceof RowSparse)) throw new Error("the gradient is not row-sparse");
  return grad;
}

describe("row-sparse gradients", () => {
  test("have the ids' rows once, rising, and the dense gradient's bits, over several uses and passes, on both backends", () => {
    fc.assert(
      fc.property(runs, ({ dim, passes }) => {
        for (const own of engines) {
          const [sparse, dense] = [makeTable(own, dim), makeTable(own, dim)];
          for (const uses of passes) {
            pass(sparse, uses, true);
            pass(dense, uses, false);
          }
          const touched = passes.flat().flatMap(({ ids, paddingIdx }) => ids.filter((id) => id !== paddingIdx));
          const rows = [...new Set(touched)].sort((a, b) => a - b);
          const grad = rowsOf(sparse);
          expect([...grad.rows()]).toEqual(rows);
          expect(grad.values().length).toBe(rows.length * dim);
          const want = wanted(passes, dim);
          expect(firstDifference(grad.data(), want)).toBeUndefined();
          expect(firstDifference(dense.grad!.data() as Float32Array, want)).toBeUndefined();
          expect(grad.toArray()).toEqual(dense.grad!.toArray());
          sparse.dispose();
          dense.dispose();
        }
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  test("become dense with the same bits where a dense gradient comes to them, before or after, in one backward() or the next", () => {
    const dim = 3;
    const uses: Use[] = [
      { ids: [4, 1, 4], paddingIdx: null, seed: 1 },
      { ids: [0, 4], paddingIdx: 0, seed: 2 },
    ];
    const also = tensor(engine, randomFloats(V * dim, 9), [V, dim]);
    const orders: ((weight: Tensor, sparse: boolean) => void)[] = [
      (weight, sparse) => pass(weight, uses, sparse, also),
      (weight, sparse) =>
        engine.step(() => {
          const dense = sum(mul(weight, also));
          const y = embedding(weight, tensor(engine, Int32Array.of(2, 2)), null, sparse);
          backward(add(dense, sum(mul(y, y))));
        }),
      (weight, sparse) => {
        pass(weight, uses, sparse);
        pass(weight, [], sparse, also);
      },
      (weight, sparse) => {
        pass(weight, [], sparse, also);
        pass(weight, uses, sparse);
      },
    ];
    for (const [i, order] of orders.entries()) {
      const [sparse, dense] = [makeTable(engine, dim), makeTable(engine, dim)];
      order(sparse, true);
      order(dense, false);
      expect(sparse.grad, `order ${i}`).not.toBeInstanceOf(RowSparse);
      expect(firstDifference(sparse.grad!.data() as Float32Array, dense.grad!.data() as Float32Array), `order ${i}`).toBeUndefined();
    }
  });

  test("are dense where the table is no leaf", () => {
    const weight = makeTable(engine, 2).assign(randomFloats(2 * V, 4));
    engine.step(() => backward(sum(embedding(mul(weight, weight), tensor(engine, Int32Array.of(3)), null, true))));
    expect(weight.grad).not.toBeInstanceOf(RowSparse);
    const want = new Float32Array(2 * V);
    want.set(
      weight
        .data()
        .subarray(6, 8)
        .map((value) => 2 * value),
      6,
    );
    expect(Array.from(weight.grad!.data(), (value) => value + 0)).toEqual([...want]);
  });

  test("of padding alone, or of nothing, have no rows", () => {
    for (const ids of [[0, 0], []]) {
      const weight = makeTable(engine, 2);
      pass(weight, [{ ids, paddingIdx: 0, seed: 1 }], true);
      expect(rowsOf(weight).count).toBe(0);
      expect([...rowsOf(weight).data()]).toEqual(Array(2 * V).fill(0));
      expect(clipGradNorm([weight], 1)).toBe(0);
    }
  });

  test("reach a leaf made in the step too, and a frozen table gets none", () => {
    engine.step(() => {
      const weight = tensor(engine, new Float32Array(2 * V), [V, 2]);
      weight.requiresGrad = true;
      const other = makeTable(engine, 2);
      other.requiresGrad = false;
      const ids = tensor(engine, Int32Array.of(1, 1));
      backward(sum(add(embedding(weight, ids, null, true), embedding(other, ids, null, true))));
      expect(rowsOf(weight).toArray()[1]).toEqual([2, 2]);
      expect(other.grad).toBeNull();
    });
  });

  test("keep their memory from step to step, whatever the number of rows, and give it back", () => {
    const { inUse } = engine.memoryUse();
    const weight = makeTable(engine, 16, 1000);
    const levels: number[] = [];
    const ids = (k: number) => Array.from({ length: 20 + ((k * 7) % 80) }, (_, i) => (i * 37 + k) % 1000);
    for (let k = 0; k < 300; k++) {
      weight.clearGrad();
      pass(weight, [{ ids: ids(k), paddingIdx: null, seed: k + 1 }], true);
      levels.push(engine.memoryUse().inUse - engine.memoryUse().arena);
    }
    expect(new Set(levels.slice(80)).size).toBe(1);
    expect(levels.at(-1)! - inUse).toBeLessThan(2 * 1000 * 16 * 4);
    weight.dispose();
    expect(engine.memoryUse().inUse - engine.memoryUse().arena).toBeLessThanOrEqual(inUse);
  });

  test("survive a backward() that fails, and are not read once their memory is gone", () => {
    const weight = makeTable(engine, 2);
    pass(weight, [{ ids: [1], paddingIdx: null, seed: 1 }], true);
    const before = [...rowsOf(weight).data()];
    expect(() => engine.step(() => backward(embedding(weight, tensor(engine, Int32Array.of(1)), null, true)))).toThrowError(ShapeError);
    expect([...rowsOf(weight).data()]).toEqual(before);
    const old = rowsOf(weight);
    weight.dispose();
    expect(() => old.rows()).toThrowError(StateError);
  });
});

describe("clipping of row-sparse gradients", () => {
  test("norms, scaled and limited gradients equal the dense ones to the bit", () => {
    for (const own of engines) {
      for (const dim of [1, 3, 64, 700]) {
        const uses: Use[] = [{ ids: [9, 2, 3, 9, 11], paddingIdx: 3, seed: dim }];
        for (const normType of [1, 2, 3, Number.POSITIVE_INFINITY]) {
          const pair = [true, false].map((sparse) => {
            const weight = makeTable(own, dim);
            pass(weight, uses, sparse);
            const total = clipGradNorm([weight], 0.5, { normType });
            clipGradValue([weight], 0.03);
            return { weight, total };
          });
          expect(pair[0]!.total, `p ${normType}, D ${dim}`).toBe(pair[1]!.total);
          expect(firstDifference(rowsOf(pair[0]!.weight).data(), pair[1]!.weight.grad!.data() as Float32Array)).toBeUndefined();
          for (const { weight } of pair) weight.dispose();
        }
      }
    }
  });
});

test("Embedding passes `sparse` on, and refuses what is no flag", () => {
  const layer = new Embedding(engine, { numEmbeddings: V, embeddingDim: 2, sparse: true, paddingIdx: 1 });
  engine.step(() => backward(sum(layer.forward(tensor(engine, Int32Array.of(3, 1, 3))))));
  expect([...rowsOf(layer.weight).rows()]).toEqual([3]);
  expect([...rowsOf(layer.weight).values()]).toEqual([2, 2]);
  expect(() => new Embedding(engine, { numEmbeddings: 2, embeddingDim: 2, sparse: 1 as never })).toThrowError(ConfigError);
});

describe("a gradient that someone set", () => {
  test("is what backward() adds to", () => {
    const weight = makeTable(engine, 1, 2);
    weight.grad = tensor(engine, [[10], [20]]);
    pass(weight, [{ ids: [1], paddingIdx: null, seed: 1 }], true);
    const [flow] = randomFloats(1, 1);
    expect(weight.grad.data()[0]).toBe(10);
    expect(weight.grad.data()[1]).toBe(Math.fround(20 + flow!));
  });

  test("of another shape is refused, and nothing has changed", () => {
    const weight = makeTable(engine, 1, 2);
    weight.grad = tensor(engine, [1, 2]);
    expect(() => pass(weight, [], false, tensor(engine, [[1], [1]]))).toThrowError(
      /backward: grad has shape \[2\], wants the tensor's own \[2, 1\]/,
    );
    expect([...weight.grad.data()]).toEqual([1, 2]);
  });
});
