// Optimizer updates in place over n elements, as PyTorch. All f32 arithmetic; 1 - beta, 1 - dampening and 1 - decay are taken in
// f64 first and rounded once. A step is p + (-rate·direction).
//
// f32_sgd:  g' = g + decay·p (decay != 0);  momentum != 0: buf = first ? g' : momentum·buf + (1 - dampening)·g',
//   g' = nesterov ? g' + momentum·buf : buf;  p += -lr·g'. g is not changed; buf is not touched when momentum is 0.
// f32_adam: decoupled: p *= 1 - decay, else g' = g + decay·p (decay != 0);  m = beta1·m + (1 - beta1)·g';
//   v = beta2·v + ((1 - beta2)·g')·g';  p += -stepSize·(m / (sqrt(v)/rootCorrection2 + eps)).

import { load4, store4 } from "../simd/tail";

function sgdStep(full: bool, p: usize, g: usize, buf: usize, n: i32, lr: v128, momentum: v128, fresh: v128, decay: v128, mode: i32): void {
  let value = load4(full, p, n);
  let grad = load4(full, g, n);
  if (mode & 8) grad = f32x4.add(grad, f32x4.mul(decay, value));
  if (mode & 1) {
    const velocity = mode & 2 ? grad : f32x4.add(f32x4.mul(momentum, load4(full, buf, n)), f32x4.mul(fresh, grad));
    store4(full, buf, velocity, n);
    grad = mode & 4 ? f32x4.add(grad, f32x4.mul(momentum, velocity)) : velocity;
  }
  value = f32x4.add(value, f32x4.mul(lr, grad));
  store4(full, p, value, n);
}

export function f32_sgd(
  p: usize,
  g: usize,
  buf: usize,
  n: i32,
  lr: f32,
  momentum: f64,
  dampening: f64,
  decay: f32,
  nesterov: i32,
  first: i32,
): void {
  const mode = (momentum != 0 ? 1 : 0) | (first ? 2 : 0) | (nesterov ? 4 : 0) | (decay != 0 ? 8 : 0);
  const rate = f32x4.splat(-lr);
  const keep = f32x4.splat(<f32>momentum);
  const fresh = f32x4.splat(<f32>(1 - dampening));
  const shrink = f32x4.splat(decay);
  for (; n >= 4; n -= 4, p += 16, g += 16, buf += 16) inline.always(sgdStep(true, p, g, buf, 4, rate, keep, fresh, shrink, mode));
  if (n > 0) inline.always(sgdStep(false, p, g, buf, n, rate, keep, fresh, shrink, mode));
}

function adamStep(
  full: bool,
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: i32,
  rate: v128,
  keep1: v128,
  new1: v128,
  keep2: v128,
  new2: v128,
  eps: v128,
  root: v128,
  decay: v128,
  mode: i32,
): void {
  let value = load4(full, p, n);
  let grad = load4(full, g, n);
  if (mode == 1) grad = f32x4.add(grad, f32x4.mul(decay, value));
  if (mode == 2) value = f32x4.mul(value, decay);
  const first = f32x4.add(f32x4.mul(keep1, load4(full, m, n)), f32x4.mul(new1, grad));
  store4(full, m, first, n);
  const second = f32x4.add(f32x4.mul(keep2, load4(full, v, n)), f32x4.mul(f32x4.mul(new2, grad), grad));
  store4(full, v, second, n);
  const direction = f32x4.div(first, f32x4.add(f32x4.div(f32x4.sqrt(second), root), eps));
  store4(full, p, f32x4.add(value, f32x4.mul(rate, direction)), n);
}

export function f32_adam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: i32,
  stepSize: f32,
  beta1: f64,
  beta2: f64,
  eps: f32,
  rootCorrection2: f32,
  decay: f64,
  decoupled: i32,
): void {
  const mode = decay == 0 ? 0 : decoupled ? 2 : 1;
  const rate = f32x4.splat(-stepSize);
  const keep1 = f32x4.splat(<f32>beta1);
  const new1 = f32x4.splat(<f32>(1 - beta1));
  const keep2 = f32x4.splat(<f32>beta2);
  const new2 = f32x4.splat(<f32>(1 - beta2));
  const small = f32x4.splat(eps);
  const root = f32x4.splat(rootCorrection2);
  const shrink = f32x4.splat(decoupled ? <f32>(1 - decay) : <f32>decay);
  for (; n >= 4; n -= 4, p += 16, g += 16, m += 16, v += 16) {
    inline.always(adamStep(true, p, g, m, v, 4, rate, keep1, new1, keep2, new2, small, root, shrink, mode));
  }
  if (n > 0) inline.always(adamStep(false, p, g, m, v, n, rate, keep1, new1, keep2, new2, small, root, shrink, mode));
}
