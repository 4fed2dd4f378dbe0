import { describe, expect, test } from "vitest";
import { createCells } from "../../src/engine/js/cell.js";
import {
  gruBlendUnit,
  gruBlendUnitGrad,
  gruResetUnit,
  gruResetUnitGrad,
  gruUnit,
  gruUnitGrad,
  lstmUnit,
  lstmUnitGrad,
} from "../reference/cells.js";
import { createRigs, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createCells);
const EPS = 2 ** -23;
/** Every hidden size 1 … 67, batches 1 … 4, row gaps 0 … 3. */
const shapes = Array.from({ length: 67 }, (_, i) => ({ hidden: i + 1, rows: (i % 4) + 1, gap: i % 4, skew: (i * 7) & 3 }));

function close(got: number, want: number, scale: number, what: string): void {
  if (!(Math.abs(got - want) <= 16 * EPS * scale)) throw new Error(`${what}: got ${got}, wanted ${want} ± ${16 * EPS * scale}`);
}

describe("Elman cell", () => {
  for (const [mode, f, slope] of [
    [0, Math.tanh, (h: number) => 1 - h * h],
    [1, (x: number) => Math.max(x, 0), (h: number) => (h > 0 ? 1 : 0)],
  ] as const) {
    test(`${mode === 0 ? "tanh" : "relu"}: forward and backward equal float64 for every size`, () => {
      for (const { hidden, rows, gap, skew } of shapes) {
        const n = rows * hidden;
        const ld = hidden + gap;
        const [z, dh, dOut] = [randomFloats(n, hidden, 3), randomFloats(n, hidden + 1), randomFloats(rows * ld, hidden + 2)];
        const [h, dz, alone] = sameBits(rigs, (rig) => {
          const [out, grad, grad2] = [rig.blank(rows * ld, skew), rig.blank(n, 1), rig.f32(dh, 3)];
          rig.kernels.rnnCell(out, rig.f32(z, 2), rows, hidden, ld, mode);
          rig.kernels.rnnCellGrad(grad, rig.f32(dh, 1), rig.f32(dOut, 2), out, rows, hidden, ld, ld, mode);
          rig.kernels.rnnCellGrad(grad2, grad2, 0, out, rows, hidden, 0, ld, mode);
          return [
            [out, rows * ld],
            [grad, n],
            [grad2, n],
          ];
        });
        for (let i = 0; i < n; i++) {
          const at = Math.floor(i / hidden) * ld + (i % hidden);
          close(h![at]!, f(z[i]!), 1, `h[${i}] of size ${hidden}`);
          close(dz![i]!, (dh[i]! + dOut[at]!) * slope(h![at]!), 2, `dz[${i}] of size ${hidden}`);
          close(alone![i]!, dh[i]! * slope(h![at]!), 1, `dz without dOut [${i}] of size ${hidden}`);
        }
        for (let i = 0; i < rows * ld; i++)
          if (i % ld >= hidden) expect(Number.isNaN(h![i]), "the gap between rows was written").toBe(true);
      }
    });
  }
});

test("LSTM cell: forward and backward equal float64 for every size", () => {
  for (const { hidden, rows, gap, skew } of shapes) {
    const n = rows * hidden;
    const ld = hidden + gap;
    const [pre, cPrev] = [randomFloats(4 * n, hidden, 4), randomFloats(n, hidden + 1, 2)];
    const [dh, dOut, dc] = [randomFloats(n, hidden + 2), randomFloats(rows * ld, hidden + 3), randomFloats(n, hidden + 4)];
    const [gates, h, c, dPre, dcPrev] = sameBits(rigs, (rig) => {
      const [act, out, cell, tanhC] = [rig.f32(pre, skew), rig.blank(rows * ld, 1), rig.blank(n, 2), rig.blank(n, 3)];
      const before = rig.f32(cPrev, skew);
      rig.kernels.lstmCell(out, cell, tanhC, act, before, rows, hidden, ld);
      const [grads, back] = [rig.blank(4 * n, 1), rig.f32(dc, 2)];
      rig.kernels.lstmCellGrad(grads, back, rig.f32(dh, 3), rig.f32(dOut), act, before, tanhC, rows, hidden, ld);
      return [
        [act, 4 * n],
        [out, rows * ld],
        [cell, n],
        [grads, 4 * n],
        [back, n],
      ];
    });
    for (let i = 0; i < n; i++) {
      const [row, j] = [Math.floor(i / hidden), i % hidden];
      const at = row * ld + j;
      const own = [0, 1, 2, 3].map((g) => row * 4 * hidden + g * hidden + j);
      const unit = lstmUnit(
        own.map((k) => pre[k]!),
        cPrev[i]!,
      );
      const grad = lstmUnitGrad(
        own.map((k) => pre[k]!),
        cPrev[i]!,
        dh[i]! + dOut[at]!,
        dc[i]!,
      );
      close(h![at]!, unit.h, 1, `h[${i}] of size ${hidden}`);
      close(c![i]!, unit.c, 3, `c[${i}] of size ${hidden}`);
      close(dcPrev![i]!, grad.dcPrev, 3, `dcPrev[${i}] of size ${hidden}`);
      own.forEach((k, g) => {
        close(gates![k]!, unit.gates[g]!, 1, `gate ${g}[${i}] of size ${hidden}`);
        close(dPre![k]!, grad.dPre[g]!, 4, `dGate ${g}[${i}] of size ${hidden}`);
      });
    }
  }
});

test("LSTM cell: c may be cPrev, and tanhC may be absent", () => {
  const [rows, hidden] = [3, 7];
  const [pre, cPrev] = [randomFloats(4 * rows * hidden, 1, 4), randomFloats(rows * hidden, 2)];
  const [h, c, apartH, apartC] = sameBits(rigs, (rig) => {
    const [h1, c1, h2, c2] = [rig.blank(21), rig.f32(cPrev), rig.blank(21), rig.blank(21)];
    rig.kernels.lstmCell(h1, c1, 0, rig.f32(pre), c1, rows, hidden, hidden);
    rig.kernels.lstmCell(h2, c2, rig.blank(21), rig.f32(pre), rig.f32(cPrev), rows, hidden, hidden);
    return [
      [h1, 21],
      [c1, 21],
      [h2, 21],
      [c2, 21],
    ];
  });
  expect(h).toEqual(apartH);
  expect(c).toEqual(apartC);
});

test("GRU cell: forward and backward equal float64 for every size", () => {
  for (const { hidden, rows, gap, skew } of shapes) {
    const n = rows * hidden;
    const ld = hidden + gap;
    const [pre, hn, hPrev] = [randomFloats(3 * n, hidden, 4), randomFloats(n, hidden + 1, 2), randomFloats(rows * ld, hidden + 2)];
    const [dh, dOut] = [randomFloats(n, hidden + 3), randomFloats(rows * ld, hidden + 4)];
    const [gates, h, dPre, dHn, dhPrev] = sameBits(rigs, (rig) => {
      const [act, out, hidden_] = [rig.f32(pre, skew), rig.blank(rows * ld, 1), rig.f32(hn, 2)];
      const before = rig.f32(hPrev, 3);
      rig.kernels.gruCell(out, act, hidden_, before, rows, hidden, ld, ld);
      const [grads, gradHn, back] = [rig.blank(3 * n, 1), rig.blank(n, 2), rig.f32(dh, 3)];
      rig.kernels.gruCellGrad(grads, gradHn, back, rig.f32(dOut), act, hidden_, before, rows, hidden, ld, ld);
      return [
        [act, 3 * n],
        [out, rows * ld],
        [grads, 3 * n],
        [gradHn, n],
        [back, n],
      ];
    });
    for (let i = 0; i < n; i++) {
      const [row, j] = [Math.floor(i / hidden), i % hidden];
      const at = row * ld + j;
      const own = [0, 1, 2].map((g) => row * 3 * hidden + g * hidden + j);
      const unit = gruUnit(
        own.map((k) => pre[k]!),
        hn[i]!,
        hPrev[at]!,
      );
      const grad = gruUnitGrad(
        own.map((k) => pre[k]!),
        hn[i]!,
        hPrev[at]!,
        dh[i]! + dOut[at]!,
      );
      close(h![at]!, unit.h, 2, `h[${i}] of size ${hidden}`);
      close(dHn![i]!, grad.dHn, 4, `dHn[${i}] of size ${hidden}`);
      close(dhPrev![i]!, grad.dhPrev, 4, `dhPrev[${i}] of size ${hidden}`);
      own.forEach((k, g) => {
        close(gates![k]!, unit.gates[g]!, 1, `gate ${g}[${i}] of size ${hidden}`);
        close(dPre![k]!, grad.dPre[g]!, 8, `dGate ${g}[${i}] of size ${hidden}`);
      });
    }
  }
});

test("GRU that resets before the product: both halves, forward and backward, equal float64 for every size", () => {
  for (const { hidden, rows, gap, skew } of shapes) {
    const n = rows * hidden;
    const ld = hidden + gap;
    const [pre, hPrev] = [randomFloats(3 * n, hidden, 4), randomFloats(rows * ld, hidden + 1)];
    const [dh, dOut, dRh] = [randomFloats(n, hidden + 2), randomFloats(rows * ld, hidden + 3), randomFloats(n, hidden + 4)];
    const [gates, rh, h, dPre, dhBlend, dhBoth, alone, dhAlone] = sameBits(rigs, (rig) => {
      const [act, reset, out, before] = [rig.f32(pre, skew), rig.blank(n, 1), rig.blank(rows * ld, 2), rig.f32(hPrev, 3)];
      rig.kernels.gruReset(reset, act, before, rows, hidden, ld);
      rig.kernels.gruBlend(out, act, before, rows, hidden, ld, ld);
      const [grads, back, only, backOnly] = [rig.blank(3 * n, 1), rig.f32(dh, 2), rig.blank(3 * n, 3), rig.f32(dh, 1)];
      rig.kernels.gruBlendGrad(grads, back, rig.f32(dOut, 1), act, before, rows, hidden, ld, ld);
      rig.kernels.gruBlendGrad(only, backOnly, 0, act, before, rows, hidden, 0, ld);
      const both = rig.f32(rig.read(back, n), skew);
      rig.kernels.gruResetGrad(grads, both, rig.f32(dRh, skew), act, before, rows, hidden, ld);
      return [
        [act, 3 * n],
        [reset, n],
        [out, rows * ld],
        [grads, 3 * n],
        [back, n],
        [both, n],
        [only, 3 * n],
        [backOnly, n],
      ];
    });
    for (let i = 0; i < n; i++) {
      const [row, j] = [Math.floor(i / hidden), i % hidden];
      const at = row * ld + j;
      const [r, z, fresh] = [0, 1, 2].map((g) => row * 3 * hidden + g * hidden + j) as [number, number, number];
      const first = gruResetUnit([pre[r]!, pre[z]!], hPrev[at]!);
      const second = gruBlendUnit(first.gates[1], pre[fresh]!, hPrev[at]!);
      const grad = gruBlendUnitGrad(first.gates[1], second.fresh, hPrev[at]!, dh[i]! + dOut[at]!);
      const own = gruBlendUnitGrad(first.gates[1], second.fresh, hPrev[at]!, dh[i]!);
      const reset = gruResetUnitGrad(first.gates[0], hPrev[at]!, dRh[i]!);
      const expected = [
        [gates![r]!, first.gates[0], "r"],
        [gates![z]!, first.gates[1], "z"],
        [gates![fresh]!, second.fresh, "n"],
        [rh![i]!, first.rh, "rh"],
        [h![at]!, second.h, "h"],
        [dPre![r]!, reset.dr, "dr"],
        [dPre![z]!, grad.dz, "dz"],
        [dPre![fresh]!, grad.dn, "dn"],
        [dhBlend![i]!, grad.dhPrev, "dh"],
        [dhBoth![i]!, grad.dhPrev + reset.dhPrev, "dh with the reset's part"],
        [alone![z]!, own.dz, "dz without dOut"],
        [alone![fresh]!, own.dn, "dn without dOut"],
        [dhAlone![i]!, own.dhPrev, "dh without dOut"],
      ] as const;
      for (const [got, want, what] of expected) close(got, want, 4, `${what}[${i}] of size ${hidden}`);
      expect(Number.isNaN(alone![r]!), "the blend's gradient wrote gate r").toBe(true);
    }
    for (let i = 0; i < rows * ld; i++) if (i % ld >= hidden) expect(Number.isNaN(h![i]), "the gap between rows was written").toBe(true);
  }
});

test("GRU that resets before the product: h may be hPrev", () => {
  const [rows, hidden] = [3, 7];
  const [pre, hPrev] = [randomFloats(3 * rows * hidden, 1, 4), randomFloats(rows * hidden, 2)];
  const [inPlace, apart] = sameBits(rigs, (rig) => {
    const [own, before, out] = [rig.f32(hPrev), rig.f32(hPrev), rig.blank(21)];
    rig.kernels.gruBlend(own, rig.f32(pre), own, rows, hidden, hidden, hidden);
    rig.kernels.gruBlend(out, rig.f32(pre), before, rows, hidden, hidden, hidden);
    return [
      [own, 21],
      [out, 21],
    ];
  });
  expect(inPlace).toEqual(apart);
});

test("gradients may overwrite the gates they read", () => {
  const [rows, hidden] = [2, 9];
  const n = rows * hidden;
  const data = (k: number, seed: number) => randomFloats(k, seed).map((u) => (u + 1) / 2);
  const outputs = sameBits(rigs, (rig) => {
    const [gates, inPlace, grads] = [rig.f32(data(4 * n, 1)), rig.f32(data(4 * n, 1)), rig.blank(4 * n)];
    const [dh, c, tanhC] = [rig.f32(data(n, 2)), rig.f32(data(n, 3)), rig.f32(data(n, 4))];
    rig.kernels.lstmCellGrad(grads, rig.f32(data(n, 5)), dh, 0, gates, c, tanhC, rows, hidden, 0);
    rig.kernels.lstmCellGrad(inPlace, rig.f32(data(n, 5)), dh, 0, inPlace, c, tanhC, rows, hidden, 0);
    return [
      [grads, 4 * n],
      [inPlace, 4 * n],
    ];
  });
  expect(outputs[1]).toEqual(outputs[0]);
});

describe("gradients below 2^-100", () => {
  /** Gate gradients of every cell, from dh and dc of one size; gates at 0.5, states at 0.5. */
  const gradients = (size: number) => {
    const [rows, hidden] = [2, 7];
    const n = rows * hidden;
    const half = (count: number) => new Float32Array(count).fill(0.5);
    return sameBits(rigs, (rig) => {
      const [act, state, out] = [
        rig.f32(half(4 * n)),
        rig.f32(half(n), 1),
        [rig.blank(4 * n, 2), rig.blank(3 * n, 1), rig.blank(3 * n), rig.blank(n)],
      ];
      const given = () => rig.f32(new Float32Array(n).fill(size), 3);
      const [dc, dh, dhBefore, dHn] = [given(), given(), given(), rig.blank(n)];
      const dRh = given();
      rig.kernels.lstmCellGrad(out[0]!, dc, given(), 0, act, state, state, rows, hidden, 0);
      rig.kernels.gruCellGrad(out[1]!, dHn, dh, 0, act, state, state, rows, hidden, 0, hidden);
      rig.kernels.gruBlendGrad(out[2]!, dhBefore, 0, act, rig.f32(new Float32Array(n)), rows, hidden, 0, hidden);
      rig.kernels.gruResetGrad(out[2]!, dhBefore, dRh, act, state, rows, hidden, hidden);
      rig.kernels.rnnCellGrad(out[3]!, given(), 0, state, rows, hidden, 0, hidden, 0);
      return [
        [out[0]!, 4 * n],
        [dc, n],
        [out[1]!, 3 * n],
        [dHn, n],
        [dh, n],
        [out[2]!, 3 * n],
        [out[3]!, n],
      ] as const;
    });
  };
  const all = (size: number) => gradients(size).flatMap((part) => Array.from(part));

  test("are 0, those above are not, and a NaN stays", () => {
    expect(all(2 ** -101)).toEqual(all(0).map(() => 0));
    for (const value of all(2 ** -90)) expect(Math.abs(value) === 0 || Math.abs(value) >= 2 ** -100).toBe(true);
    expect(all(2 ** -90).filter((value) => value !== 0).length).toBeGreaterThan(all(0).length / 2);
    expect(all(Number.NaN).filter(Number.isNaN).length).toBeGreaterThan(all(0).length / 2);
  });
});
