// f32_<f>_bwd: dx[i] = beta·dx[i] + dy[i]·f', i < n; dx is not read when beta is 0, and may be dy only then.
// f' from the output y:  exp dy·y;  sqrt dy/(y + y);  tanh dy·(1 - y·y);  sigmoid dy·(y·(1 - y));
//   relu dy where y > 0 or y is NaN, else 0.   From the input x:  log dy/x.
// f32_mul_add: y[i] = beta·y[i] + (alpha·a[i])·b[i].

import { accumulate4, load4, store4 } from "../simd/tail";

enum Op {
  Exp,
  Log,
  Sqrt,
  Tanh,
  Sigmoid,
  Relu,
  Mul,
}

/** `op` is a constant at every call: one branch is left. */
function apply(op: i32, dy: v128, v: v128, alpha: f32): v128 {
  const one = f32x4.splat(1);
  if (op == Op.Exp) return f32x4.mul(dy, v);
  if (op == Op.Log) return f32x4.div(dy, v);
  if (op == Op.Sqrt) return f32x4.div(dy, f32x4.add(v, v));
  if (op == Op.Tanh) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(v, v)));
  if (op == Op.Sigmoid) return f32x4.mul(dy, f32x4.mul(v, f32x4.sub(one, v)));
  if (op == Op.Relu) return v128.andnot(dy, f32x4.le(v, f32x4.splat(0)));
  return f32x4.mul(f32x4.mul(f32x4.splat(alpha), dy), v);
}

function step(op: i32, full: bool, dx: usize, dy: usize, v: usize, n: i32, alpha: f32, beta: f32): void {
  const g = inline.always(apply(op, load4(full, dy, n), load4(full, v, n), alpha));
  store4(full, dx, accumulate4(full, dx, g, n, beta), n);
}

function map(op: i32, dx: usize, dy: usize, v: usize, n: i32, alpha: f32, beta: f32): void {
  for (; n >= 8; n -= 8) {
    inline.always(step(op, true, dx, dy, v, 4, alpha, beta));
    inline.always(step(op, true, dx + 16, dy + 16, v + 16, 4, alpha, beta));
    dx += 32;
    dy += 32;
    v += 32;
  }
  for (; n >= 4; n -= 4) {
    inline.always(step(op, true, dx, dy, v, 4, alpha, beta));
    dx += 16;
    dy += 16;
    v += 16;
  }
  if (n > 0) inline.always(step(op, false, dx, dy, v, n, alpha, beta));
}

export function f32_exp_bwd(dx: usize, dy: usize, y: usize, n: i32, beta: f32): void {
  inline.always(map(Op.Exp, dx, dy, y, n, 1, beta));
}

export function f32_log_bwd(dx: usize, dy: usize, x: usize, n: i32, beta: f32): void {
  inline.always(map(Op.Log, dx, dy, x, n, 1, beta));
}

export function f32_sqrt_bwd(dx: usize, dy: usize, y: usize, n: i32, beta: f32): void {
  inline.always(map(Op.Sqrt, dx, dy, y, n, 1, beta));
}

export function f32_tanh_bwd(dx: usize, dy: usize, y: usize, n: i32, beta: f32): void {
  inline.always(map(Op.Tanh, dx, dy, y, n, 1, beta));
}

export function f32_sigmoid_bwd(dx: usize, dy: usize, y: usize, n: i32, beta: f32): void {
  inline.always(map(Op.Sigmoid, dx, dy, y, n, 1, beta));
}

export function f32_relu_bwd(dx: usize, dy: usize, y: usize, n: i32, beta: f32): void {
  inline.always(map(Op.Relu, dx, dy, y, n, 1, beta));
}

export function f32_mul_add(y: usize, a: usize, b: usize, n: i32, alpha: f32, beta: f32): void {
  inline.always(map(Op.Mul, y, a, b, n, alpha, beta));
}
