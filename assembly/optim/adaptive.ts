// Updates that scale each element by the history of its gradients; arithmetic and g' as in optim.ts, and averages that decay are 0 below
// 2^-126: mean and buf always, sq and acc unless eps is 0.
//
// f32_rmsprop: sq = alpha·sq + ((1 - alpha)·g')·g';  mean (0: not centred) = alpha·mean + (1 - alpha)·g';
//   d = g'/(sqrt(sq [- mean·mean]) + eps);  buf (0: no momentum) = momentum·buf + d takes d's place;  p += -lr·d.
// f32_adagrad: sum = sum + g'·g';  p += -rate·(g'/(sqrt(sum) + eps)).
// f32_adadelta: sq = rho·sq + ((1 - rho)·g')·g';  d = sqrt(acc + eps)/sqrt(sq + eps)·g';  acc = rho·acc + ((1 - rho)·d)·d;  p += -lr·d.

import { load4, store4 } from "../simd/tail";
import { floor4, NORMAL } from "../simd/tiny";
import { gradient4 } from "./gradient";

/** keep·(what is at p) + (fresh·x)·x, 0 where it is subnormal unless eps is 0, stored. */
function squareInto(full: bool, p: usize, n: i32, keep: f64, x: v128, eps: f32): v128 {
  const fresh = f32x4.mul(f32x4.splat(<f32>(1 - keep)), x);
  const sum = f32x4.add(f32x4.mul(f32x4.splat(<f32>keep), load4(full, p, n)), f32x4.mul(fresh, x));
  const value = floor4(sum, f32x4.splat(eps > 0 ? NORMAL : 0));
  store4(full, p, value, n);
  return value;
}

function rmspropStep(
  full: bool,
  p: usize,
  g: usize,
  sq: usize,
  mean: usize,
  buf: usize,
  n: i32,
  lr: f32,
  alpha: f64,
  eps: f32,
  decay: f32,
  momentum: f32,
  maximize: i32,
): void {
  const value = load4(full, p, n);
  const grad = inline.always(gradient4(full, g, n, value, f32x4.splat(decay), decay != 0, maximize != 0));
  let average = inline.always(squareInto(full, sq, n, alpha, grad, eps));
  if (mean) {
    const fresh = f32x4.mul(f32x4.splat(<f32>(1 - alpha)), grad);
    const centre = floor4(f32x4.add(f32x4.mul(f32x4.splat(<f32>alpha), load4(full, mean, n)), fresh), f32x4.splat(NORMAL));
    store4(full, mean, centre, n);
    average = f32x4.sub(average, f32x4.mul(centre, centre));
  }
  let direction = f32x4.div(grad, f32x4.add(f32x4.sqrt(average), f32x4.splat(eps)));
  if (buf) {
    direction = floor4(f32x4.add(f32x4.mul(f32x4.splat(momentum), load4(full, buf, n)), direction), f32x4.splat(NORMAL));
    store4(full, buf, direction, n);
  }
  store4(full, p, f32x4.add(value, f32x4.mul(f32x4.splat(-lr), direction)), n);
}

export function f32_rmsprop(
  p: usize,
  g: usize,
  sq: usize,
  mean: usize,
  buf: usize,
  n: i32,
  lr: f32,
  alpha: f64,
  eps: f32,
  decay: f32,
  momentum: f32,
  maximize: i32,
): void {
  for (; n > 0; n -= 4) {
    if (n >= 4) inline.always(rmspropStep(true, p, g, sq, mean, buf, 4, lr, alpha, eps, decay, momentum, maximize));
    else inline.always(rmspropStep(false, p, g, sq, mean, buf, n, lr, alpha, eps, decay, momentum, maximize));
    p += 16;
    g += 16;
    sq += 16;
    if (mean) mean += 16;
    if (buf) buf += 16;
  }
}

function adagradStep(full: bool, p: usize, g: usize, sum: usize, n: i32, rate: f32, eps: f32, decay: f32, maximize: i32): void {
  const value = load4(full, p, n);
  const grad = inline.always(gradient4(full, g, n, value, f32x4.splat(decay), decay != 0, maximize != 0));
  const total = f32x4.add(load4(full, sum, n), f32x4.mul(grad, grad));
  store4(full, sum, total, n);
  const direction = f32x4.div(grad, f32x4.add(f32x4.sqrt(total), f32x4.splat(eps)));
  store4(full, p, f32x4.add(value, f32x4.mul(f32x4.splat(-rate), direction)), n);
}

export function f32_adagrad(p: usize, g: usize, sum: usize, n: i32, rate: f32, eps: f32, decay: f32, maximize: i32): void {
  for (; n > 0; n -= 4, p += 16, g += 16, sum += 16) {
    if (n >= 4) inline.always(adagradStep(true, p, g, sum, 4, rate, eps, decay, maximize));
    else inline.always(adagradStep(false, p, g, sum, n, rate, eps, decay, maximize));
  }
}

function adadeltaStep(
  full: bool,
  p: usize,
  g: usize,
  sq: usize,
  acc: usize,
  n: i32,
  lr: f32,
  rho: f64,
  eps: f32,
  decay: f32,
  maximize: i32,
): void {
  const value = load4(full, p, n);
  const small = f32x4.splat(eps);
  const grad = inline.always(gradient4(full, g, n, value, f32x4.splat(decay), decay != 0, maximize != 0));
  const deviation = f32x4.sqrt(f32x4.add(inline.always(squareInto(full, sq, n, rho, grad, eps)), small));
  const direction = f32x4.mul(f32x4.div(f32x4.sqrt(f32x4.add(load4(full, acc, n), small)), deviation), grad);
  inline.always(squareInto(full, acc, n, rho, direction, eps));
  store4(full, p, f32x4.add(value, f32x4.mul(f32x4.splat(-lr), direction)), n);
}

export function f32_adadelta(
  p: usize,
  g: usize,
  sq: usize,
  acc: usize,
  n: i32,
  lr: f32,
  rho: f64,
  eps: f32,
  decay: f32,
  maximize: i32,
): void {
  for (; n > 0; n -= 4, p += 16, g += 16, sq += 16, acc += 16) {
    if (n >= 4) inline.always(adadeltaStep(true, p, g, sq, acc, 4, lr, rho, eps, decay, maximize));
    else inline.always(adadeltaStep(false, p, g, sq, acc, n, lr, rho, eps, decay, maximize));
  }
}
