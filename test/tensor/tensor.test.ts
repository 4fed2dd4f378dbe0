import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  affine,
  backward,
  concat,
  createEngine,
  detach,
  div,
  full,
  gather,
  keep,
  matmul,
  max,
  mean,
  mul,
  neg,
  ones,
  reshape,
  slice,
  stack,
  sub,
  sum,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from "../../src/index.js";

const engine = await createEngine();
afterAll(() => engine.dispose());
const range = (...shape: number[]) =>
  tensor(
    engine,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );
const array = (fn: () => Tensor) => engine.step(() => fn().toArray());

describe("making and reading", () => {
  test("nested data give shape and dtype; arrays come back nested", () => {
    const x = tensor(engine, [[[1, 2]], [[3, 4]], [[5, 6]]]);
    expect([x.shape, x.dtype, x.size, x.rank]).toEqual([[3, 1, 2], "f32", 6, 3]);
    expect(x.toArray()).toEqual([[[1, 2]], [[3, 4]], [[5, 6]]]);
    expect(tensor(engine, 2.5).toArray()).toBe(2.5);
    expect(tensor(engine, Int32Array.of(1, 2)).dtype).toBe("i32");
    expect(tensor(engine, [1, 2], [2], "i32").dtype).toBe("i32");
    expect(zeros(engine, [0, 3]).toArray()).toEqual([]);
    expect(full(engine, [2], 7).toArray()).toEqual([7, 7]);
    expect(ones(engine, [1, 1]).item()).toBe(1);
  });

  test("data() is a copy, assign() writes", () => {
    const x = tensor(engine, [1, 2]);
    const copy = x.data();
    copy[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    x.assign([3, 4]);
    expect(x.toArray()).toEqual([3, 4]);
    expect([...copy]).toEqual([9, 2]);
  });

  test("printing shows shape, dtype and a few values, in Node and Deno", () => {
    const x = tensor(engine, [0.123456789, -2, 3, 4, 5, 6, 7]);
    const text = "Tensor f32 [7] {0.12346, -2, 3, 4, 5, 6, …}";
    expect(String(x)).toBe(text);
    expect(inspect(x)).toBe(text);
    expect((x as unknown as Record<symbol, () => string>)[Symbol.for("Deno.customInspect")]!()).toBe(text);
    expect(String(zeros(engine, [], "i32"))).toBe("Tensor i32 [] {0}");
    let lost: Tensor | undefined;
    engine.step(() => {
      lost = tensor(engine, [1]);
    });
    expect(String(lost)).toBe("Tensor f32 [1] (no longer alive)");
  });
});

describe("operations equal NumPy's", () => {
  test("arithmetic broadcasts", () => {
    expect(array(() => add(range(2, 3), range(3)))).toEqual([
      [0, 2, 4],
      [3, 5, 7],
    ]);
    expect(array(() => sub(range(2, 1), range(3)))).toEqual([
      [0, -1, -2],
      [1, 0, -1],
    ]);
    expect(array(() => mul(range(2, 1, 2), range(3, 1)))).toEqual([
      [
        [0, 0],
        [0, 1],
        [0, 2],
      ],
      [
        [0, 0],
        [2, 3],
        [4, 6],
      ],
    ]);
    expect(array(() => div(range(3), tensor(engine, 2)))).toEqual([0, 0.5, 1]);
    expect(array(() => affine(neg(range(3)), 2, 1))).toEqual([1, -1, -3]);
  });

  test("layout", () => {
    expect(array(() => transpose(range(2, 3)))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(array(() => transpose(range(2, 1, 3), [2, 0, 1]))).toEqual([
      [[0], [3]],
      [[1], [4]],
      [[2], [5]],
    ]);
    expect(array(() => slice(range(3, 4), 1, -3, -1))).toEqual([
      [1, 2],
      [5, 6],
      [9, 10],
    ]);
    expect(array(() => slice(range(4), 0, 2))).toEqual([2, 3]);
    expect(array(() => concat([range(2, 1), range(2, 2)], -1))).toEqual([
      [0, 0, 1],
      [1, 2, 3],
    ]);
    expect(array(() => stack([range(2), range(2)], 1))).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(array(() => reshape(range(2, 3), [3, -1]))).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(array(() => concat([tensor(engine, Int32Array.of(1)), tensor(engine, Int32Array.of(-2))]))).toEqual([1, -2]);
  });

  test("products", () => {
    expect(array(() => matmul(range(2, 3), range(3, 2)))).toEqual([
      [10, 13],
      [28, 40],
    ]);
    expect(array(() => matmul(range(3), range(3)))).toBe(5);
    expect(array(() => matmul(range(2, 2, 3), range(3)))).toEqual([
      [5, 14],
      [23, 32],
    ]);
    expect(array(() => matmul(range(2, 0), range(0, 2)))).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("sums, means, maxima", () => {
    expect(array(() => sum(range(2, 3), 0))).toEqual([3, 5, 7]);
    expect(array(() => sum(range(2, 3), -1, { keepDim: true }))).toEqual([[3], [12]]);
    expect(array(() => mean(range(2, 3)))).toBe(2.5);
    expect(array(() => sum(zeros(engine, [0])))).toBe(0);
    expect(array(() => mean(zeros(engine, [0])))).toBeNaN();
    const { values, indices } = engine.step(() =>
      max(
        tensor(engine, [
          [1, 5, 5],
          [7, 2, 3],
        ]),
        1,
      ),
    );
    expect([values.toArray(), indices.toArray(), indices.dtype]).toEqual([[5, 7], [1, 0], "i32"]);
    expect(array(() => gather(range(2, 3), 1, tensor(engine, Int32Array.of(2, 0), [2, 1])))).toEqual([[2], [3]]);
  });
});

describe("gradients", () => {
  const leaf = (...values: number[]) => {
    const x = tensor(engine, values);
    x.requiresGrad = true;
    return x;
  };

  test("add up over backward calls until cleared", () => {
    const x = leaf(1, 2);
    for (let i = 0; i < 2; i++) engine.step(() => backward(sum(mul(x, x))));
    expect(x.grad!.toArray()).toEqual([4, 8]);
    x.clearGrad();
    expect(x.grad).toBe(null);
    engine.step(() => backward(sum(x)));
    expect(x.grad!.toArray()).toEqual([1, 1]);
  });

  test("are gathered where the last ones were; a call that fails on its way changes none", () => {
    const x = leaf(1, 2);
    engine.step(() => {
      const freed = mul(x, x);
      backward(sum(freed));
      const first = x.grad;
      x.clearGrad();
      const blocked = neg(freed);
      const loss = sum(add(blocked, mul(x, x)));
      expect(() => backward(loss)).toThrowError(/already freed/);
      expect(x.grad).toBe(null);
      backward(sum(mul(x, affine(x, 3, 0))));
      expect(x.grad).toBe(first);
    });
    expect(x.grad!.toArray()).toEqual([6, 12]);
  });

  test("a first call that fails leaves none, and the next is not added to what it wrote", () => {
    const x = leaf(1, 2);
    const carried = engine.step(() => mul(x, x));
    engine.step(() => expect(() => backward(sum(add(neg(carried), mul(x, x))))).toThrowError(/already freed/));
    expect(x.grad).toBe(null);
    engine.step(() => backward(sum(mul(x, x))));
    expect(x.grad!.toArray()).toEqual([2, 4]);
  });

  test("retainGraph lets backward run twice over the same operations", () => {
    const x = leaf(3);
    engine.step(() => {
      const loss = sum(mul(x, x));
      backward(loss, { retainGraph: true });
      backward(loss);
    });
    expect(x.grad!.toArray()).toEqual([12]);
  });

  test("detach and keep cut the history", () => {
    const x = leaf(3);
    const kept = engine.step(() => {
      const y = mul(x, x);
      backward(sum(mul(detach(y), x)));
      return keep(y);
    });
    expect(x.grad!.toArray()).toEqual([9]);
    expect(kept.requiresGrad).toBe(false);
    expect(kept.toArray()).toEqual([9]);
  });

  test("leaves of a step have gradients in the step", () => {
    engine.step(() => {
      const x = leaf(1, 2, 3);
      backward(sum(mul(x, x)));
      expect(x.grad!.toArray()).toEqual([2, 4, 6]);
    });
  });

  test("a failed backward changes no gradient", () => {
    const x = leaf(1);
    engine.step(() => backward(sum(x)));
    const carried = engine.step(() => mul(x, x));
    engine.step(() => expect(() => backward(sum(add(mul(x, x), carried)))).toThrowError(/already freed/));
    expect(x.grad!.toArray()).toEqual([1]);
  });
});
