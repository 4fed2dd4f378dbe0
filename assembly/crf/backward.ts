// f32_crf_bwd: the gradient of coef·(what f32_crf_fwd returned) is added to dEmissions [steps, n], dTransitions [n, n], dStart [n] and
//   dEnd [n]; lse as f32_crf_fwd left it, tags as there (0: none). work: 3·n + 1 floats.
//   With P the probability that the path has tag i at t and j at t + 1: d/d transitions[i][j] = sum_t P, less the moves of tags, and
//   P = w[i][j]·g[j], w[i][j] = exp(a[i] + transitions[i][j] - lse[j]), where g [n], the marginals of t + 1, give those of t as
//   sum_j P. They are divided by their sum at every step, so that rounding does not add up over a long row.

import { exp4 } from "../simd/math";
import { load4, store4, sumLanes } from "../simd/tail";
import { advance, combine } from "./forward";

/** p[i] = sum_j w[i][j]·g[j], divided by their sum; d[i][j] += coef·(w[i][j]·g[j]). Sums over j have four lanes. */
function spread(p: usize, d: usize, a: usize, transitions: usize, lse: usize, g: usize, rows: i32, cols: i32, coef: f32): void {
  const bytes = (<usize>cols) << 2;
  let total: f32 = 0;
  for (let i = 0, q = p; i < rows; i++, q += 4) {
    let sum = f32x4.splat(0);
    for (let at: usize = 0, k = cols; k > 0; k -= 4, at += 16) {
      const l = load4(k >= 4, lse + at, k);
      const x = f32x4.add(v128.load32_splat(a), load4(k >= 4, transitions + at, k));
      const w = exp4(f32x4.sub(x, v128.andnot(l, f32x4.eq(l, f32x4.splat(-Infinity)))));
      const share = f32x4.mul(w, load4(k >= 4, g + at, k));
      sum = f32x4.add(sum, share);
      store4(k >= 4, d + at, f32x4.add(load4(k >= 4, d + at, k), f32x4.mul(f32x4.splat(coef), share)), k);
    }
    const value = sumLanes(sum);
    store<f32>(q, value);
    total += value;
    a += 4;
    transitions += bytes;
    d += bytes;
  }
  for (; rows > 0; rows--, p += 4) store<f32>(p, load<f32>(p) / total);
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
  const bytes = (<usize>n) << 2;
  let t = steps - 1;
  let g = work + bytes;
  let next = g + bytes;
  let into = t > 0 ? lse + (<usize>t - 1) * bytes : start;
  advance(work, into, emissions + <usize>t * bytes, n);
  // The end is a move into one state that every path reaches.
  const all = next + bytes;
  combine(true, all, work, end, n, 1);
  store<f32>(next, 1);
  spread(g, dEnd, work, end, all, next, n, 1, coef);
  let tag = 0;
  if (tags) {
    tag = load<i32>(tags + ((<usize>t) << 2));
    take(dEnd, tag, coef);
  }
  for (;;) {
    const dRow = dEmissions + <usize>t * bytes;
    addScaled(dRow, g, n, coef);
    if (tags) take(dRow, tag, coef);
    if (t == 0) break;
    t--;
    const reached = into;
    into = t > 0 ? reached - bytes : start;
    advance(work, into, emissions + <usize>t * bytes, n);
    const spare = next;
    next = g;
    g = spare;
    spread(g, dTransitions, work, transitions, reached, next, n, n, coef);
    if (tags) {
      const from = load<i32>(tags + ((<usize>t) << 2));
      take(dTransitions, from * n + tag, coef);
      tag = from;
    }
  }
  addScaled(dStart, g, n, coef);
  if (tags) take(dStart, tag, coef);
}
