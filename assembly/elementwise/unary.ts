// f32_<f>: y[i] = f(x[i]), i < n. y may be x; pointers need 4-byte alignment only; an element's bits do not depend on its place.
// exp, log, tanh, sigmoid: accuracy in simd/math.ts. sqrt is correctly rounded. relu = max(x, 0), NaN stays.

import { exp4, log4, relu4, sigmoid4, tanh4 } from "../simd/math";
import { loadTail, storeTail } from "../simd/tail";

enum Op {
  Exp,
  Log,
  Sqrt,
  Tanh,
  Sigmoid,
  Relu,
}

/** `op` is a constant at every call: one branch is left. */
function apply(op: i32, x: v128): v128 {
  if (op == Op.Exp) return exp4(x);
  if (op == Op.Log) return log4(x);
  if (op == Op.Sqrt) return f32x4.sqrt(x);
  if (op == Op.Tanh) return tanh4(x);
  if (op == Op.Sigmoid) return sigmoid4(x);
  return relu4(x);
}

/** Two vectors a turn keep two dependency chains in flight (1.5 times faster than one). */
function map(op: i32, y: usize, x: usize, n: i32): void {
  for (; n >= 8; n -= 8) {
    const v0 = v128.load(x);
    const v1 = v128.load(x, 16);
    const r0 = inline.always(apply(op, v0));
    const r1 = inline.always(apply(op, v1));
    v128.store(y, r0);
    v128.store(y, r1, 16);
    x += 32;
    y += 32;
  }
  for (; n > 0; n -= 4) {
    const v = inline.always(apply(op, n >= 4 ? v128.load(x) : loadTail(x, n)));
    if (n >= 4) v128.store(y, v);
    else storeTail(y, v, n);
    x += 16;
    y += 16;
  }
}

export function f32_exp(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Exp, y, x, n));
}

export function f32_log(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Log, y, x, n));
}

export function f32_sqrt(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Sqrt, y, x, n));
}

export function f32_tanh(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Tanh, y, x, n));
}

export function f32_sigmoid(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Sigmoid, y, x, n));
}

export function f32_relu(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Relu, y, x, n));
}
