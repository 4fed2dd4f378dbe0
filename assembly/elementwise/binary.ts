// f32_add, f32_sub, f32_mul, f32_div: y[i] = a[i] op b[i], i < n; y may be a or b.
// f32_axpby: y[i] = beta·y[i] + alpha·x[i]; y is not read when beta is 0.
// f32_affine: y[i] = x[i]·alpha + shift, rounded twice in every build; y may be x.

import { accumulate4, load4, loadTail, store4, storeTail } from "../simd/tail";

enum Op {
  Add,
  Sub,
  Mul,
  Div,
}

/** `op` is a constant at every call: one branch is left. */
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == Op.Add) return f32x4.add(a, b);
  if (op == Op.Sub) return f32x4.sub(a, b);
  if (op == Op.Mul) return f32x4.mul(a, b);
  return f32x4.div(a, b);
}

function map(op: i32, y: usize, a: usize, b: usize, n: i32): void {
  for (; n >= 8; n -= 8) {
    const r0 = inline.always(apply(op, v128.load(a), v128.load(b)));
    const r1 = inline.always(apply(op, v128.load(a, 16), v128.load(b, 16)));
    v128.store(y, r0);
    v128.store(y, r1, 16);
    y += 32;
    a += 32;
    b += 32;
  }
  for (; n >= 4; n -= 4) {
    v128.store(y, inline.always(apply(op, v128.load(a), v128.load(b))));
    y += 16;
    a += 16;
    b += 16;
  }
  if (n > 0) storeTail(y, inline.always(apply(op, loadTail(a, n), loadTail(b, n))), n);
}

export function f32_add(y: usize, a: usize, b: usize, n: i32): void {
  inline.always(map(Op.Add, y, a, b, n));
}

export function f32_sub(y: usize, a: usize, b: usize, n: i32): void {
  inline.always(map(Op.Sub, y, a, b, n));
}

export function f32_mul(y: usize, a: usize, b: usize, n: i32): void {
  inline.always(map(Op.Mul, y, a, b, n));
}

export function f32_div(y: usize, a: usize, b: usize, n: i32): void {
  inline.always(map(Op.Div, y, a, b, n));
}

function axpby(full: bool, y: usize, x: usize, n: i32, alpha: f32, beta: f32): void {
  const scaled = f32x4.mul(f32x4.splat(alpha), load4(full, x, n));
  store4(full, y, accumulate4(full, y, scaled, n, beta), n);
}

export function f32_axpby(y: usize, x: usize, n: i32, alpha: f32, beta: f32): void {
  for (; n >= 8; n -= 8) {
    inline.always(axpby(true, y, x, 4, alpha, beta));
    inline.always(axpby(true, y + 16, x + 16, 4, alpha, beta));
    y += 32;
    x += 32;
  }
  for (; n >= 4; n -= 4) {
    inline.always(axpby(true, y, x, 4, alpha, beta));
    y += 16;
    x += 16;
  }
  if (n > 0) inline.always(axpby(false, y, x, n, alpha, beta));
}

function affine(full: bool, y: usize, x: usize, n: i32, alpha: f32, shift: f32): void {
  store4(full, y, f32x4.add(f32x4.mul(load4(full, x, n), f32x4.splat(alpha)), f32x4.splat(shift)), n);
}

export function f32_affine(y: usize, x: usize, n: i32, alpha: f32, shift: f32): void {
  for (; n >= 8; n -= 8) {
    inline.always(affine(true, y, x, 4, alpha, shift));
    inline.always(affine(true, y + 16, x + 16, 4, alpha, shift));
    y += 32;
    x += 32;
  }
  for (; n >= 4; n -= 4) {
    inline.always(affine(true, y, x, 4, alpha, shift));
    y += 16;
    x += 16;
  }
  if (n > 0) inline.always(affine(false, y, x, n, alpha, shift));
}
