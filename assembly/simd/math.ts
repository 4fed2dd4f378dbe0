// Transcendental functions on four f32 lanes. Only additions, products, quotients, compares, selects and integer operations, so
// that src/engine/js/math.ts can follow operation by operation; no tables. A lane's result depends on that lane alone.
//
// Errors measured against float64: docs/numerics.md. exp, log, sigmoid and tanh are monotone, tanh is odd with |tanh| <= 1.
// The ends: exp(-Inf) = 0, exp(x > 88.72) = Inf, log(±0) = -Inf,
// log(x < 0) = NaN, sigmoid(-104) = 0, tanh(±Inf) = ±1, tanh(x) = x for denormals; NaN gives NaN.

import { madd } from "./madd";

// Adding 1.5·2^23 rounds to an integer in the low bits of the sum. A bias added to it (a whole number) lands in those bits too,
// ready to be shifted into an exponent.
@inline const LOG2E: f32 = 1.4426950408889634;
@inline const ROUND: f32 = 12582912;
@inline const ROUND_PLUS_254: f32 = 12583166;
@inline const ROUND_PLUS_127: f32 = 12583039;

// ln 2 in two parts; the first has 15 bits, so that its product with an exponent is exact.
@inline const LN2_HIGH: f32 = 0.693145751953125;
@inline const LN2_LOW: f32 = 1.4286068203094173e-6;

// Coefficients of normalTail4, powers of t.
@inline const TAIL_0: f32 = 0.14104324579238892;
@inline const TAIL_1: f32 = 0.14115174114704132;
@inline const TAIL_2: f32 = 0.1223132312297821;
@inline const TAIL_3: f32 = 0.09448565542697906;
@inline const TAIL_4: f32 = 0.0209801122546196;
@inline const TAIL_5: f32 = 0.0339115746319294;
@inline const TAIL_6: f32 = -0.03807447850704193;
@inline const TAIL_7: f32 = -0.11491909623146057;
@inline const TAIL_8: f32 = 0.16984930634498596;
@inline const TAIL_9: f32 = -0.08716502040624619;
@inline const TAIL_10: f32 = 0.016423724591732025;

/** r = t - n·ln 2 for a whole n: the first product and difference are exact. */
@inline
function reduce(t: v128, n: v128): v128 {
  return madd(n, f32x4.splat(-LN2_LOW), madd(n, f32x4.splat(-LN2_HIGH), t));
}

/**
 * exp(r) - 1 = r + r²·q(r) for |r| <= ln(2)/2. Minimax in relative error (Lawson iteration on 1001 Chebyshev nodes, coefficients
 * rounded to f32 one by one and the rest fitted anew); error before rounding of the operations 4.4e-10.
 */
@inline
function expm1Reduced(r: v128): v128 {
  let q = madd(f32x4.splat(0.00019762593728955835), r, f32x4.splat(0.0013932330766692758));
  q = madd(q, r, f32x4.splat(0.008333545178174973));
  q = madd(q, r, f32x4.splat(0.04166649281978607));
  q = madd(q, r, f32x4.splat(0.1666666567325592));
  q = madd(q, r, f32x4.splat(0.5));
  return madd(f32x4.mul(r, r), q, r);
}

/** exp for -104.5 <= x <= 89 or NaN: 2^n in two factors, so that overflow gives Infinity and a denormal is rounded once. */
@inline
function expClamped(x: v128): v128 {
  const t = madd(x, f32x4.splat(LOG2E), f32x4.splat(ROUND_PLUS_254));
  const p = f32x4.add(f32x4.splat(1), expm1Reduced(reduce(x, f32x4.sub(t, f32x4.splat(ROUND_PLUS_254)))));
  // The low nine bits of t are n + 254 = a + b; 2^(a-127) and 2^(b-127) are normal.
  const a = i32x4.shr_u(t, 1);
  const b = i32x4.sub(t, a);
  return f32x4.mul(f32x4.mul(p, i32x4.shl(a, 23)), i32x4.shl(b, 23));
}

/** e^x. pmax and pmin keep a NaN of their first operand. */
@inline
export function exp4(x: v128): v128 {
  return expClamped(f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104.5)), f32x4.splat(89)));
}

/** 1/(1 + e^-x): from t = e^-|x| as 1/(1+t) or t/(1+t), which keeps small results relative. */
@inline
export function sigmoid4(x: v128): v128 {
  const negative = v128.or(x, i32x4.splat(0x80000000));
  const t = expClamped(f32x4.pmax(negative, f32x4.splat(-104.5)));
  const top = v128.bitselect(t, f32x4.splat(1), i32x4.shr_s(x, 31));
  return f32x4.div(top, f32x4.add(f32x4.splat(1), t));
}

/**
 * With t = e^(-2|x|) = 2^n·(1 + p), p = expm1(r), and m = t - 1: tanh|x| = -m/(m+2), where nothing cancels near 0 (n = 0: m is p), and
 * from t <= 1/3 on 1 - 2t/(m+2), where an error of m would count twice. One quotient serves both; the sign is copied.
 */
@inline
export function tanh4(x: v128): v128 {
  const sign = i32x4.splat(0x80000000);
  const u = f32x4.pmax(f32x4.mul(f32x4.splat(-2), v128.andnot(x, sign)), f32x4.splat(-18.5));
  const k = madd(u, f32x4.splat(LOG2E), f32x4.splat(ROUND_PLUS_127));
  const p = expm1Reduced(reduce(u, f32x4.sub(k, f32x4.splat(ROUND_PLUS_127))));
  const s = i32x4.shl(k, 23);
  const t = madd(s, p, s);
  const m = madd(s, p, f32x4.sub(s, f32x4.splat(1)));
  const far = f32x4.le(t, f32x4.splat(0.3333333432674408));
  const quotient = f32x4.div(v128.bitselect(f32x4.add(t, t), f32x4.neg(m), far), f32x4.add(m, f32x4.splat(2)));
  const y = v128.bitselect(f32x4.sub(f32x4.splat(1), quotient), quotient, far);
  return v128.or(v128.andnot(y, sign), v128.and(x, sign));
}

/**
 * ln x = e·ln 2 + ln(1+f) with 1+f in [sqrt(1/2), sqrt(2)); ln(1+f) = f - f²/2 + f³·P(f), P of degree 8 fitted as above (7.7e-10).
 * Denormals are scaled by 2^23 first.
 */
@inline
export function log4(x: v128): v128 {
  const small = f32x4.lt(x, f32x4.splat(1.1754943508222875e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, small);
  const exponent = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(scaled, i32x4.shl(exponent, 23)), f32x4.splat(1));
  const e = f32x4.add(f32x4.convert_i32x4_s(exponent), v128.and(small, f32x4.splat(-23)));
  let p = madd(f32x4.splat(0.06749270111322403), f, f32x4.splat(-0.11670100688934326));
  p = madd(p, f, f32x4.splat(0.11883549392223358));
  p = madd(p, f, f32x4.splat(-0.12406233698129654));
  p = madd(p, f, f32x4.splat(0.14220358431339264));
  p = madd(p, f, f32x4.splat(-0.16667988896369934));
  p = madd(p, f, f32x4.splat(0.2000207155942917));
  p = madd(p, f, f32x4.splat(-0.25000008940696716));
  p = madd(p, f, f32x4.splat(0.3333331346511841));
  const z = f32x4.mul(f, f);
  const tail = madd(z, f32x4.splat(-0.5), madd(e, f32x4.splat(LN2_LOW), f32x4.mul(f32x4.mul(f, z), p)));
  const y = madd(e, f32x4.splat(LN2_HIGH), f32x4.add(f, tail));
  // Outside 0 < x < Infinity: -Infinity at 0, and the square root is NaN, Infinity or NaN as the logarithm is.
  const inside = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, f32x4.splat(Infinity)));
  const edge = v128.bitselect(f32x4.splat(-Infinity), f32x4.sqrt(x), f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, edge, inside);
}

/** e^x - 1 for x <= 0 or NaN, as 2^n·p + (2^n - 1). */
@inline
export function expm1Negative4(x: v128): v128 {
  const u = f32x4.pmax(x, f32x4.splat(-18.5));
  const k = madd(u, f32x4.splat(LOG2E), f32x4.splat(ROUND_PLUS_127));
  const p = expm1Reduced(reduce(u, f32x4.sub(k, f32x4.splat(ROUND_PLUS_127))));
  const s = i32x4.shl(k, 23);
  return madd(s, p, f32x4.sub(s, f32x4.splat(1)));
}

/** log(1 + t) for 0 <= t <= 1 or NaN: the logarithm of the rounded sum u, times t/(u - 1), which makes good for the rounding (Kahan). */
@inline
export function log1pUnit4(t: v128): v128 {
  const u = f32x4.add(t, f32x4.splat(1));
  const d = f32x4.sub(u, f32x4.splat(1));
  const y = f32x4.mul(log4(u), f32x4.div(t, d));
  return v128.bitselect(t, y, f32x4.eq(d, f32x4.splat(0)));
}

/**
 * The share of the normal distribution above x >= 0: erfc(z)/2, z = x/sqrt(2), as t·Q(t)·e^(-z²) with t = 1/(1 + z/2). Q of degree 10
 * interpolates erfc(z)·e^(z²)/(2t) at Chebyshev nodes of t for z <= 10.2; error 2.4e-8 before rounding. e^(-z²) in two factors, z² split;
 * 0 from x = 14.5 on.
 */
@inline
export function normalTail4(x: v128): v128 {
  const z = f32x4.mul(f32x4.pmin(x, f32x4.splat(14.75)), f32x4.splat(0.7071067811865476));
  const t = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), f32x4.mul(z, f32x4.splat(0.5))));
  let q = madd(f32x4.splat(TAIL_10), t, f32x4.splat(TAIL_9));
  q = madd(q, t, f32x4.splat(TAIL_8));
  q = madd(q, t, f32x4.splat(TAIL_7));
  q = madd(q, t, f32x4.splat(TAIL_6));
  q = madd(q, t, f32x4.splat(TAIL_5));
  q = madd(q, t, f32x4.splat(TAIL_4));
  q = madd(q, t, f32x4.splat(TAIL_3));
  q = madd(q, t, f32x4.splat(TAIL_2));
  q = madd(q, t, f32x4.splat(TAIL_1));
  q = madd(q, t, f32x4.splat(TAIL_0));
  // The square of the upper bits is exact, the rest is small.
  const high = v128.and(z, i32x4.splat(0xfffff000));
  const rest = f32x4.mul(f32x4.sub(high, z), f32x4.add(high, z));
  return f32x4.mul(f32x4.mul(t, q), f32x4.mul(exp4(f32x4.neg(f32x4.mul(high, high))), exp4(rest)));
}

/** max(x, 0); a NaN stays. */
@inline
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}
