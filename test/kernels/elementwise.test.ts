import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createElementwise } from "../../src/engine/js/elementwise.js";
import type { Kernels } from "../../src/engine/kernels.js";
import { BINARY, UNARY, UNARY_GRADIENTS } from "../reference/elementwise.js";
import { createRigs, randomFloats, sameBits, worstUlp } from "./harness.js";

const rigs = createRigs(createElementwise);

/** Sizes 1 … 67 with every alignment, inputs over some orders of magnitude. */
const sizes = Array.from({ length: 67 }, (_, i) => i + 1);
const spread = (n: number, seed: number) => randomFloats(n, seed).map((u, i) => u * [1, 10, 100, 1e-3][i & 3]!);
type UnaryKernel = (y: number, x: number, n: number) => void;
type BinaryKernel = (y: number, a: number, b: number, n: number) => void;
type GradientKernel = (dx: number, dy: number, v: number, n: number, beta: number) => void;
const pick = <T>(kernels: Kernels, name: string) => kernels[name as keyof Kernels] as unknown as T;

describe("maps", () => {
  for (const [name, { f, ulp, domain }] of Object.entries(UNARY)) {
    test(`${name}: sizes 1 to 67 at any alignment are within ${ulp} ulp of float64, wasm and TypeScript alike`, () => {
      for (const n of sizes) {
        const x = spread(n, n).map(domain);
        const [y] = sameBits(rigs, (rig) => {
          const out = rig.blank(n, n & 3);
          pick<UnaryKernel>(rig.kernels, name)(out, rig.f32(x, (n >> 2) & 3), n);
          return [[out, n]];
        });
        const { ulp: error, at } = worstUlp(y!, Float64Array.from(x, f));
        expect(error, `${name}(${x[at]}) = ${y![at]}, size ${n}`).toBeLessThanOrEqual(ulp);
      }
    });
  }

  test("a map may overwrite its input", () => {
    const x = spread(19, 5).map(Math.abs);
    for (const name of Object.keys(UNARY)) {
      const [apart, inPlace] = sameBits(rigs, (rig) => {
        const [out, own] = [rig.blank(19, 1), rig.f32(x, 2)];
        pick<UnaryKernel>(rig.kernels, name)(out, own, 19);
        pick<UnaryKernel>(rig.kernels, name)(own, own, 19);
        return [
          [out, 19],
          [own, 19],
        ];
      });
      expect(inPlace, name).toEqual(apart);
    }
  });
});

describe("ends of the range", () => {
  const ends = [
    0,
    -0,
    Infinity,
    -Infinity,
    NaN,
    1e-40,
    -1e-40,
    1.4e-45,
    -1.4e-45,
    88.72283,
    88.8,
    -103.9,
    -104.1,
    3.4e38,
    -3.4e38,
    1e-20,
    20,
    -20,
    9.01,
    1,
  ];
  for (const [name, { f, ulp }] of Object.entries(UNARY)) {
    test(`${name} is right at 0, ±Infinity, NaN and denormals`, () => {
      const [y] = sameBits(rigs, (rig) => {
        const out = rig.blank(ends.length);
        pick<UnaryKernel>(rig.kernels, name)(out, rig.f32(ends), ends.length);
        return [[out, ends.length]];
      });
      const want = Float64Array.from(ends, (x) => f(Math.fround(x)));
      const { ulp: error, at } = worstUlp(y!, want);
      expect(error, `${name}(${ends[at]}) = ${y![at]}, wanted ${want[at]}`).toBeLessThanOrEqual(ulp);
      if (name === "tanh" || name === "relu" || name === "sqrt") expect(Object.is(y![0], 0), `${name}(0)`).toBe(true);
      if (name === "tanh") expect(Object.is(y![1], -0), "tanh(-0)").toBe(true);
    });
  }
});

describe("pairs", () => {
  for (const [name, f] of Object.entries(BINARY)) {
    test(`${name}: every size gives the correctly rounded result, wasm and TypeScript alike`, () => {
      for (const n of sizes) {
        const [a, b] = [spread(n, n), spread(n, n + 100)];
        const [y, overA] = sameBits(rigs, (rig) => {
          const [out, left, right] = [rig.blank(n, n & 3), rig.f32(a, 1), rig.f32(b, 2)];
          pick<BinaryKernel>(rig.kernels, name)(out, left, right, n);
          pick<BinaryKernel>(rig.kernels, name)(left, left, right, n);
          return [
            [out, n],
            [left, n],
          ];
        });
        expect(y).toEqual(Float32Array.from(a, (v, i) => f(v, b[i]!)));
        expect(overA).toEqual(y);
      }
    });
  }

  test("axpby and affine round after each operation; beta 0 does not read the output", () => {
    for (const n of sizes) {
      const [x, y] = [spread(n, n), spread(n, n + 7)];
      const [scaled, fresh, moved] = sameBits(rigs, (rig) => {
        const [both, blank, out] = [rig.f32(y, n & 3), rig.blank(n, 1), rig.blank(n, 2)];
        const from = rig.f32(x, 3);
        rig.kernels.axpby(both, from, n, 0.3, -1.7);
        rig.kernels.axpby(blank, from, n, 0.3, 0);
        rig.kernels.affine(out, from, n, 0.3, 5.1);
        return [
          [both, n],
          [blank, n],
          [out, n],
        ];
      });
      const r = Math.fround;
      expect(scaled).toEqual(Float32Array.from(x, (v, i) => r(r(-1.7) * y[i]!) + r(r(0.3) * v)));
      expect(fresh).toEqual(Float32Array.from(x, (v) => r(0.3) * v));
      expect(moved).toEqual(Float32Array.from(x, (v) => r(v * r(0.3)) + r(5.1)));
    }
  });
});

describe("gradients", () => {
  for (const [name, { derivative, domain, from }] of Object.entries(UNARY_GRADIENTS)) {
    test(`${name}: dy times the derivative, added to beta times what is there`, () => {
      for (const n of sizes) {
        const x = spread(n, n).map(domain);
        const saved = Float32Array.from(x, from);
        const [dy, before] = [randomFloats(n, n + 1), randomFloats(n, n + 2)];
        const [fresh, added] = sameBits(rigs, (rig) => {
          const [blank, sum] = [rig.blank(n, n & 3), rig.f32(before, 1)];
          const [g, v] = [rig.f32(dy, 2), rig.f32(saved, 3)];
          pick<GradientKernel>(rig.kernels, name)(blank, g, v, n, 0);
          pick<GradientKernel>(rig.kernels, name)(sum, g, v, n, 0.5);
          return [
            [blank, n],
            [sum, n],
          ];
        });
        for (let i = 0; i < n; i++) {
          const want = dy[i]! * derivative(saved[i]!);
          expect(Math.abs(fresh![i]! - want), `${name}[${i}] of ${n}`).toBeLessThanOrEqual(
            4 * 2 ** -24 * Math.abs(dy[i]!) * Math.max(1, Math.abs(derivative(saved[i]!))),
          );
          expect(Math.abs(added![i]! - (0.5 * before[i]! + fresh![i]!))).toBeLessThanOrEqual(
            2 ** -22 * (Math.abs(before[i]!) + Math.abs(fresh![i]!)),
          );
        }
      }
    });
  }

  test("mulAdd is beta·y + (alpha·a)·b", () => {
    const shape = fc.record({
      n: fc.integer({ min: 1, max: 67 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
      skew: fc.integer({ min: 0, max: 3 }),
    });
    const r = Math.fround;
    fc.assert(
      fc.property(shape, ({ n, seed, skew }) => {
        const [y, a, b] = [spread(n, seed), spread(n, seed + 1), spread(n, seed + 2)];
        const [got] = sameBits(rigs, (rig) => {
          const out = rig.f32(y, skew);
          rig.kernels.mulAdd(out, rig.f32(a, 1), rig.f32(b, 2), n, -0.7, 1);
          return [[out, n]];
        });
        expect(got).toEqual(Float32Array.from(y, (v, i) => r(v) + r(r(r(-0.7) * a[i]!) * b[i]!)));
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  test("reluGrad passes the gradient where the output is NaN", () => {
    for (const rig of rigs.all) {
      rig.reset();
      const out = rig.blank(4);
      rig.kernels.reluGrad(out, rig.f32([1, 2, 3, 4]), rig.f32([NaN, 0, 5, -0]), 4, 0);
      expect([...rig.read(out, 4)], rig.name).toEqual([1, 0, 3, 0]);
    }
  });
});
