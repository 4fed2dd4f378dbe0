// x is [outer, n, inner]; sums and maxima run over n. Sums go by blocks whose size is fixed and are joined in order, so that the
// bits do not depend on who computes which block, and the error grows with the block and the number of blocks, not with n.
//
// f32_reduce_sum: y [outer, inner] = beta·y + alpha·sum. inner 1: blocks of 256 elements, four lanes each (lane j takes elements
//   j, j+4, …) that end as (l0 + l1) + (l2 + l3). inner > 1: blocks of 64 rows, one accumulator a column.
// f32_reduce_max: y [outer, inner] the maximum over n >= 1, the first NaN where there is one; index [outer, inner] i32 (0: not
//   wanted) its first place. f32_sum_squares: in f64, blocks of 1024 elements, two lanes each, l0 + l1.
// f32_sum_squares_rows: x [n, dim] are rows of a larger matrix, zero elsewhere; rows (i32) rise. The bits of f32_sum_squares over that matrix.

import { loadTail, sumLanes } from "../simd/tail";

const BLOCK: i32 = 256;
const BLOCK_ROWS: i32 = 64;
const BLOCK_SQUARES: i32 = 1024;

function blockSum(x: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) sum = f32x4.add(sum, v128.load(x));
  if (n > 0) sum = f32x4.add(sum, loadTail(x, n));
  return sumLanes(sum);
}

function finish(y: usize, sum: f32, alpha: f32, beta: f32): void {
  const value = alpha * sum;
  store<f32>(y, beta == 0 ? value : beta * load<f32>(y) + value);
}

/** beta·(what is at y) + alpha·total, four columns. */
function finish4(y: usize, total: v128, alpha: f32, beta: f32): void {
  const value = f32x4.mul(f32x4.splat(alpha), total);
  v128.store(y, beta == 0 ? value : f32x4.add(f32x4.mul(f32x4.splat(beta), v128.load(y)), value));
}

/** Sums of sixteen neighbouring columns, a cache line: as columnSums, which reads each line once for every four. */
function columnSums16(y: usize, x: usize, n: i32, stride: usize, alpha: f32, beta: f32): void {
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  for (; n > 0; n -= BLOCK_ROWS) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let r = min(n, BLOCK_ROWS); r > 0; r--, x += stride) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    t0 = f32x4.add(t0, s0);
    t1 = f32x4.add(t1, s1);
    t2 = f32x4.add(t2, s2);
    t3 = f32x4.add(t3, s3);
  }
  inline.always(finish4(y, t0, alpha, beta));
  inline.always(finish4(y + 16, t1, alpha, beta));
  inline.always(finish4(y + 32, t2, alpha, beta));
  inline.always(finish4(y + 48, t3, alpha, beta));
}

/** Sums of four neighbouring columns (or one, when `wide` is false) over n rows `stride` bytes apart. */
function columnSums(wide: bool, y: usize, x: usize, n: i32, stride: usize, alpha: f32, beta: f32): void {
  let total = f32x4.splat(0);
  for (; n > 0; n -= BLOCK_ROWS) {
    let sum = f32x4.splat(0);
    for (let r = min(n, BLOCK_ROWS); r > 0; r--, x += stride) sum = f32x4.add(sum, wide ? v128.load(x) : v128.load32_zero(x));
    total = f32x4.add(total, sum);
  }
  if (wide) inline.always(finish4(y, total, alpha, beta));
  else finish(y, f32x4.extract_lane(total, 0), alpha, beta);
}

export function f32_reduce_sum(y: usize, x: usize, outer: i32, n: i32, inner: i32, alpha: f32, beta: f32): void {
  const stride = (<usize>inner) << 2;
  for (; outer > 0; outer--) {
    if (inner == 1) {
      let total: f32 = 0;
      for (let i = 0; i < n; i += BLOCK) total += blockSum(x + ((<usize>i) << 2), min(n - i, BLOCK));
      finish(y, total, alpha, beta);
    } else {
      let j: i32 = 0;
      for (; j + 16 <= inner; j += 16) columnSums16(y + ((<usize>j) << 2), x + ((<usize>j) << 2), n, stride, alpha, beta);
      for (; j + 4 <= inner; j += 4) columnSums(true, y + ((<usize>j) << 2), x + ((<usize>j) << 2), n, stride, alpha, beta);
      for (; j < inner; j++) columnSums(false, y + ((<usize>j) << 2), x + ((<usize>j) << 2), n, stride, alpha, beta);
    }
    y += stride;
    x += stride * <usize>n;
  }
}

export function f32_reduce_max(y: usize, index: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const stride = (<usize>inner) << 2;
  for (; outer > 0; outer--) {
    for (let j: usize = 0; j < stride; j += 4) {
      let from = x + j;
      let best = load<f32>(from);
      let place = 0;
      for (let k = 1; k < n; k++) {
        from += stride;
        const value = load<f32>(from);
        // Not below or equal: larger, or a NaN where there was none yet.
        if (value > best || (isNaN(value) && !isNaN(best))) {
          best = value;
          place = k;
        }
      }
      store<f32>(y + j, best);
      if (index) store<i32>(index + j, place);
    }
    y += stride;
    if (index) index += stride;
    x += stride * <usize>n;
  }
}

/** sum plus the squares of n elements in turn, from lane 0 on. */
function addSquares(sum: v128, x: usize, n: i32): v128 {
  for (; n >= 2; n -= 2, x += 8) {
    const v = f64x2.promote_low_f32x4(v128.load64_zero(x));
    sum = f64x2.add(sum, f64x2.mul(v, v));
  }
  if (n > 0) {
    const v = f64x2.promote_low_f32x4(v128.load32_zero(x));
    sum = f64x2.add(sum, f64x2.mul(v, v));
  }
  return sum;
}

function bothLanes(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

export function f32_sum_squares(x: usize, n: i32): f64 {
  let total: f64 = 0;
  for (; n > 0; n -= BLOCK_SQUARES, x += BLOCK_SQUARES << 2) {
    total += bothLanes(inline.always(addSquares(f64x2.splat(0), x, min(n, BLOCK_SQUARES))));
  }
  return total;
}

export function f32_sum_squares_rows(x: usize, rows: usize, n: i32, dim: i32): f64 {
  let total: f64 = 0;
  let sum = f64x2.splat(0);
  let block: u32 = 0;
  for (; n > 0; n--, rows += 4) {
    let at = load<u32>(rows) * <u32>dim;
    for (let left = dim; left > 0; ) {
      if (at / <u32>BLOCK_SQUARES != block) {
        total += bothLanes(sum);
        sum = f64x2.splat(0);
        block = at / <u32>BLOCK_SQUARES;
      }
      // Up to the end of the row or block; an element at an odd place goes to lane 1, alone.
      const odd = at & 1;
      const size = odd ? 1 : min(left, BLOCK_SQUARES - <i32>(at % <u32>BLOCK_SQUARES));
      if (odd) {
        const value = <f64>load<f32>(x);
        sum = f64x2.add(sum, f64x2.replace_lane(f64x2.splat(0), 1, value * value));
      } else sum = inline.always(addSquares(sum, x, size));
      at += size;
      left -= size;
      x += (<usize>size) << 2;
    }
  }
  return total + bothLanes(sum);
}
