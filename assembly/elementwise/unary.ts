// f32_<f>: y[i] = f(x[i]), i < n. y may be x; pointers need 4-byte alignment only; an element's bits do not depend on its place.
// exp, log, tanh, sigmoid: accuracy in simd/math.ts. sqrt is correctly rounded. relu = max(x, 0), NaN stays.

import {
  constant,
  EXP_3,
  EXP_4,
  EXP_5,
  EXP_6,
  EXP_7,
  EXP_HIGH,
  EXP_LOW,
  exp4,
  HALF,
  LOG2E,
  log4,
  MINUS_LN2_HIGH,
  MINUS_LN2_LOW,
  ONE,
  ROUND_PLUS_127,
  ROUND_PLUS_254,
  relu4,
  SIGMOID_HIGH,
  SIGN,
  sigmoid4,
  TANH_FAR,
  TANH_HIGH,
  TWO,
  tanh4,
} from "../simd/math";
import { loadTail, storeTail } from "../simd/tail";

enum Op {
  Exp,
  Log,
  Sqrt,
  Tanh,
  Sigmoid,
  Relu,
}

/**
 * `op` is a constant at every call: one branch is left. Two vectors a turn keep two dependency chains in flight (1.5 times faster than one).
 * Both are read before either is written, for y may be x and V8 joins neighbours only then.
 */
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

function apply(op: i32, x: v128): v128 {
  if (op == Op.Log) return log4(x);
  if (op == Op.Sqrt) return f32x4.sqrt(x);
  return relu4(x);
}

/**
 * As map for the functions that are made of e^x, whose constants are read once for all of x: 32 x 256 LSTM cells are 1.1 times as fast as
 * with reading them at every use (Node 20; Node 22 1.27, Node 24 1.21, and 2.1 where V8 joins neighbours, for a load in between forbids it).
 */
function mapExponential(op: i32, y: usize, x: usize, n: i32): void {
  const low = constant(op == Op.Tanh ? TANH_FAR : EXP_LOW);
  const high = constant(op == Op.Tanh ? TANH_HIGH : op == Op.Sigmoid ? SIGMOID_HIGH : EXP_HIGH);
  const round = constant(op == Op.Tanh ? ROUND_PLUS_127 : ROUND_PLUS_254);
  const one = constant(ONE);
  const log2e = constant(LOG2E);
  const ln2Low = constant(MINUS_LN2_LOW);
  const ln2High = constant(MINUS_LN2_HIGH);
  const e7 = constant(EXP_7);
  const e6 = constant(EXP_6);
  const e5 = constant(EXP_5);
  const e4 = constant(EXP_4);
  const e3 = constant(EXP_3);
  const half = constant(HALF);
  const two = constant(op == Op.Tanh ? TWO : ONE);
  const sign = constant(op == Op.Tanh ? SIGN : ONE);
  for (; n >= 8; n -= 8) {
    const v0 = v128.load(x);
    const v1 = v128.load(x, 16);
    const r0 = inline.always(exponential(op, v0, low, high, one, log2e, round, ln2Low, ln2High, e7, e6, e5, e4, e3, half, two, sign));
    const r1 = inline.always(exponential(op, v1, low, high, one, log2e, round, ln2Low, ln2High, e7, e6, e5, e4, e3, half, two, sign));
    v128.store(y, r0);
    v128.store(y, r1, 16);
    x += 32;
    y += 32;
  }
  for (; n > 0; n -= 4) {
    const v = n >= 4 ? v128.load(x) : loadTail(x, n);
    const r = inline.always(exponential(op, v, low, high, one, log2e, round, ln2Low, ln2High, e7, e6, e5, e4, e3, half, two, sign));
    if (n >= 4) v128.store(y, r);
    else storeTail(y, r, n);
    x += 16;
    y += 16;
  }
}

function exponential(
  op: i32,
  x: v128,
  low: v128,
  high: v128,
  one: v128,
  log2e: v128,
  round: v128,
  ln2Low: v128,
  ln2High: v128,
  e7: v128,
  e6: v128,
  e5: v128,
  e4: v128,
  e3: v128,
  half: v128,
  two: v128,
  sign: v128,
): v128 {
  if (op == Op.Exp) return exp4(x, low, high, one, log2e, round, ln2Low, ln2High, e7, e6, e5, e4, e3, half);
  if (op == Op.Sigmoid) return sigmoid4(x, low, high, one, log2e, round, ln2Low, ln2High, e7, e6, e5, e4, e3, half);
  return tanh4(x, low, high, one, log2e, round, ln2Low, ln2High, e7, e6, e5, e4, e3, half, two, sign);
}

export function f32_exp(y: usize, x: usize, n: i32): void {
  inline.always(mapExponential(Op.Exp, y, x, n));
}

export function f32_log(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Log, y, x, n));
}

export function f32_sqrt(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Sqrt, y, x, n));
}

export function f32_tanh(y: usize, x: usize, n: i32): void {
  inline.always(mapExponential(Op.Tanh, y, x, n));
}

export function f32_sigmoid(y: usize, x: usize, n: i32): void {
  inline.always(mapExponential(Op.Sigmoid, y, x, n));
}

export function f32_relu(y: usize, x: usize, n: i32): void {
  inline.always(map(Op.Relu, y, x, n));
}
