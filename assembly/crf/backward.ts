// f32_crf_bwd: the gradient of coef·(what f32_crf_fwd returned) is added to dEmissions [steps, n], dTransitions [n, n], dStart [n] and
//   dEnd [n, 1], padded as what they belong to; lse as f32_crf_fwd left it, tags as there (0: none). work: three times n, padded, and 4 floats.
//   With P the probability that the path has tag i at t and j at t + 1: d/d transitions[i][j] = sum_t P, less the moves of tags, and
//   P = w[i][j]·g[j], w[i][j] = exp(a[i] + transitions[i][j] - lse[j]), where g [n], the marginals of t + 1, give those of t as
//   sum_j P. They are divided by their sum at every step, so that rounding does not add up over a long row.

import { exp4 } from "../simd/math";
import { sumLanes } from "../simd/tail";
import { advance, combine, padded } from "./forward";

/** p[i] = sum_j w[i][j]·g[j], divided by their sum; d[i][j] += coef·(w[i][j]·g[j]). g is 0 in its padding. Sums over j have four lanes. */
function spread(p: usize, d: usize, a: usize, moves: usize, lse: usize, g: usize, rows: i32, cols: i32, coef: f32): void {
  const bytes = padded(cols);
  const last = p + ((<usize>rows) << 2);
  let total: f32 = 0;
  for (let q = p; q < last; q += 4, a += 4) {
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16, moves += 16, d += 16) {
      const l = v128.load(lse + at);
      const x = f32x4.add(v128.load32_splat(a), v128.load(moves));
      const w = exp4(f32x4.sub(x, v128.andnot(l, f32x4.eq(l, f32x4.splat(-Infinity)))));
      const share = f32x4.mul(w, v128.load(g + at));
      sum = f32x4.add(sum, share);
      v128.store(d, f32x4.add(v128.load(d), f32x4.mul(f32x4.splat(coef), share)));
    }
    const value = sumLanes(sum);
    store<f32>(q, value);
    total += value;
  }
  for (; p < last; p += 4) store<f32>(p, load<f32>(p) / total);
}

/** d += coef·g. */
function addScaled(d: usize, g: usize, n: i32, coef: f32): void {
  for (; n > 0; n--, d += 4, g += 4) store<f32>(d, load<f32>(d) + coef * load<f32>(g));
}

/** d[at] -= coef. */
function take(d: usize, at: i32, coef: f32): void {
  const place = d + ((<usize>at) << 2);
  store<f32>(place, load<f32>(place) - coef);
}

export function f32_crf_bwd(
  dEmissions: usize,
  dTransitions: usize,
  dStart: usize,
  dEnd: usize,
  lse: usize,
  emissions: usize,
  tags: usize,
  start: usize,
  transitions: usize,
  end: usize,
  work: usize,
  steps: i32,
  n: i32,
  coef: f32,
): void {
  const bytes = padded(n);
  const row = (<usize>n) << 2;
  const zero = f32x4.splat(0);
  let t = steps - 1;
  let g = work + bytes;
  let next = g + bytes;
  let into = t > 0 ? lse + (<usize>t - 1) * bytes : start;
  emissions += <usize>t * row;
  dEmissions += <usize>t * row;
  advance(work, into, emissions, n);
  // The end is a move into one state that every path reaches.
  const all = next + bytes;
  combine(true, all, work, end, n, 1);
  v128.store(next - 16, zero);
  v128.store(all - 16, zero);
  v128.store(next, f32x4(1, 0, 0, 0));
  spread(g, dEnd, work, end, all, next, n, 1, coef);
  let tag = 0;
  if (tags) {
    tags += (<usize>t) << 2;
    tag = load<i32>(tags);
    take(dEnd, tag << 2, coef);
  }
  for (;;) {
    addScaled(dEmissions, g, n, coef);
    if (tags) take(dEmissions, tag, coef);
    if (t == 0) break;
    t--;
    emissions -= row;
    dEmissions -= row;
    const reached = into;
    into = t > 0 ? reached - bytes : start;
    advance(work, into, emissions, n);
    const spare = next;
    next = g;
    g = spare;
    spread(g, dTransitions, work, transitions, reached, next, n, n, coef);
    if (tags) {
      tags -= 4;
      const from = load<i32>(tags);
      take(dTransitions, from * <i32>(bytes >> 2) + tag, coef);
      tag = from;
    }
  }
  addScaled(dStart, g, n, coef);
  if (tags) take(dStart, tag, coef);
}
