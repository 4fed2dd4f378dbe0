/** Recurrent cells and their gradients in TypeScript: the twins of assembly/cell, operation by operation. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { floored, relu, sigmoid, tanh } from "./math.js";

const f = Math.fround;

/** 2^-100. */
const TINY = 7.888609052210118e-31;
/** Gradients that count as 0: see assembly/simd/tiny.ts. */
const flush = (x: number): number => floored(f(x), TINY);

type Gru = "gruCell" | "gruCellGrad";
type GruBefore = "gruReset" | "gruBlend" | "gruBlendGrad" | "gruResetGrad";
type Cells = Pick<Kernels, "rnnCell" | "rnnCellGrad" | "lstmCell" | "lstmCellGrad" | Gru | GruBefore>;

export function createCells(heap: Heap): Cells {
  return { ...rnn(heap), ...lstm(heap), ...gru(heap), ...gruBefore(heap) };
}

function rnn(heap: Heap): Pick<Kernels, "rnnCell" | "rnnCellGrad"> {
  return {
    rnnCell(h, z, rows, hidden, ldh, mode) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        const o = (h >>> 2) + r * ldh;
        const p = (z >>> 2) + r * hidden;
        if (mode === 0) for (let j = 0; j < hidden; j++) m[o + j] = tanh(m[p + j] as number);
        else for (let j = 0; j < hidden; j++) m[o + j] = relu(m[p + j] as number);
      }
    },
    rnnCellGrad(dz, dh, dOut, h, rows, hidden, ldOut, ldh, mode) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        const o = (dz >>> 2) + r * hidden;
        const p = (dh >>> 2) + r * hidden;
        const q = (dOut >>> 2) + r * ldOut;
        const s = (h >>> 2) + r * ldh;
        for (let j = 0; j < hidden; j++) {
          const g = dOut === 0 ? (m[p + j] as number) : f((m[p + j] as number) + (m[q + j] as number));
          const v = m[s + j] as number;
          m[o + j] = flush(mode === 0 ? g * f(1 - f(v * v)) : v <= 0 ? 0 : g);
        }
      }
    },
  };
}

function lstm(heap: Heap): Pick<Kernels, "lstmCell" | "lstmCellGrad"> {
  return {
    lstmCell(h, c, tanhC, gates, cPrev, rows, hidden, ldh) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        const at = r * hidden;
        const g0 = (gates >>> 2) + 4 * at;
        for (let j = 0; j < hidden; j++) {
          const g = g0 + j;
          const input = sigmoid(m[g] as number);
          const forget = sigmoid(m[g + hidden] as number);
          const candidate = tanh(m[g + 2 * hidden] as number);
          const output = sigmoid(m[g + 3 * hidden] as number);
          const cell = f(f(forget * (m[(cPrev >>> 2) + at + j] as number)) + f(input * candidate));
          const squashed = tanh(cell);
          m[g] = input;
          m[g + hidden] = forget;
          m[g + 2 * hidden] = candidate;
          m[g + 3 * hidden] = output;
          m[(c >>> 2) + at + j] = cell;
          if (tanhC !== 0) m[(tanhC >>> 2) + at + j] = squashed;
          m[(h >>> 2) + r * ldh + j] = output * squashed;
        }
      }
    },
    lstmCellGrad(dGates, dc, dh, dOut, gates, cPrev, tanhC, rows, hidden, ldOut) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < hidden; j++) {
          const at = r * hidden + j;
          const p = (gates >>> 2) + 4 * r * hidden + j;
          const d = (dGates >>> 2) + 4 * r * hidden + j;
          const through = m[(dh >>> 2) + at] as number;
          const a = dOut === 0 ? through : f(through + (m[(dOut >>> 2) + r * ldOut + j] as number));
          const i = m[p] as number;
          const forget = m[p + hidden] as number;
          const g = m[p + 2 * hidden] as number;
          const o = m[p + 3 * hidden] as number;
          const t = m[(tanhC >>> 2) + at] as number;
          const cell = f((m[(dc >>> 2) + at] as number) + f(f(a * o) * f(1 - f(t * t))));
          m[d] = flush(f(cell * g) * f(i * f(1 - i)));
          m[d + hidden] = flush(f(cell * (m[(cPrev >>> 2) + at] as number)) * f(forget * f(1 - forget)));
          m[d + 2 * hidden] = flush(f(cell * i) * f(1 - f(g * g)));
          m[d + 3 * hidden] = flush(f(a * t) * f(o * f(1 - o)));
          m[(dc >>> 2) + at] = flush(cell * forget);
        }
      }
    },
  };
}

function gru(heap: Heap): Pick<Kernels, Gru> {
  return {
    gruCell(h, gates, hn, hPrev, rows, hidden, ldh, ldhPrev) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < hidden; j++) {
          const g = (gates >>> 2) + 3 * r * hidden + j;
          const reset = sigmoid(m[g] as number);
          const update = sigmoid(m[g + hidden] as number);
          const fresh = tanh(f((m[g + 2 * hidden] as number) + f(reset * (m[(hn >>> 2) + r * hidden + j] as number))));
          const kept = f(update * (m[(hPrev >>> 2) + r * ldhPrev + j] as number));
          m[g] = reset;
          m[g + hidden] = update;
          m[g + 2 * hidden] = fresh;
          m[(h >>> 2) + r * ldh + j] = f(f(1 - update) * fresh) + kept;
        }
      }
    },
    gruCellGrad(dGates, dHn, dh, dOut, gates, hn, hPrev, rows, hidden, ldOut, ldhPrev) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < hidden; j++) {
          const at = r * hidden + j;
          const p = (gates >>> 2) + 3 * r * hidden + j;
          const d = (dGates >>> 2) + 3 * r * hidden + j;
          const through = m[(dh >>> 2) + at] as number;
          const a = dOut === 0 ? through : f(through + (m[(dOut >>> 2) + r * ldOut + j] as number));
          const reset = m[p] as number;
          const z = m[p + hidden] as number;
          const fresh = m[p + 2 * hidden] as number;
          const keep = f(1 - z);
          const dn = flush(f(a * keep) * f(1 - f(fresh * fresh)));
          m[d] = flush(f(dn * (m[(hn >>> 2) + at] as number)) * f(reset * f(1 - reset)));
          m[d + hidden] = flush(f(a * f((m[(hPrev >>> 2) + r * ldhPrev + j] as number) - fresh)) * f(z * keep));
          m[d + 2 * hidden] = dn;
          m[(dHn >>> 2) + at] = flush(dn * reset);
          m[(dh >>> 2) + at] = flush(a * z);
        }
      }
    },
  };
}

function gruBefore(heap: Heap): Pick<Kernels, GruBefore> {
  return {
    gruReset(rh, gates, hPrev, rows, hidden, ldhPrev) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        const g = (gates >>> 2) + 3 * r * hidden;
        for (let j = 0; j < 2 * hidden; j++) m[g + j] = sigmoid(m[g + j] as number);
        for (let j = 0; j < hidden; j++) {
          m[(rh >>> 2) + r * hidden + j] = (m[g + j] as number) * (m[(hPrev >>> 2) + r * ldhPrev + j] as number);
        }
      }
    },
    gruBlend(h, gates, hPrev, rows, hidden, ldh, ldhPrev) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < hidden; j++) {
          const g = (gates >>> 2) + 3 * r * hidden + j;
          const fresh = tanh(m[g + 2 * hidden] as number);
          const moved = f((m[(hPrev >>> 2) + r * ldhPrev + j] as number) - fresh);
          m[g + 2 * hidden] = fresh;
          m[(h >>> 2) + r * ldh + j] = f(moved * (m[g + hidden] as number)) + fresh;
        }
      }
    },
    gruBlendGrad(dGates, dh, dOut, gates, hPrev, rows, hidden, ldOut, ldhPrev) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < hidden; j++) {
          const at = (dh >>> 2) + r * hidden + j;
          const p = (gates >>> 2) + 3 * r * hidden + j;
          const d = (dGates >>> 2) + 3 * r * hidden + j;
          const through = m[at] as number;
          const a = dOut === 0 ? through : f(through + (m[(dOut >>> 2) + r * ldOut + j] as number));
          const z = m[p + hidden] as number;
          const fresh = m[p + 2 * hidden] as number;
          const dBlend = f(f(a * (m[(hPrev >>> 2) + r * ldhPrev + j] as number)) - f(a * fresh));
          m[d + hidden] = flush(dBlend * f(z * f(1 - z)));
          m[d + 2 * hidden] = flush(f(a - f(a * z)) * f(1 - f(fresh * fresh)));
          m[at] = flush(a * z);
        }
      }
    },
    gruResetGrad(dGates, dh, dRh, gates, hPrev, rows, hidden, ldhPrev) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < hidden; j++) {
          const at = r * hidden + j;
          const reset = m[(gates >>> 2) + 3 * r * hidden + j] as number;
          const through = m[(dRh >>> 2) + at] as number;
          const moved = f(through * (m[(hPrev >>> 2) + r * ldhPrev + j] as number));
          m[(dh >>> 2) + at] = (m[(dh >>> 2) + at] as number) + f(through * reset);
          m[(dRh >>> 2) + at] = moved;
          m[(dGates >>> 2) + 3 * r * hidden + j] = flush(moved * f(reset * f(1 - reset)));
        }
      }
    },
  };
}
