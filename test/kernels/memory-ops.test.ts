import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCopy } from "../../src/engine/js/copy.js";
import { createEmbedding } from "../../src/engine/js/embedding.js";
import { createReduce } from "../../src/engine/js/reduce.js";
import { createRigs, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs((heap) => ({ ...createCopy(heap), ...createEmbedding(heap), ...createReduce(heap) }));
const small = fc.integer({ min: 1, max: 21 });

describe("strided copies", () => {
  const stride = fc.constantFrom("dense" as const, "transposed" as const, "gaps" as const);
  const shape = fc.record({
    rows: small,
    cols: small,
    to: stride,
    from: fc.oneof(stride, fc.constantFrom("repeat rows" as const, "repeat columns" as const)),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });
  const strides = (kind: string, rows: number, cols: number): [row: number, col: number, size: number] => {
    if (kind === "dense") return [cols, 1, rows * cols];
    if (kind === "transposed") return [1, rows, rows * cols];
    if (kind === "repeat rows") return [0, 1, cols];
    if (kind === "repeat columns") return [1, 0, rows];
    return [3 * cols + 2, 3, rows * (3 * cols + 2)];
  };

  test("every element lands at its place, nothing else is written, and the sum is added", () => {
    fc.assert(
      fc.property(shape, ({ rows, cols, to, from, seed }) => {
        const [yRow, yCol, ySize] = strides(to, rows, cols);
        const [xRow, xCol, xSize] = strides(from, rows, cols);
        const [x, y] = [randomFloats(xSize, seed), randomFloats(ySize, seed + 1)];
        const [copied, added] = sameBits(rigs, (rig) => {
          const [a, b, input] = [rig.f32(y, 1), rig.f32(y, 2), rig.f32(x, 3)];
          rig.kernels.copyStrided(a, input, rows, cols, yRow, yCol, xRow, xCol);
          rig.kernels.addStrided(b, input, rows, cols, yRow, yCol, xRow, xCol);
          return [
            [a, ySize],
            [b, ySize],
          ];
        });
        const wantCopy = y.slice();
        const wantSum = y.slice();
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < cols; c++) {
            wantCopy[r * yRow + c * yCol] = x[r * xRow + c * xCol]!;
            wantSum[r * yRow + c * yCol]! += x[r * xRow + c * xCol]!;
          }
        }
        expect(copied).toEqual(wantCopy);
        expect(added).toEqual(wantSum);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test("a copy keeps the bits of NaN payloads and integers", () => {
    const words = [0x7fc0dead, -1, 0x7f800001, 5, 1 << 31];
    for (const rig of rigs.all) {
      rig.reset();
      for (const xCol of [1, 2]) {
        const out = rig.blank(5);
        const from = rig.i32(xCol === 1 ? words : words.flatMap((word) => [word, 0]));
        rig.kernels.copyStrided(out, from, 1, 5, 5, 1, 10, xCol);
        expect([...rig.readI32(out, 5)], rig.name).toEqual(words);
      }
    }
  });
});

describe("rows of a table", () => {
  test("gather reads and scatter adds rows of any width, ids in any order and repeated", () => {
    for (let dim = 1; dim <= 67; dim++) {
      const [vocabulary, count] = [7, 11];
      const ldx = dim + (dim % 3);
      const table = randomFloats(vocabulary * dim, dim);
      const x = randomFloats(count * ldx, dim + 1);
      const ids = Int32Array.from({ length: count }, (_, i) => (i * i + dim) % vocabulary);
      const [rows, sums] = sameBits(rigs, (rig) => {
        const [out, into, at] = [rig.blank(count * ldx, dim & 3), rig.f32(table, 1), rig.i32(ids)];
        rig.kernels.gatherRows(out, rig.f32(table, 2), at, count, dim, ldx);
        rig.kernels.scatterAddRows(into, rig.f32(x, 3), at, count, dim, ldx, 2);
        return [
          [out, count * ldx],
          [into, vocabulary * dim],
        ];
      });
      const want = table.slice();
      for (let i = 0; i < count; i++) {
        expect(rows!.slice(i * ldx, i * ldx + dim)).toEqual(table.slice(ids[i]! * dim, ids[i]! * dim + dim));
        if (ids[i] !== 2) for (let j = 0; j < dim; j++) want[ids[i]! * dim + j]! += x[i * ldx + j]!;
      }
      expect(sums, `width ${dim}`).toEqual(want);
    }
  });
});

describe("reductions", () => {
  const shape = fc.record({
    outer: fc.integer({ min: 1, max: 4 }),
    n: fc.integer({ min: 1, max: 700 }),
    inner: fc.integer({ min: 1, max: 13 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });

  test("sums and maxima over the middle axis equal float64 within the bound of their blocks", () => {
    fc.assert(
      fc.property(shape, ({ outer, n, inner, seed }) => {
        const [x, before] = [randomFloats(outer * n * inner, seed), randomFloats(outer * inner, seed + 1)];
        const size = outer * inner;
        const [sums, fresh, largest] = sameBits(rigs, (rig) => {
          const [a, b, c] = [rig.f32(before, 1), rig.blank(size, 2), rig.blank(size, 3)];
          const input = rig.f32(x, seed & 3);
          rig.kernels.reduceSum(a, input, outer, n, inner, 0.5, 2);
          rig.kernels.reduceSum(b, input, outer, n, inner, 1, 0);
          const index = rig.blank(size);
          rig.kernels.reduceMax(c, index, input, outer, n, inner);
          const at = rig.readI32(index, size);
          at.forEach((place, i) => {
            const [o, j] = [Math.floor(i / inner), i % inner];
            expect(x[(o * n + place) * inner + j], "the value at the index").toBe(rig.read(c, size)[i]);
          });
          return [a, b, c].map((ptr) => [ptr, size] as const);
        });
        for (let i = 0; i < size; i++) {
          const [o, j] = [Math.floor(i / inner), i % inner];
          const column = Array.from({ length: n }, (_, k) => x[(o * n + k) * inner + j]!);
          const want = column.reduce((sum, v) => sum + v, 0);
          const bound = (256 + n / 64) * 2 ** -24 * column.reduce((sum, v) => sum + Math.abs(v), 1);
          expect(Math.abs(fresh![i]! - want)).toBeLessThanOrEqual(bound);
          expect(Math.abs(sums![i]! - (2 * before[i]! + 0.5 * want))).toBeLessThanOrEqual(2 * bound);
          expect(largest![i]).toBe(Math.max(...column));
        }
      }),
      { seed: 8, numRuns: 200 },
    );
  });

  test("the first NaN is the maximum, the first of equal maxima counts", () => {
    for (const rig of rigs.all) {
      rig.reset();
      const [value, index] = [rig.blank(2), rig.blank(2)];
      rig.kernels.reduceMax(value, index, rig.f32([3, NaN, 9, NaN, 2, 7, 7, 1]), 2, 4, 1);
      expect([...rig.read(value, 2)], rig.name).toEqual([NaN, 7]);
      expect([...rig.readI32(index, 2)], rig.name).toEqual([1, 1]);
    }
  });

  test("sumSquares equals float64 for every size, and neither overflows nor underflows in float32's range", () => {
    for (const n of [...Array.from({ length: 67 }, (_, i) => i + 1), 1023, 1024, 1025, 5000]) {
      const x = randomFloats(n, n).map((u, i) => u * (i % 5 === 0 ? 1e30 : 1e-30));
      const want = x.reduce((sum, v) => sum + v * v, 0);
      const got = rigs.all.map((rig) => {
        rig.reset();
        return rig.kernels.sumSquares(rig.f32(x, n & 3), n);
      });
      expect(got[1], `bits of size ${n}`).toBe(got[0]);
      expect(Math.abs(got[0]! - want)).toBeLessThanOrEqual(n * 2 ** -53 * want);
    }
  });

  test("sumSquaresRows has the bits of sumSquares over the matrix with zeros between the rows", () => {
    const table = fc.record({
      dim: fc.constantFrom(1, 2, 3, 5, 64, 67, 300, 1024, 1500),
      rows: fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(table, ({ dim, rows, seed }) => {
        rows.sort((a, b) => a - b);
        const values = randomFloats(rows.length * dim, seed).map((u, i) => u * (i % 7 === 0 ? 1e15 : 1e-15));
        const dense = new Float32Array(61 * dim);
        rows.forEach((row, i) => void dense.set(values.subarray(i * dim, (i + 1) * dim), row * dim));
        for (const rig of rigs.all) {
          rig.reset();
          const got = rig.kernels.sumSquaresRows(rig.f32(values, seed & 3), rig.i32(rows), rows.length, dim);
          expect(got, rig.name).toBe(rig.kernels.sumSquares(rig.f32(dense), dense.length));
        }
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});
