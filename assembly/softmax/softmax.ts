// Over rows of n >= 1 floats, x and y [rows, n] dense. Every sum has four lanes, lane j takes elements j, j+4, …, and ends as
// (l0 + l1) + (l2 + l3); a row alone and in a batch gives the same bits.
//
// f32_softmax: y = e/sum(e), e = exp(x - max x).  f32_log_softmax: y = (x - max x) - log(sum(e)).  y may be x.
//   -Infinity has probability 0; a row with a NaN, an Infinity, or -Infinity alone, is NaN, as in PyTorch.
// f32_softmax_bwd: dx = beta·dx + y·(dy - sum(dy·y)).  f32_log_softmax_bwd: dx = beta·dx + (dy - exp(y)·sum(dy)).
//   dx is not read when beta is 0, and may be dy or y then.

import { exp4, log4 } from "../simd/math";
import { accumulate4, firstLanes, load4, loadTail, store4, storeTail, sumLanes } from "../simd/tail";

/** NaN where there is one. */
export function rowMax(x: usize, n: i32): f32 {
  let m = f32x4.splat(-Infinity);
  for (; n >= 4; n -= 4, x += 16) m = f32x4.max(m, v128.load(x));
  if (n > 0) m = f32x4.max(m, v128.bitselect(loadTail(x, n), f32x4.splat(-Infinity), firstLanes(n)));
  return max(max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)), max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)));
}

/** sum(exp(x - m)); the terms are stored at y unless it is 0. */
function expSum(y: usize, x: usize, n: i32, m: f32): f32 {
  const shift = f32x4.splat(m);
  let sum = f32x4.splat(0);
  for (; n >= 8; n -= 8) {
    const a = exp4(f32x4.sub(v128.load(x), shift));
    const b = exp4(f32x4.sub(v128.load(x, 16), shift));
    if (y) {
      v128.store(y, a);
      v128.store(y, b, 16);
      y += 32;
    }
    sum = f32x4.add(f32x4.add(sum, a), b);
    x += 32;
  }
  for (; n > 0; n -= 4) {
    const e = exp4(f32x4.sub(n >= 4 ? v128.load(x) : loadTail(x, n), shift));
    if (y) {
      if (n >= 4) v128.store(y, e);
      else storeTail(y, e, n);
      y += 16;
    }
    sum = f32x4.add(sum, v128.and(e, firstLanes(n)));
    x += 16;
  }
  return sumLanes(sum);
}

export function f32_softmax(y: usize, x: usize, rows: i32, n: i32): void {
  const bytes = (<usize>n) << 2;
  for (; rows > 0; rows--) {
    const sum = f32x4.splat(expSum(y, x, n, rowMax(x, n)));
    let p = y;
    let k = n;
    for (; k >= 4; k -= 4, p += 16) v128.store(p, f32x4.div(v128.load(p), sum));
    if (k > 0) storeTail(p, f32x4.div(loadTail(p, k), sum), k);
    y += bytes;
    x += bytes;
  }
}

/** One row of f32_log_softmax. */
export function logSoftmaxRow(y: usize, x: usize, n: i32): void {
  const m = rowMax(x, n);
  const logSum = log4(f32x4.splat(expSum(0, x, n, m)));
  const shift = f32x4.splat(m);
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, f32x4.sub(f32x4.sub(v128.load(x), shift), logSum));
  if (n > 0) storeTail(y, f32x4.sub(f32x4.sub(loadTail(x, n), shift), logSum), n);
}

export function f32_log_softmax(y: usize, x: usize, rows: i32, n: i32): void {
  const bytes = (<usize>n) << 2;
  for (; rows > 0; rows--, x += bytes, y += bytes) logSoftmaxRow(y, x, n);
}

/** sum(a·b), or sum(a) when `single` (a constant). Absent lanes of a tail are loaded as 0 and add nothing. */
function dotSum(single: bool, a: usize, b: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, a += 16, b += 16) {
    sum = f32x4.add(sum, single ? v128.load(a) : f32x4.mul(v128.load(a), v128.load(b)));
  }
  if (n > 0) sum = f32x4.add(sum, single ? loadTail(a, n) : f32x4.mul(loadTail(a, n), loadTail(b, n)));
  return sumLanes(sum);
}

function gradStep(full: bool, log: bool, dx: usize, dy: usize, y: usize, n: i32, sum: f32, beta: f32): void {
  const g = load4(full, dy, n);
  const v = load4(full, y, n);
  const s = f32x4.splat(sum);
  const d = log ? f32x4.sub(g, f32x4.mul(exp4(v), s)) : f32x4.mul(v, f32x4.sub(g, s));
  store4(full, dx, accumulate4(full, dx, d, n, beta), n);
}

function grad(log: bool, dx: usize, dy: usize, y: usize, rows: i32, n: i32, beta: f32): void {
  for (; rows > 0; rows--) {
    const sum = inline.always(dotSum(log, dy, y, n));
    let k = n;
    for (; k >= 4; k -= 4) {
      inline.always(gradStep(true, log, dx, dy, y, 4, sum, beta));
      dx += 16;
      dy += 16;
      y += 16;
    }
    if (k > 0) inline.always(gradStep(false, log, dx, dy, y, k, sum, beta));
    const rest = (<usize>k) << 2;
    dx += rest;
    dy += rest;
    y += rest;
  }
}

export function f32_softmax_bwd(dx: usize, dy: usize, y: usize, rows: i32, n: i32, beta: f32): void {
  inline.always(grad(false, dx, dy, y, rows, n, beta));
}

export function f32_log_softmax_bwd(dx: usize, dy: usize, y: usize, rows: i32, n: i32, beta: f32): void {
  inline.always(grad(true, dx, dy, y, rows, n, beta));
}
