import { describe, expect, test } from "vitest";
import { createNormalize } from "../../src/engine/js/normalize.js";
import { normalizeRow, normalizeRowGrad } from "../reference/layer-norm.js";
import { createRigs, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createNormalize);
const EPS = 2 ** -23;
const widths = Array.from({ length: 67 }, (_, i) => i + 1).concat(1000);

function close(got: number, want: number, tolerance: number, what: string): void {
  if (!(Math.abs(got - want) <= tolerance)) throw new Error(`${what}: got ${got}, wanted ${want} ± ${tolerance}`);
}

describe("normalize", () => {
  test("every width equals float64 to a few units, far from zero too; so does its gradient", () => {
    for (const n of widths) {
      const rows = (n % 3) + 1;
      const size = rows * n;
      const shift = n % 2 === 0 ? 10 : 0;
      const x = randomFloats(size, n, 3).map((v) => v + shift);
      const dy = randomFloats(size, n + 1);
      const [y, scales, dx] = sameBits(rigs, (rig) => {
        const [a, s, d] = [rig.blank(size, 1), rig.blank(rows, 3), rig.blank(size, 2)];
        rig.kernels.normalize(a, s, rig.f32(x, n & 3), rows, n, 1e-5);
        rig.kernels.normalizeGrad(d, rig.f32(dy, 1), a, s, rows, n, 0);
        return [
          [a, size],
          [s, rows],
          [d, size],
        ];
      });
      for (let r = 0; r < rows; r++) {
        const row = x.subarray(r * n, (r + 1) * n);
        const want = normalizeRow(row, Math.fround(1e-5));
        const grad = normalizeRowGrad(row, dy.subarray(r * n, (r + 1) * n), Math.fround(1e-5));
        // The mean is rounded to float32: an error of |mean|·2^-24 in each deviation, times s, squared where y stands twice.
        const rounding = 8 * EPS * (1 + want.scale * (Math.abs(shift) + 3));
        close(scales![r]!, want.scale, rounding * want.scale, `scale of width ${n}`);
        want.y.forEach((v, i) => void close(y![r * n + i]!, v, rounding * (1 + Math.abs(v)), `y[${r}, ${i}] of width ${n}`));
        const most = Math.max(...want.y.map(Math.abs));
        grad.forEach(
          (v, i) => void close(dx![r * n + i]!, v, 2 * rounding * want.scale * (1 + most * most), `dx[${r}, ${i}] of width ${n}`),
        );
      }
    }
  });

  test("a row alone and in a batch gives the same bits, and y may be x", () => {
    const [rows, n] = [5, 13];
    const x = randomFloats(rows * n, 3, 4);
    const [together, inPlace, ...alone] = sameBits(rigs, (rig) => {
      const [a, own, s] = [rig.blank(rows * n), rig.f32(x), rig.blank(rows)];
      rig.kernels.normalize(a, s, rig.f32(x), rows, n, 0.5);
      rig.kernels.normalize(own, s, own, rows, n, 0.5);
      const single = Array.from({ length: rows }, (_, r) => {
        const y = rig.blank(n, r & 3);
        rig.kernels.normalize(y, rig.blank(1), rig.f32(x.subarray(r * n, (r + 1) * n)), 1, n, 0.5);
        return [y, n] as const;
      });
      return [[a, rows * n], [own, rows * n], ...single];
    });
    expect(inPlace).toEqual(together);
    alone.forEach((row, r) => void expect(row).toEqual(together!.slice(r * n, (r + 1) * n)));
  });

  test("equal values give zeros, a NaN or an infinity its own row alone", () => {
    const x = [2, 2, 2, 2, 2, 1, NaN, 3, 4, 5, 1, Infinity, 3, 4, 5, -1, 0, 1, 0, 0];
    const [y] = sameBits(rigs, (rig) => {
      const a = rig.blank(20);
      rig.kernels.normalize(a, rig.blank(4), rig.f32(x), 4, 5, 1e-5);
      return [[a, 20]];
    });
    expect([...y!.slice(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    expect(y!.slice(5, 15).every(Number.isNaN)).toBe(true);
    expect(y!.slice(15).every(Number.isFinite)).toBe(true);
  });

  test("a gradient is added to beta times what is there, and may overwrite dy or y when beta is 0", () => {
    const [rows, n] = [2, 11];
    const [x, dy, before] = [randomFloats(22, 1, 3), randomFloats(22, 2), randomFloats(22, 3)];
    const [fresh, added, overDy, overY] = sameBits(rigs, (rig) => {
      const [y, s] = [rig.blank(22), rig.blank(rows)];
      const [a, b, c] = [rig.blank(22), rig.f32(before), rig.f32(dy)];
      rig.kernels.normalize(y, s, rig.f32(x), rows, n, 1e-5);
      rig.kernels.normalizeGrad(a, rig.f32(dy), y, s, rows, n, 0);
      rig.kernels.normalizeGrad(b, rig.f32(dy), y, s, rows, n, -2);
      rig.kernels.normalizeGrad(c, c, y, s, rows, n, 0);
      rig.kernels.normalizeGrad(y, rig.f32(dy), y, s, rows, n, 0);
      return [a, b, c, y].map((ptr) => [ptr, 22] as const);
    });
    expect(overDy).toEqual(fresh);
    expect(overY).toEqual(fresh);
    added!.forEach((v, i) => void close(v, -2 * before[i]! + fresh![i]!, 4 * EPS, `dx[${i}]`));
  });
});
