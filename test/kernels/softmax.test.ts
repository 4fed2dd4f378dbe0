import { describe, expect, test } from "vitest";
import { createSoftmax } from "../../src/engine/js/softmax.js";
import { crossEntropyRow, logSoftmaxRow } from "../reference/softmax.js";
import { createRigs, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createSoftmax);
const EPS = 2 ** -23;
const widths = Array.from({ length: 67 }, (_, i) => i + 1);

function close(got: number, want: number, scale: number, what: string): void {
  if (!(Math.abs(got - want) <= 8 * EPS * scale)) throw new Error(`${what}: got ${got}, wanted ${want} ± ${8 * EPS * scale}`);
}

describe("softmax and log-softmax", () => {
  test("every width equals float64; rows sum to 1; the gradients too", () => {
    for (const n of widths) {
      const rows = (n % 3) + 1;
      const size = rows * n;
      const [x, dy] = [randomFloats(size, n, 8), randomFloats(size, n + 1)];
      const [p, logp, dp, dlog] = sameBits(rigs, (rig) => {
        const [input, g] = [rig.f32(x, n & 3), rig.f32(dy, 1)];
        const [a, b, da, db] = [rig.blank(size, 1), rig.blank(size, 2), rig.blank(size, 3), rig.blank(size)];
        rig.kernels.softmax(a, input, rows, n);
        rig.kernels.logSoftmax(b, input, rows, n);
        rig.kernels.softmaxGrad(da, g, a, rows, n, 0);
        rig.kernels.logSoftmaxGrad(db, g, b, rows, n, 0);
        return [a, b, da, db].map((ptr) => [ptr, size] as const);
      });
      for (let r = 0; r < rows; r++) {
        const want = logSoftmaxRow(x.subarray(r * n, (r + 1) * n));
        const g = dy.subarray(r * n, (r + 1) * n);
        const dot = want.reduce((sum, v, c) => sum + Math.exp(v) * g[c]!, 0);
        const total = g.reduce((sum, v) => sum + v, 0);
        want.forEach((v, c) => {
          const at = r * n + c;
          close(p![at]!, Math.exp(v), 1, `softmax[${at}] of width ${n}`);
          close(logp![at]!, v, 16, `logSoftmax[${at}] of width ${n}`);
          close(dp![at]!, Math.exp(v) * (g[c]! - dot), 2, `softmaxGrad[${at}] of width ${n}`);
          close(dlog![at]!, g[c]! - Math.exp(v) * total, n, `logSoftmaxGrad[${at}] of width ${n}`);
        });
      }
    }
  });

  test("huge logits, masked classes and impossible rows are as PyTorch's", () => {
    const rows = [
      [1e30, -1e30, 1e30, 0],
      [-Infinity, 2, -Infinity, 2],
      [NaN, 1, 2, 3],
      [Infinity, 1, 2, 3],
      [-Infinity, -Infinity, -Infinity, -Infinity],
    ];
    const [p, logp] = sameBits(rigs, (rig) => {
      const x = rig.f32(rows.flat());
      const [a, b] = [rig.blank(20), rig.blank(20)];
      rig.kernels.softmax(a, x, 5, 4);
      rig.kernels.logSoftmax(b, x, 5, 4);
      return [
        [a, 20],
        [b, 20],
      ];
    });
    expect([...p!.slice(0, 8)]).toEqual([0.5, 0, 0.5, 0, 0, 0.5, 0, 0.5]);
    expect(p!.slice(8).every(Number.isNaN)).toBe(true);
    expect(logp![4]).toBe(-Infinity);
    expect(logp![5]).toBeCloseTo(-Math.LN2, 6);
  });

  test("a gradient is added to beta times what is there, and may overwrite dy when beta is 0", () => {
    const [rows, n] = [2, 11];
    const [x, dy, before] = [randomFloats(22, 1, 3), randomFloats(22, 2), randomFloats(22, 3)];
    for (const [forward, backward] of [
      ["softmax", "softmaxGrad"],
      ["logSoftmax", "logSoftmaxGrad"],
    ] as const) {
      const [fresh, added, inPlace] = sameBits(rigs, (rig) => {
        const [y, a, b, c] = [rig.blank(22), rig.blank(22), rig.f32(before), rig.f32(dy)];
        rig.kernels[forward](y, rig.f32(x), rows, n);
        rig.kernels[backward](a, rig.f32(dy), y, rows, n, 0);
        rig.kernels[backward](b, rig.f32(dy), y, rows, n, -2);
        rig.kernels[backward](c, c, y, rows, n, 0);
        return [a, b, c].map((ptr) => [ptr, 22] as const);
      });
      expect(inPlace).toEqual(fresh);
      added!.forEach((v, i) => void close(v, -2 * before[i]! + fresh![i]!, 4, `${backward}[${i}]`));
    }
  });
});

describe("cross-entropy", () => {
  for (const smoothing of [0, 0.1]) {
    for (const weighted of [false, true]) {
      test(`smoothing ${smoothing}, ${weighted ? "class weights" : "no weights"}: losses and gradients equal float64, ignored rows give 0`, () => {
        for (const n of widths) {
          const rows = 5;
          const logits = randomFloats(rows * n, n, 6);
          const weights = weighted ? randomFloats(n, n + 1).map((u) => u + 1.5) : new Float32Array(n).fill(1);
          const targets = Int32Array.from({ length: rows }, (_, r) => (r === 3 ? -100 : (r * 7) % n));
          const coef = randomFloats(rows, n + 2);
          const [loss, logp, dx] = sameBits(rigs, (rig) => {
            const [a, b, c] = [rig.blank(rows, 1), rig.blank(rows * n, n & 3), rig.blank(rows * n, 2)];
            const w = weighted ? rig.f32(weights, 3) : 0;
            const t = rig.i32(targets);
            rig.kernels.crossEntropy(a, b, rig.f32(logits, 1), t, w, rows, n, -100, smoothing);
            rig.kernels.crossEntropyGrad(c, b, t, w, rig.f32(coef), rows, n, -100, smoothing, 0);
            return [
              [a, rows],
              [b, rows * n],
              [c, rows * n],
            ];
          });
          for (let r = 0; r < rows; r++) {
            const row = logits.subarray(r * n, (r + 1) * n);
            if (r === 3) {
              expect(loss![r]).toBe(0);
              expect(dx!.slice(r * n, (r + 1) * n).every((v) => v === 0)).toBe(true);
              continue;
            }
            const want = crossEntropyRow(row, targets[r]!, weights, Math.fround(smoothing));
            close(loss![r]!, want.loss, 40, `loss[${r}] of width ${n}`);
            close(logp![r * n]!, logSoftmaxRow(row)[0]!, 16, `logp of width ${n}`);
            want.grad.forEach((g, c) => void close(dx![r * n + c]!, coef[r]! * g, 4, `dx[${r}, ${c}] of width ${n}`));
          }
        }
      });
    }
  }
});
