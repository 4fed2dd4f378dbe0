/** Linear-chain CRF in TypeScript: the twin of assembly/crf, which has the formulas. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { exp, log } from "./math.js";

const f = Math.fround;

// In the helpers a, emissions, … are element indices.

/** a = into + emissions, each less its maximum, less the largest (0 where all is forbidden); returns what was taken off. a may be into. */
function advance(m: Float32Array, a: number, into: number, emissions: number, n: number): number {
  let total = 0;
  for (let x = emissions, pass = 0; pass < 2; pass++, x = a) {
    let top = -Infinity;
    for (let i = 0; i < n; i++) top = Math.max(top, m[x + i] as number);
    if (top === -Infinity) top = 0;
    total += top;
    for (let i = 0; i < n; i++) {
      const rest = f((m[x + i] as number) - top);
      m[a + i] = pass === 0 ? (m[into + i] as number) + rest : rest;
    }
  }
  return total;
}

/** Elements of a padded row. */
const padded = (cols: number): number => (cols + 3) & ~3;

/** y[j] = max over i of a[i] + moves[i][j]; y and rows of moves are padded. */
function combineMax(m: Float32Array, y: number, a: number, moves: number, rows: number, cols: number): void {
  const width = padded(cols);
  for (let j = 0; j < width; j++) {
    let top = -Infinity;
    for (let i = 0, q = moves + j; i < rows; i++, q += width) {
      const x = f((m[a + i] as number) + (m[q] as number));
      if (top < x) top = x;
    }
    m[y + j] = top;
  }
}

/** y[j] = log-sum-exp over i of a[i] + moves[i][j]. */
function combineSum(m: Float32Array, y: number, a: number, moves: number, rows: number, cols: number): void {
  combineMax(m, y, a, moves, rows, cols);
  const width = padded(cols);
  for (let j = 0; j < width; j++) {
    const top = m[y + j] as number;
    const shift = top === -Infinity ? 0 : top;
    let total = 0;
    for (let i = 0, q = moves + j; i < rows; i++, q += width) {
      total = f(total + exp(f(f((m[a + i] as number) + (m[q] as number)) - shift)));
    }
    m[y + j] = top + log(total);
  }
}

function pathScore(
  { f32: m, i32 }: Heap,
  emissions: number,
  tags: number,
  start: number,
  transitions: number,
  end: number,
  steps: number,
  n: number,
): number {
  let tag = i32[tags] as number;
  let score = (m[start + tag] as number) + (m[emissions + tag] as number);
  for (let t = 1; t < steps; t++) {
    const from = transitions + tag * padded(n);
    tag = i32[tags + t] as number;
    score += m[from + tag] as number;
    score += m[emissions + t * n + tag] as number;
  }
  return score + (m[end + 4 * tag] as number);
}

/** p[i] = sum_j w[i][j]·g[j], divided by their sum; d[i][j] += coef·(w[i][j]·g[j]). g is 0 in its padding. */
function spread(
  m: Float32Array,
  p: number,
  d: number,
  a: number,
  moves: number,
  lse: number,
  g: number,
  rows: number,
  cols: number,
  coef: number,
): void {
  let total = 0;
  const width = padded(cols);
  const lanes = new Float32Array(4);
  for (let i = 0; i < rows; i++) {
    lanes.fill(0);
    for (let j = 0, at = i * width; j < width; j++, at++) {
      const l = m[lse + j] as number;
      const w = exp(f(f((m[a + i] as number) + (m[moves + at] as number)) - (l === -Infinity ? 0 : l)));
      const share = f(w * (m[g + j] as number));
      lanes[j & 3] = (lanes[j & 3] as number) + share;
      m[d + at] = (m[d + at] as number) + f(coef * share);
    }
    const [l0, l1, l2, l3] = lanes as unknown as readonly [number, number, number, number];
    const value = f(f(l0 + l1) + f(l2 + l3));
    m[p + i] = value;
    total = f(total + value);
  }
  for (let i = 0; i < rows; i++) m[p + i] = (m[p + i] as number) / total;
}

export function createCrf(heap: Heap): Pick<Kernels, "crfBest" | "crf" | "crfGrad"> {
  return {
    crfBest(best, emissions, start, transitions, steps, n) {
      const m = heap.f32;
      let a = best >>> 2;
      advance(m, a, start >>> 2, emissions >>> 2, n);
      for (let t = 1; t < steps; t++) {
        const next = a + padded(n);
        combineMax(m, next, a, transitions >>> 2, n, n);
        advance(m, next, next, (emissions >>> 2) + t * n, n);
        a = next;
      }
    },
    crf(lse, emissions, tags, start, transitions, end, work, steps, n) {
      const m = heap.f32;
      const width = padded(n);
      const [a, e, moves] = [work >>> 2, emissions >>> 2, transitions >>> 2];
      let total = advance(m, a, start >>> 2, e, n);
      for (let t = 1, into = lse >>> 2; t < steps; t++, into += width) {
        combineSum(m, into, a, moves, n, n);
        total += advance(m, a, into, e + t * n, n);
      }
      combineSum(m, a + width, a, end >>> 2, n, 1);
      total += m[a + width] as number;
      return tags === 0 ? total : total - pathScore(heap, e, tags >>> 2, start >>> 2, moves, end >>> 2, steps, n);
    },
    crfGrad(dEmissions, dTransitions, dStart, dEnd, lse, emissions, tags, start, transitions, end, work, steps, n, coef) {
      const m = heap.f32;
      const c = f(coef);
      const width = padded(n);
      const [a, e, moves] = [work >>> 2, emissions >>> 2, transitions >>> 2];
      const tagAt = (t: number) => heap.i32[(tags >>> 2) + t] as number;
      /** d[at] -= coef. */
      const take = (d: number, at: number) => {
        m[d + at] = (m[d + at] as number) - c;
      };
      /** d += coef·g, less coef at the row's tag of step t. */
      const add = (d: number, g: number, t: number) => {
        for (let i = 0; i < n; i++) m[d + i] = (m[d + i] as number) + f(c * (m[g + i] as number));
        if (tags !== 0) take(d, tagAt(t));
      };
      const intoOf = (t: number) => (t > 0 ? (lse >>> 2) + (t - 1) * width : start >>> 2);
      let [g, next] = [a + width, a + 2 * width];
      const all = a + 3 * width;
      let t = steps - 1;
      advance(m, a, intoOf(t), e + t * n, n);
      combineSum(m, all, a, end >>> 2, n, 1);
      m.fill(0, g, all);
      m[next] = 1;
      spread(m, g, dEnd >>> 2, a, end >>> 2, all, next, n, 1, c);
      if (tags !== 0) take(dEnd >>> 2, 4 * tagAt(t));
      for (; ; t--) {
        add((dEmissions >>> 2) + t * n, g, t);
        if (t === 0) break;
        advance(m, a, intoOf(t - 1), e + (t - 1) * n, n);
        [g, next] = [next, g];
        spread(m, g, dTransitions >>> 2, a, moves, intoOf(t), next, n, n, c);
        if (tags !== 0) take(dTransitions >>> 2, tagAt(t - 1) * width + tagAt(t));
      }
      add(dStart >>> 2, g, 0);
    },
  };
}
