// f32_cross_entropy_fwd: logp [rows, n] = log-softmax of logits (may be logits); loss [rows], with y = targets[r] (i32), e = smoothing:
//   loss = ((1-e)·w[y])·(-logp[y]) + (e/n)·sum_c(w[c]·-logp[c]);  weights [n], or 0: all 1.
//   The second term is formed only when e is not 0 (a masked class has logp = -Infinity); its sum has four lanes as in softmax.ts.
//   A row whose target is `ignore` has loss 0 (its logp is written all the same).
// f32_cross_entropy_bwd: dx = beta·dx + (coef·((1-e)·w[y]))·(p - [c = y]) + (coef·(e/n))·(W·p - w[c]), p = exp(logp), W = sum(w).
//   Ignored rows: dx = beta·dx, 0 when beta is 0. dx is not read when beta is 0, and may be logp then.

import { exp4 } from "../simd/math";
import { accumulate4, load4, loadTail, store4, sumLanes } from "../simd/tail";
import { logSoftmaxRow } from "./softmax";

/** sum_c(w[c]·-logp[c]). */
function smoothingSum(logp: usize, weights: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  for (; n > 0; n -= 4, logp += 16) {
    const v = f32x4.neg(n >= 4 ? v128.load(logp) : loadTail(logp, n));
    if (weights) {
      sum = f32x4.add(sum, f32x4.mul(n >= 4 ? v128.load(weights) : loadTail(weights, n), v));
      weights += 16;
    } else {
      sum = f32x4.add(sum, v);
    }
  }
  return sumLanes(sum);
}

/** W: the sum of the class weights. */
function weightSum(weights: usize, n: i32): f32 {
  if (!weights) return <f32>n;
  let sum = f32x4.splat(0);
  for (; n > 0; n -= 4, weights += 16) sum = f32x4.add(sum, n >= 4 ? v128.load(weights) : loadTail(weights, n));
  return sumLanes(sum);
}

export function f32_cross_entropy_fwd(
  loss: usize,
  logp: usize,
  logits: usize,
  targets: usize,
  weights: usize,
  rows: i32,
  n: i32,
  ignore: i32,
  smoothing: f32,
): void {
  const bytes = (<usize>n) << 2;
  const keep: f32 = 1 - smoothing;
  const share: f32 = smoothing / <f32>n;
  for (; rows > 0; rows--) {
    const target = load<i32>(targets);
    let value: f32 = 0;
    logSoftmaxRow(logp, logits, n);
    if (target != ignore) {
      const at = (<usize>target) << 2;
      const w: f32 = weights ? load<f32>(weights + at) : 1;
      value = keep * w * -load<f32>(logp + at);
      if (smoothing != 0) value += share * smoothingSum(logp, weights, n);
    }
    store<f32>(loss, value);
    loss += 4;
    targets += 4;
    logp += bytes;
    logits += bytes;
  }
}

/** Four classes from class c on; k1 scales p - [c = y], k2 scales W·p - w and is left out when `smooth` is false. */
function gradStep(
  full: bool,
  dx: usize,
  logp: usize,
  weights: usize,
  n: i32,
  c: i32,
  target: i32,
  k1: f32,
  k2: f32,
  total: f32,
  smooth: bool,
  beta: f32,
): void {
  const p = exp4(load4(full, logp, n));
  const one = f32x4.splat(1);
  const hit = v128.and(i32x4.eq(i32x4.add(i32x4.splat(c), i32x4(0, 1, 2, 3)), i32x4.splat(target)), one);
  let d = f32x4.mul(f32x4.splat(k1), f32x4.sub(p, hit));
  if (smooth) {
    const w = weights ? load4(full, weights + ((<usize>c) << 2), n) : one;
    d = f32x4.add(d, f32x4.mul(f32x4.splat(k2), f32x4.sub(f32x4.mul(f32x4.splat(total), p), w)));
  }
  store4(full, dx, accumulate4(full, dx, d, n, beta), n);
}

/** dx = beta·dx. */
function scaleRow(dx: usize, n: i32, beta: f32): void {
  const zero = f32x4.splat(0);
  const b = f32x4.splat(beta);
  for (; n >= 4; n -= 4, dx += 16) v128.store(dx, beta == 0 ? zero : f32x4.mul(b, v128.load(dx)));
  if (n > 0) store4(false, dx, beta == 0 ? zero : f32x4.mul(b, loadTail(dx, n)), n);
}

export function f32_cross_entropy_bwd(
  dx: usize,
  logp: usize,
  targets: usize,
  weights: usize,
  coef: usize,
  rows: i32,
  n: i32,
  ignore: i32,
  smoothing: f32,
  beta: f32,
): void {
  const bytes = (<usize>n) << 2;
  const smooth = smoothing != 0;
  const keep: f32 = 1 - smoothing;
  const share: f32 = smoothing / <f32>n;
  const total: f32 = smooth ? weightSum(weights, n) : 0;
  for (; rows > 0; rows--) {
    const target = load<i32>(targets);
    if (target == ignore) {
      scaleRow(dx, n, beta);
    } else {
      const w: f32 = weights ? load<f32>(weights + ((<usize>target) << 2)) : 1;
      const k1: f32 = load<f32>(coef) * (keep * w);
      const k2: f32 = load<f32>(coef) * share;
      let c = 0;
      for (; c + 4 <= n; c += 4) {
        const at = (<usize>c) << 2;
        inline.always(gradStep(true, dx + at, logp + at, weights, 4, c, target, k1, k2, total, smooth, beta));
      }
      if (c < n) {
        const at = (<usize>c) << 2;
        inline.always(gradStep(false, dx + at, logp + at, weights, n - c, c, target, k1, k2, total, smooth, beta));
      }
    }
    dx += bytes;
    logp += bytes;
    targets += 4;
    coef += 4;
  }
}
