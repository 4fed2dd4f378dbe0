// f32_activation: y[i] = f(x[i]), i < n, y may be x; f32_activation_slope: d[i] = f'(x[i]). `kind` and its parameters a, b:
//   0 leakyRelu: x > 0 ? x : a·x                        1 elu: x > 0 ? x : a·(e^x - 1)
//   2 gelu: x·Phi(x), Phi the normal distribution       3 softplus: log(1 + e^x)
//   4 hardTanh: x limited to a … b                      5 hardSigmoid: x/6 + 1/2 limited to 0 … 1
//   6 logSigmoid: -log(1 + e^-x)                        7 silu: x·sigmoid(x)
//   8 abs: |x|, slope 0 at 0                            9 clamp as 4, but its slope is 1 at the ends too
// Slopes at kinks as PyTorch's. NaN gives NaN. The other constants stand in simd/math.ts.

import { exp4, expm1Negative4, log1pUnit4, normalTail4, sigmoid4 } from "../simd/math";
import { loadTail, storeTail } from "../simd/tail";

enum Kind {
  LeakyRelu,
  Elu,
  Gelu,
  Softplus,
  HardTanh,
  HardSigmoid,
  LogSigmoid,
  Silu,
  Abs,
  Clamp,
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1pUnit4(exp4(f32x4.neg(f32x4.abs(x)))));
}

/** Phi(x): the tail below -|x|, or what it leaves of 1. */
function normal4(x: v128): v128 {
  const tail = normalTail4(f32x4.abs(x));
  return v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
}

/** `kind` is a constant at every call: one branch is left. */
function value(kind: i32, x: v128, a: v128, b: v128): v128 {
  const zero = f32x4.splat(0);
  if (kind == Kind.LeakyRelu) return v128.bitselect(x, f32x4.mul(a, x), f32x4.gt(x, zero));
  if (kind == Kind.Elu) return v128.bitselect(x, f32x4.mul(a, expm1Negative4(f32x4.min(x, zero))), f32x4.gt(x, zero));
  if (kind == Kind.Gelu) return f32x4.mul(x, inline.always(normal4(x)));
  if (kind == Kind.Softplus) return inline.always(softplus4(x));
  if (kind == Kind.HardTanh || kind == Kind.Clamp) return f32x4.min(f32x4.max(x, a), b);
  if (kind == Kind.HardSigmoid) {
    return f32x4.div(f32x4.min(f32x4.max(f32x4.add(x, f32x4.splat(3)), zero), f32x4.splat(6)), f32x4.splat(6));
  }
  if (kind == Kind.LogSigmoid) return f32x4.neg(inline.always(softplus4(f32x4.neg(x))));
  if (kind == Kind.Silu) return f32x4.mul(x, sigmoid4(x));
  return f32x4.abs(x);
}

/** 1 where the mask is set. */
function indicator(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1));
}

function slope(kind: i32, x: v128, a: v128, b: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const positive = f32x4.gt(x, zero);
  if (kind == Kind.LeakyRelu) return v128.bitselect(one, a, positive);
  if (kind == Kind.Elu) return v128.bitselect(one, f32x4.mul(a, exp4(f32x4.min(x, zero))), positive);
  if (kind == Kind.Gelu) {
    const density = f32x4.mul(exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.3989422804014327));
    return f32x4.add(inline.always(normal4(x)), f32x4.mul(x, density));
  }
  if (kind == Kind.Softplus) return sigmoid4(x);
  if (kind == Kind.HardTanh) return inline.always(indicator(v128.and(f32x4.gt(x, a), f32x4.lt(x, b))));
  if (kind == Kind.Clamp) return inline.always(indicator(v128.and(f32x4.ge(x, a), f32x4.le(x, b))));
  if (kind == Kind.HardSigmoid) {
    const inside = v128.and(f32x4.gt(x, f32x4.splat(-3)), f32x4.lt(x, f32x4.splat(3)));
    return v128.and(inside, f32x4.splat(0.1666666716337204));
  }
  if (kind == Kind.LogSigmoid) return sigmoid4(f32x4.neg(x));
  if (kind == Kind.Silu) {
    const s = sigmoid4(x);
    // x·s is 0 far below 0, where the product with -Infinity would be NaN.
    const near = f32x4.max(x, f32x4.splat(-104));
    return f32x4.mul(s, f32x4.add(one, f32x4.mul(near, sigmoid4(f32x4.neg(x)))));
  }
  return f32x4.sub(inline.always(indicator(positive)), inline.always(indicator(f32x4.lt(x, zero))));
}

/** One body for full vectors and the tail: the functions are long. */
function map(kind: i32, steep: bool, y: usize, x: usize, n: i32, a: f32, b: f32): void {
  const p = f32x4.splat(a);
  const q = f32x4.splat(b);
  for (; n > 0; n -= 4, x += 16, y += 16) {
    const v = n >= 4 ? v128.load(x) : loadTail(x, n);
    const r = steep ? inline.always(slope(kind, v, p, q)) : inline.always(value(kind, v, p, q));
    if (n >= 4) v128.store(y, r);
    else storeTail(y, r, n);
  }
}

function all(steep: bool, y: usize, x: usize, n: i32, kind: i32, a: f32, b: f32): void {
  if (kind == Kind.LeakyRelu) inline.always(map(Kind.LeakyRelu, steep, y, x, n, a, b));
  else if (kind == Kind.Elu) inline.always(map(Kind.Elu, steep, y, x, n, a, b));
  else if (kind == Kind.Gelu) inline.always(map(Kind.Gelu, steep, y, x, n, a, b));
  else if (kind == Kind.Softplus) inline.always(map(Kind.Softplus, steep, y, x, n, a, b));
  else if (kind == Kind.HardTanh) inline.always(map(Kind.HardTanh, steep, y, x, n, a, b));
  else if (kind == Kind.HardSigmoid) inline.always(map(Kind.HardSigmoid, steep, y, x, n, a, b));
  else if (kind == Kind.LogSigmoid) inline.always(map(Kind.LogSigmoid, steep, y, x, n, a, b));
  else if (kind == Kind.Silu) inline.always(map(Kind.Silu, steep, y, x, n, a, b));
  else if (kind == Kind.Abs) inline.always(map(Kind.Abs, steep, y, x, n, a, b));
  else inline.always(map(Kind.Clamp, steep, y, x, n, a, b));
}

export function f32_activation(y: usize, x: usize, n: i32, kind: i32, a: f32, b: f32): void {
  inline.always(all(false, y, x, n, kind, a, b));
}

export function f32_activation_slope(d: usize, x: usize, n: i32, kind: i32, a: f32, b: f32): void {
  inline.always(all(true, d, x, n, kind, a, b));
}
