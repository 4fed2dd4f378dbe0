import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGemm } from "../../src/engine/js/gemm.js";
import { gemmReference } from "../reference/gemm.js";
import { createRelaxedRigs, createRigs, type Rig, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createGemm);
const relaxed = createRelaxedRigs();
const all = [...rigs.all, ...relaxed.all];

interface Case {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA: 0 | 1;
  readonly transB: 0 | 1;
  readonly beta: number;
  /** Elements between rows beyond the row itself. */
  readonly gap: number;
  readonly skew: number;
  readonly seed: number;
}

/** A [k, m] with row gaps as rows. */
const asRows = (a: Float32Array, m: number, k: number, lda: number) =>
  Float32Array.from({ length: m * k }, (_, i) => a[(i % k) * lda + Math.floor(i / k)]!);

/** Lays out A, B, C with row gaps; returns the plain product, the packed one, and a packed and a plain one onto a bias (gaps included). */
function run(rig: Rig, { m, n, k, transA, transB, beta, gap, skew, seed }: Case) {
  const lda = (transA ? m : k) + gap;
  const ldb = (transB ? k : n) + gap;
  const ldc = n + gap;
  const left = randomFloats((transA ? k : m) * lda, seed);
  const a = rig.f32(left, skew);
  const rows = transA ? rig.f32(asRows(left, m, k, lda), skew) : a;
  const ldr = transA ? k : lda;
  const b = rig.f32(randomFloats((transB ? n : k) * ldb, seed + 1), (skew + 1) & 3);
  const c = rig.f32(randomFloats(m * ldc, seed + 2), (skew + 2) & 3);
  const d = rig.f32(randomFloats(m * ldc, seed + 2), (skew + 3) & 3);
  const packed = rig.blank(k * ((n + 7) & ~7), skew);
  rig.kernels.gemm(c, a, b, m, n, k, lda, ldb, ldc, transA, transB, beta, rig.work);
  rig.kernels.packB(packed, b, k, n, ldb, transB);
  rig.kernels.gemmPacked(d, rows, packed, m, n, k, ldr, ldc, 0, beta, rig.work);
  const bias = randomFloats(n, seed + 3);
  const onBias = rig.f32(randomFloats(m * ldc, seed + 2), skew);
  rig.kernels.gemmPacked(onBias, rows, packed, m, n, k, ldr, ldc, rig.f32(bias, (skew + 1) & 3), beta, rig.work);
  const seeded = randomFloats(m * ldc, seed + 2).map((own, i) => bias[i % ldc] ?? own);
  const onSeeded = rig.f32(seeded, (skew + 2) & 3);
  rig.kernels.gemm(onSeeded, rows, b, m, n, k, ldr, ldb, ldc, 0, transB, 1, rig.work);
  return [c, d, onBias, onSeeded].map((ptr) => [ptr, m * ldc] as const);
}

/** Error of float32 sums of k products, each at most 1: the usual bound k·2^-24·sum|ab|, with room for the seed. */
function check(shape: Case): void {
  checkOutputs(
    shape,
    sameBits(rigs, (rig) => run(rig, shape)),
  );
  checkOutputs(
    shape,
    sameBits(relaxed, (rig) => run(rig, shape)),
  );
}

function checkOutputs(shape: Case, outputs: readonly Float32Array[]): void {
  const [plain, packed, onBias, onSeeded] = outputs as [Float32Array, Float32Array, Float32Array, Float32Array];
  const { m, n, k, gap, seed, transA, transB, beta } = shape;
  expect(packed, "packed and plain products differ").toEqual(plain);
  expect(onBias, "products onto a bias and onto rows of it differ").toEqual(onSeeded);
  const before = randomFloats(m * (n + gap), seed + 2);
  const a = randomFloats((transA ? k : m) * ((transA ? m : k) + gap), seed);
  const b = randomFloats((transB ? n : k) * ((transB ? k : n) + gap), seed + 1);
  const want = gemmReference({
    a,
    b,
    c: before,
    m,
    n,
    k,
    lda: (transA ? m : k) + gap,
    ldb: (transB ? k : n) + gap,
    ldc: n + gap,
    transA,
    transB,
    beta,
  });
  for (let i = 0; i < plain.length; i++) {
    const column = i % (n + gap);
    if (column >= n) expect(plain[i], `gap after row ${Math.floor(i / (n + gap))} was written`).toBe(before[i]);
    else if (Math.abs(plain[i]! - want.values[i]!) > (k + 2) * 2 ** -24 * want.sizes[i]!) {
      throw new Error(
        `${JSON.stringify(shape)}: [${i}] got ${plain[i]}, wanted ${want.values[i]} ± ${(k + 2) * 2 ** -24 * want.sizes[i]!}`,
      );
    }
  }
}

describe("gemm", () => {
  test("every size from 1 to 67 in one dimension, in all orientations, equals float64 within the bound", () => {
    for (let size = 1; size <= 67; size++) {
      const transA = (size & 1) as 0 | 1;
      const transB = ((size >> 1) & 1) as 0 | 1;
      const base = { transA, transB, beta: size % 3 === 0 ? 0 : 1, gap: size % 4, skew: size & 3, seed: size };
      check({ ...base, m: size, n: 9, k: 5 });
      check({ ...base, m: 5, n: size, k: 11 });
      check({ ...base, m: 3, n: 13, k: size });
      check({ ...base, m: 1, n: size, k: 67 - size + 1 });
    }
  });

  test("random shapes give the same bits in wasm and TypeScript, packed and plain", () => {
    const bit = fc.constantFrom(0 as const, 1 as const);
    const shape = fc.record({
      m: fc.integer({ min: 1, max: 40 }),
      n: fc.integer({ min: 1, max: 70 }),
      k: fc.integer({ min: 1, max: 300 }),
      transA: bit,
      transB: bit,
      beta: fc.constantFrom(0, 1, 0.5, -2),
      gap: fc.integer({ min: 0, max: 5 }),
      skew: fc.integer({ min: 0, max: 3 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(fc.property(shape, check), { seed: 3, numRuns: 400 });
  });

  test("sizes beyond every block (rows 132, depth 256, columns 1024) stay right", () => {
    check({ m: 135, n: 1037, k: 259, transA: 0, transB: 0, beta: 1, gap: 3, skew: 1, seed: 5 });
    check({ m: 140, n: 1030, k: 513, transA: 1, transB: 1, beta: 0, gap: 0, skew: 0, seed: 6 });
    check({ m: 2, n: 70, k: 513, transA: 0, transB: 1, beta: 0, gap: 1, skew: 2, seed: 7 });
  });

  test("a row has the same bits alone and in any batch", () => {
    const [n, k] = [101, 300];
    for (const rig of all) {
      rig.reset();
      const a = rig.f32(randomFloats(16 * k, 1));
      const packed = rig.blank(k * 104);
      rig.kernels.packB(packed, rig.f32(randomFloats(n * k, 2)), k, n, n, 0);
      const alone = rig.blank(16 * n);
      for (let row = 0; row < 16; row++)
        rig.kernels.gemmPacked(alone + row * n * 4, a + row * k * 4, packed, 1, n, k, k, n, 0, 0, rig.work);
      const together = rig.blank(16 * n);
      for (let rows = 2; rows <= 16; rows++) {
        rig.kernels.gemmPacked(together, a, packed, rows, n, k, k, n, 0, 0, rig.work);
        expect(rig.read(together, rows * n), `${rig.name}: ${rows} rows`).toEqual(rig.read(alone, rows * n));
      }
    }
  });

  test("k 0 scales C, or clears it without reading when beta is 0", () => {
    for (const rig of all) {
      rig.reset();
      const a = rig.blank(1);
      const c = rig.f32([1, 2, 3, 4, 5, 6]);
      rig.kernels.gemm(c, a, a, 2, 2, 0, 1, 2, 3, 0, 0, 0.5, rig.work);
      expect([...rig.read(c, 6)], rig.name).toEqual([0.5, 1, 3, 2, 2.5, 6]);
      const d = rig.f32([Number.NaN, 2, 3, 4, 5, 6]);
      rig.kernels.gemm(d, a, a, 2, 2, 0, 1, 2, 3, 0, 0, 0, rig.work);
      expect([...rig.read(d, 6)], rig.name).toEqual([0, 0, 3, 0, 0, 6]);
    }
  });

  test("beta 0 does not read C: NaN there does not spread", () => {
    for (const rig of all) {
      rig.reset();
      const a = rig.f32(randomFloats(35, 1));
      const c = rig.blank(25);
      rig.kernels.gemm(c, a, a, 5, 5, 7, 7, 5, 5, 0, 0, 0, rig.work);
      expect(rig.read(c, 25).every(Number.isFinite), rig.name).toBe(true);
    }
  });
});
