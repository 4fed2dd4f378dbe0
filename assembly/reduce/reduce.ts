// x is [outer, n, inner]; sums and maxima run over n. Sums go by blocks whose size is fixed and are joined in order, so that the
// bits do not depend on who computes which block, and the error grows with the block and the number of blocks, not with n.
//
// f32_reduce_sum: y [outer, inner] = beta·y + alpha·sum. inner 1: blocks of 256 elements, four lanes each (lane j takes elements
//   j, j+4, …) that end as (l0 + l1) + (l2 + l3). inner > 1: blocks of 64 rows, one accumulator a column.
// f32_reduce_max: y [outer, inner] the maximum over n >= 1, the first NaN where there is one; index [outer, inner] i32 (0: not
//   wanted) its first place. f32_sum_squares: in f64, blocks of 1024 elements, two lanes each, l0 + l1.

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

/** Sums of four neighbouring columns (or one, when `wide` is false) over n rows `stride` bytes apart. */
function columnSums(wide: bool, y: usize, x: usize, n: i32, stride: usize, alpha: f32, beta: f32): void {
  let total = f32x4.splat(0);
  for (; n > 0; n -= BLOCK_ROWS) {
    let sum = f32x4.splat(0);
    for (let r = min(n, BLOCK_ROWS); r > 0; r--, x += stride) sum = f32x4.add(sum, wide ? v128.load(x) : v128.load32_zero(x));
    total = f32x4.add(total, sum);
  }
  const value = f32x4.mul(f32x4.splat(alpha), total);
  if (wide) v128.store(y, beta == 0 ? value : f32x4.add(f32x4.mul(f32x4.splat(beta), v128.load(y)), value));
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

export function f32_sum_squares(x: usize, n: i32): f64 {
  let total: f64 = 0;
  for (; n > 0; n -= BLOCK_SQUARES) {
    let sum = f64x2.splat(0);
    let left = min(n, BLOCK_SQUARES);
    for (; left >= 2; left -= 2, x += 8) {
      const v = f64x2.promote_low_f32x4(v128.load64_zero(x));
      sum = f64x2.add(sum, f64x2.mul(v, v));
    }
    if (left > 0) {
      const v = f64x2.promote_low_f32x4(v128.load32_zero(x));
      sum = f64x2.add(sum, f64x2.mul(v, v));
    }
    total += f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  }
  return total;
}
