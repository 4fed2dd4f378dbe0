/** Softmax, log-softmax, cross-entropy and their gradients in TypeScript: the twins of assembly/softmax. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { exp, log } from "./math.js";

const f = Math.fround;

type Softmax = Pick<Kernels, "softmax" | "logSoftmax" | "softmaxGrad" | "logSoftmaxGrad" | "crossEntropy" | "crossEntropyGrad">;

export function createSoftmax(heap: Heap): Softmax {
  return { ...forward(heap), ...backward(heap), ...crossEntropy(heap) };
}

// In the helpers x, y, … are element indices. Every sum has four lanes, lane j takes elements j, j+4, …; `lane` ends it.

function lane(l0: number, l1: number, l2: number, l3: number): number {
  return f(f(l0 + l1) + f(l2 + l3));
}

function rowMax(m: Float32Array, x: number, n: number): number {
  let top = -Infinity;
  for (let i = 0; i < n; i++) top = Math.max(top, m[x + i] as number);
  return top;
}

/** sum of term(i), i < n. */
function laneSum(n: number, term: (i: number) => number): number {
  const lanes = [0, 0, 0, 0] as [number, number, number, number];
  for (let i = 0; i < n; i++) lanes[i & 3] = f((lanes[i & 3] as number) + term(i));
  return lane(lanes[0], lanes[1], lanes[2], lanes[3]);
}

/** sum(exp(x - top)); with y >= 0 the terms are stored there. */
function expSum(m: Float32Array, y: number, x: number, n: number, top: number): number {
  let l0 = 0;
  let l1 = 0;
  let l2 = 0;
  let l3 = 0;
  for (let i = 0; i < n; i++) {
    const e = exp(f((m[x + i] as number) - top));
    if (y >= 0) m[y + i] = e;
    const j = i & 3;
    if (j === 0) l0 = f(l0 + e);
    else if (j === 1) l1 = f(l1 + e);
    else if (j === 2) l2 = f(l2 + e);
    else l3 = f(l3 + e);
  }
  return lane(l0, l1, l2, l3);
}

function logSoftmaxRow(m: Float32Array, y: number, x: number, n: number): void {
  const top = rowMax(m, x, n);
  const logSum = log(expSum(m, -1, x, n, top));
  for (let i = 0; i < n; i++) m[y + i] = f((m[x + i] as number) - top) - logSum;
}

function forward(heap: Heap): Pick<Kernels, "softmax" | "logSoftmax"> {
  return {
    softmax(y, x, rows, n) {
      const m = heap.f32;
      for (let r = 0, o = y >>> 2, p = x >>> 2; r < rows; r++, o += n, p += n) {
        const sum = expSum(m, o, p, n, rowMax(m, p, n));
        for (let i = 0; i < n; i++) m[o + i] = (m[o + i] as number) / sum;
      }
    },
    logSoftmax(y, x, rows, n) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) logSoftmaxRow(m, (y >>> 2) + r * n, (x >>> 2) + r * n, n);
    },
  };
}

/** beta·m[at] + value; with beta 0 the value, and nothing is read. */
function put(m: Float32Array, at: number, value: number, beta: number): void {
  m[at] = beta === 0 ? value : f(beta * (m[at] as number)) + f(value);
}

function backward(heap: Heap): Pick<Kernels, "softmaxGrad" | "logSoftmaxGrad"> {
  return {
    softmaxGrad(dx, dy, y, rows, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let r = 0, o = dx >>> 2, p = dy >>> 2, q = y >>> 2; r < rows; r++, o += n, p += n, q += n) {
        const sum = laneSum(n, (i) => f((m[p + i] as number) * (m[q + i] as number)));
        for (let i = 0; i < n; i++) put(m, o + i, (m[q + i] as number) * f((m[p + i] as number) - sum), b);
      }
    },
    logSoftmaxGrad(dx, dy, y, rows, n, beta) {
      const m = heap.f32;
      const b = f(beta);
      for (let r = 0, o = dx >>> 2, p = dy >>> 2, q = y >>> 2; r < rows; r++, o += n, p += n, q += n) {
        const sum = laneSum(n, (i) => m[p + i] as number);
        for (let i = 0; i < n; i++) put(m, o + i, (m[p + i] as number) - f(exp(m[q + i] as number) * sum), b);
      }
    },
  };
}

function crossEntropy(heap: Heap): Pick<Kernels, "crossEntropy" | "crossEntropyGrad"> {
  /** Index of the class weights, or -1: all 1. */
  const weightOf = (m: Float32Array, w: number, c: number) => (w < 0 ? 1 : (m[w + c] as number));
  return {
    crossEntropy(loss, logp, logits, targets, weights, rows, n, ignore, smoothing) {
      const m = heap.f32;
      const w = weights === 0 ? -1 : weights >>> 2;
      const e = f(smoothing);
      const keep = f(1 - e);
      const share = f(e / n);
      for (let r = 0; r < rows; r++) {
        const q = (logp >>> 2) + r * n;
        const target = heap.i32[(targets >>> 2) + r] as number;
        let value = 0;
        logSoftmaxRow(m, q, (logits >>> 2) + r * n, n);
        if (target !== ignore) {
          value = f(f(keep * weightOf(m, w, target)) * -(m[q + target] as number));
          if (e !== 0) {
            const sum = laneSum(n, (c) => f(weightOf(m, w, c) * -(m[q + c] as number)));
            value = f(value + f(share * sum));
          }
        }
        m[(loss >>> 2) + r] = value;
      }
    },
    crossEntropyGrad(dx, logp, targets, weights, coef, rows, n, ignore, smoothing, beta) {
      const m = heap.f32;
      const b = f(beta);
      const w = weights === 0 ? -1 : weights >>> 2;
      const e = f(smoothing);
      const keep = f(1 - e);
      const share = f(e / n);
      const total = w < 0 ? n : e === 0 ? 0 : laneSum(n, (c) => m[w + c] as number);
      for (let r = 0, o = dx >>> 2, q = logp >>> 2; r < rows; r++, o += n, q += n) {
        const target = heap.i32[(targets >>> 2) + r] as number;
        if (target === ignore) {
          for (let c = 0; c < n; c++) m[o + c] = b === 0 ? 0 : b * (m[o + c] as number);
          continue;
        }
        const scale = m[(coef >>> 2) + r] as number;
        const k1 = f(scale * f(keep * weightOf(m, w, target)));
        const k2 = f(scale * share);
        for (let c = 0; c < n; c++) {
          const p = exp(m[q + c] as number);
          let d = f(k1 * f(p - (c === target ? 1 : 0)));
          if (e !== 0) d = f(d + f(k2 * f(f(total * p) - weightOf(m, w, c))));
          put(m, o + c, d, b);
        }
      }
    },
  };
}
