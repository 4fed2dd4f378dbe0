// Linear-chain CRF, one row of the batch: steps >= 1, n >= 1 tags. A path y scores
//   start[y(0)] + sum_t emissions[t][y(t)] + sum_t transitions[y(t-1)][y(t)] + end[y(last)];
// emissions [steps, n], start [n], transitions [n, n] from row to column, end [n, 1]; -Infinity forbids.
// Rows of transitions, end, best and lse are padded to multiples of 4: what stands in the padding is read and has no effect, and the loops
// over moves have no tails, which would cost them a branch at every load (the best path took thrice as long).
// a [n] holds for each tag what the paths score that end there, less the largest of the row, so that neither long rows nor large
// scores cost digits; what was taken off is summed in float64. Sums over previous tags have one accumulator, tag 0, 1, ….
//
// f32_crf_best: best [steps, n] = a of the best path into each tag (Viterbi).
// f32_crf_fwd: returns log(sum over paths of exp(score)), less the score of tags [steps] (i32) unless that is 0.
//   lse [steps - 1, n]: row t - 1 is the log-sum-exp over the moves into step t, before its emissions. work: n, padded, and 4 floats.

import { exp4, log4 } from "../simd/math";
import { rowMax } from "../softmax/softmax";

/** a = into + emissions, each less its maximum, less the largest (0 where all is forbidden); returns what was taken off. a may be into. */
export function advance(a: usize, into: usize, emissions: usize, n: i32): f64 {
  const end = (<usize>n) << 2;
  let total: f64 = 0;
  for (let x = emissions, pass = 0; pass < 2; pass++, x = a) {
    let top = rowMax(x, n);
    if (top == -Infinity) top = 0;
    total += <f64>top;
    for (let at: usize = 0; at < end; at += 4) {
      const rest: f32 = load<f32>(x + at) - top;
      store<f32>(a + at, pass == 0 ? load<f32>(into + at) + rest : rest);
    }
  }
  return total;
}

/** Bytes of a padded row. */
export function padded(cols: i32): usize {
  return (<usize>(cols + 3) & ~3) << 2;
}

/** y[j] = max, or with `sum` (a constant) log-sum-exp, over i of a[i] + moves[i][j]; y and rows of moves are padded. */
export function combine(sum: bool, y: usize, a: usize, moves: usize, rows: i32, cols: i32): void {
  const bytes = padded(cols);
  const last = a + ((<usize>rows) << 2);
  for (let end = y + bytes; y < end; y += 16, moves += 16) {
    let top = f32x4.splat(-Infinity);
    for (let p = a, q = moves; p < last; p += 4, q += bytes) {
      top = f32x4.pmax(top, f32x4.add(v128.load32_splat(p), v128.load(q)));
    }
    if (sum) {
      const shift = v128.andnot(top, f32x4.eq(top, f32x4.splat(-Infinity)));
      let total = f32x4.splat(0);
      for (let p = a, q = moves; p < last; p += 4, q += bytes) {
        total = f32x4.add(total, exp4(f32x4.sub(f32x4.add(v128.load32_splat(p), v128.load(q)), shift)));
      }
      top = f32x4.add(top, log4(total));
    }
    v128.store(y, top);
  }
}

export function f32_crf_best(best: usize, emissions: usize, start: usize, transitions: usize, steps: i32, n: i32): void {
  const bytes = padded(n);
  advance(best, start, emissions, n);
  for (; steps > 1; steps--) {
    const next = best + bytes;
    combine(false, next, best, transitions, n, n);
    emissions += (<usize>n) << 2;
    advance(next, next, emissions, n);
    best = next;
  }
}

function pathScore(emissions: usize, tags: usize, start: usize, transitions: usize, end: usize, steps: i32, n: i32): f64 {
  let tag = (<usize>load<i32>(tags)) << 2;
  let score = <f64>load<f32>(start + tag) + <f64>load<f32>(emissions + tag);
  for (let t = 1; t < steps; t++) {
    const from = transitions + (tag >> 2) * padded(n);
    tags += 4;
    emissions += (<usize>n) << 2;
    tag = (<usize>load<i32>(tags)) << 2;
    score += <f64>load<f32>(from + tag);
    score += <f64>load<f32>(emissions + tag);
  }
  return score + <f64>load<f32>(end + (tag << 2));
}

export function f32_crf_fwd(
  lse: usize,
  emissions: usize,
  tags: usize,
  start: usize,
  transitions: usize,
  end: usize,
  work: usize,
  steps: i32,
  n: i32,
): f64 {
  const bytes = padded(n);
  let total = advance(work, start, emissions, n);
  for (let t = 1, e = emissions; t < steps; t++, lse += bytes) {
    combine(true, lse, work, transitions, n, n);
    e += (<usize>n) << 2;
    total += advance(work, lse, e, n);
  }
  combine(true, work + bytes, work, end, n, 1);
  total += <f64>load<f32>(work + bytes);
  return tags ? total - pathScore(emissions, tags, start, transitions, end, steps, n) : total;
}
