import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import { describe, expect, test } from "vitest";
import { createRigs, PAGES, type Rig, randomFloats, sameBits } from "../kernels/harness.js";

// The benchmark's kernels without SIMD do the same operations in the same order: their bits are those of the baseline.
const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
const file = new URL("../../build/wasm/scalar-plain.wasm", import.meta.url);
const { exports } = instantiateSync(readFileSync(file), { env: { memory } });
const rigs = createRigs(() => exports, memory.buffer);

describe("scalar products have the bits of the SIMD ones", () => {
  for (const [m, n, k] of [
    [1, 1, 1],
    [1, 7, 5],
    [2, 4, 3],
    [3, 9, 300],
    [13, 45, 17],
    [37, 21, 64],
    [5, 8, 4100],
  ] as const) {
    for (const transA of [0, 1] as const) {
      for (const transB of [0, 1] as const) {
        for (const beta of [0, 1, 0.5]) {
          test(`${m}x${k} · ${k}x${n}, transA ${transA}, transB ${transB}, beta ${beta}`, () => {
            const run = (rig: Rig) => {
              const lda = (transA ? m : k) + 3;
              const ldb = (transB ? k : n) + 2;
              const ldc = n + 1;
              const a = rig.f32(randomFloats((transA ? k : m) * lda, 1), 1);
              const b = rig.f32(randomFloats((transB ? n : k) * ldb, 2), 2);
              const c = rig.f32(randomFloats(m * ldc, 3), 3);
              const d = rig.f32(randomFloats(m * ldc, 3));
              const packed = rig.blank(k * ((n + 7) & ~7));
              rig.kernels.gemm(c, a, b, m, n, k, lda, ldb, ldc, transA, transB, beta, rig.work);
              rig.kernels.packB(packed, b, k, n, ldb, transB);
              if (transA) rig.kernels.gemm(d, a, b, m, n, k, lda, ldb, ldc, 1, transB, beta, rig.work);
              else rig.kernels.gemmPacked(d, a, packed, m, n, k, lda, ldc, 0, beta, rig.work);
              const [e, bias] = [rig.blank(m * ldc), rig.f32(randomFloats(n, 4), 1)];
              if (!transA) rig.kernels.gemmPacked(e, a, packed, m, n, k, lda, ldc, bias, beta, rig.work);
              return [
                [c, m * ldc],
                [d, m * ldc],
                [e, m * ldc],
              ] as const;
            };
            const [plain, packed] = sameBits(rigs, run);
            expect(packed).toEqual(plain);
          });
        }
      }
    }
  }

  test("a product of nothing is beta·C", () => {
    const run = (rig: Rig) => {
      const c = rig.f32(randomFloats(6, 3));
      rig.kernels.gemm(c, rig.f32([0]), rig.f32([0]), 2, 3, 0, 1, 3, 3, 0, 0, 0.5, rig.work);
      return [[c, 6]] as const;
    };
    const [c] = sameBits(rigs, run);
    expect(c).toEqual(randomFloats(6, 3).map((value) => value * 0.5));
  });
});

/** Random pre-activations with every special value among them. */
function gates(count: number, seed: number): Float32Array {
  const values = randomFloats(count, seed, 12);
  values.set([0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, -1e-40, 104.5, -104.6, 1e30].slice(0, count));
  return values;
}

describe("scalar cells have the bits of the SIMD ones", () => {
  for (const hidden of [1, 3, 4, 13]) {
    for (const rows of [1, 3]) {
      test(`LSTM, ${rows} rows of ${hidden}`, () => {
        sameBits(rigs, (rig) => {
          const [size, ldh] = [rows * hidden, hidden + 2];
          const g = rig.f32(gates(4 * size, 1), 1);
          const [h, c, t] = [rig.f32(randomFloats(rows * ldh, 2)), rig.blank(size), rig.blank(size)];
          rig.kernels.lstmCell(h, c, t, g, rig.f32(randomFloats(size, 3)), rows, hidden, ldh);
          return [
            [h, rows * ldh],
            [c, size],
            [t, size],
            [g, 4 * size],
          ];
        });
      });

      test(`GRU, ${rows} rows of ${hidden}`, () => {
        sameBits(rigs, (rig) => {
          const [size, ldh] = [rows * hidden, hidden + 2];
          const g = rig.f32(gates(3 * size, 1), 1);
          const h = rig.f32(randomFloats(rows * ldh, 2));
          rig.kernels.gruCell(h, g, rig.f32(randomFloats(size, 3)), rig.f32(randomFloats(size, 4)), rows, hidden, ldh, hidden);
          return [
            [h, rows * ldh],
            [g, 3 * size],
          ];
        });
      });

      for (const mode of [0, 1]) {
        test(`Elman, ${rows} rows of ${hidden}, mode ${mode}`, () => {
          sameBits(rigs, (rig) => {
            const ldh = hidden + 2;
            const h = rig.f32(randomFloats(rows * ldh, 2));
            rig.kernels.rnnCell(h, rig.f32(gates(rows * hidden, 1), 3), rows, hidden, ldh, mode);
            return [[h, rows * ldh]];
          });
        });
      }
    }
  }
});
