// Transcendental functions on four f32 lanes. Only additions, products, quotients, compares, selects and integer operations, so
// that src/engine/js/math.ts can follow operation by operation; nothing is looked up. A lane's result depends on that lane alone.
//
// Errors measured against float64: docs/numerics.md. exp, log, sigmoid and tanh are monotone, tanh is odd with |tanh| <= 1.
// The ends: exp(-Inf) = 0, exp(x > 88.72) = Inf, log(±0) = -Inf,
// log(x < 0) = NaN, sigmoid(-104) = 0, tanh(±Inf) = ±1, tanh(x) = x for denormals; NaN gives NaN.

import { madd } from "./madd";

// Constants are read from memory: V8 from 13 on makes a constant vector anew at every use, by three instructions where a load is one, and an
// LSTM cell is the slower for it by an eighth (32 x 256 cells: Node 24 93 -> 83 microseconds, Bun 107 -> 81, Node 20 78 as before). Functions
// take them as arguments, by default read where they are used: a loop over many vectors reads them once before it.
// Adding 1.5·2^23 (12582912) rounds to an integer in the low bits of the sum; a bias added to it (a whole number) lands in those bits too,
// ready to be shifted into an exponent. ln 2 is in two parts; the first has 15 bits, so that its product with an exponent is exact.
const TABLE: usize = memory.data<f32>([
  -1.4286068203094173e-6, // MINUS_LN2_LOW
  -0.693145751953125, // MINUS_LN2_HIGH
  0.00019762593728955835, // EXP_7
  0.0013932330766692758, // EXP_6
  0.008333545178174973, // EXP_5
  0.04166649281978607, // EXP_4
  0.1666666567325592, // EXP_3
  0.5, // HALF
  1.4426950408889634, // LOG2E
  12583166, // ROUND_PLUS_254
  1, // ONE
  -104.5, // EXP_LOW
  89, // EXP_HIGH
  17.5, // SIGMOID_HIGH
  -18.5, // EXPM1_LOW
  12583039, // ROUND_PLUS_127
  0.5493061542510986, // TANH_FAR, ln(3)/2
  2, // TWO
  1.1754943508222875e-38, // NORMAL
  8388608, // TWO_23
  -23, // MINUS_23
  0.06749270111322403, // LOG_8
  -0.11670100688934326, // LOG_7
  0.11883549392223358, // LOG_6
  -0.12406233698129654, // LOG_5
  0.14220358431339264, // LOG_4
  -0.16667988896369934, // LOG_3
  0.2000207155942917, // LOG_2
  -0.25000008940696716, // LOG_1
  0.3333331346511841, // LOG_0
  -0.5, // MINUS_HALF
  1.4286068203094173e-6, // LN2_LOW
  0.693145751953125, // LN2_HIGH
  Infinity, // INFINITY
  -Infinity, // MINUS_INFINITY
  14.75, // TAIL_END
  0.7071067811865476, // ROOT_HALF
  0.016423724591732025, // TAIL_10
  -0.08716502040624619, // TAIL_9
  0.16984930634498596, // TAIL_8
  -0.11491909623146057, // TAIL_7
  -0.03807447850704193, // TAIL_6
  0.0339115746319294, // TAIL_5
  0.0209801122546196, // TAIL_4
  0.09448565542697906, // TAIL_3
  0.1223132312297821, // TAIL_2
  0.14115174114704132, // TAIL_1
  0.14104324579238892, // TAIL_0
  9.25, // TANH_HIGH
  -0.0, // SIGN
]);
@inline export const MINUS_LN2_LOW: usize = 0;
@inline export const MINUS_LN2_HIGH: usize = 4;
@inline export const EXP_7: usize = 8;
@inline export const EXP_6: usize = 12;
@inline export const EXP_5: usize = 16;
@inline export const EXP_4: usize = 20;
@inline export const EXP_3: usize = 24;
@inline export const HALF: usize = 28;
@inline export const LOG2E: usize = 32;
@inline export const ROUND_PLUS_254: usize = 36;
@inline export const ONE: usize = 40;
@inline export const EXP_LOW: usize = 44;
@inline export const EXP_HIGH: usize = 48;
@inline export const SIGMOID_HIGH: usize = 52;
@inline const EXPM1_LOW: usize = 56;
@inline export const ROUND_PLUS_127: usize = 60;
@inline export const TANH_FAR: usize = 64;
@inline export const TWO: usize = 68;
@inline const NORMAL: usize = 72;
@inline const TWO_23: usize = 76;
@inline const MINUS_23: usize = 80;
@inline const LOG_8: usize = 84;
@inline const LOG_7: usize = 88;
@inline const LOG_6: usize = 92;
@inline const LOG_5: usize = 96;
@inline const LOG_4: usize = 100;
@inline const LOG_3: usize = 104;
@inline const LOG_2: usize = 108;
@inline const LOG_1: usize = 112;
@inline const LOG_0: usize = 116;
@inline const MINUS_HALF: usize = 120;
@inline const LN2_LOW: usize = 124;
@inline const LN2_HIGH: usize = 128;
@inline const INFINITY: usize = 132;
@inline const MINUS_INFINITY: usize = 136;
@inline const TAIL_END: usize = 140;
@inline const ROOT_HALF: usize = 144;
@inline const TAIL_10: usize = 148;
@inline const TAIL_9: usize = 152;
@inline const TAIL_8: usize = 156;
@inline const TAIL_7: usize = 160;
@inline const TAIL_6: usize = 164;
@inline const TAIL_5: usize = 168;
@inline const TAIL_4: usize = 172;
@inline const TAIL_3: usize = 176;
@inline const TAIL_2: usize = 180;
@inline const TAIL_1: usize = 184;
@inline const TAIL_0: usize = 188;
@inline export const TANH_HIGH: usize = 192;
@inline export const SIGN: usize = 196;

@inline
export function constant(offset: usize): v128 {
  return v128.load32_splat(TABLE + offset);
}

/** r = t - n·ln 2 for a whole n: the first product and difference are exact. */
@inline
function reduce(t: v128, n: v128, low: v128, high: v128): v128 {
  return madd(n, low, madd(n, high, t));
}

/**
 * exp(r) - 1 = r + r²·q(r) for |r| <= ln(2)/2. Minimax in relative error (Lawson iteration on 1001 Chebyshev nodes, coefficients
 * rounded to f32 one by one and the rest fitted anew); error before rounding of the operations 4.4e-10.
 */
@inline
function expm1Reduced(r: v128, e7: v128, e6: v128, e5: v128, e4: v128, e3: v128, half: v128): v128 {
  let q = madd(e7, r, e6);
  q = madd(q, r, e5);
  q = madd(q, r, e4);
  q = madd(q, r, e3);
  q = madd(q, r, half);
  return madd(f32x4.mul(r, r), q, r);
}

/**
 * e^x: 2^n in two factors, so that overflow gives Infinity and a denormal is rounded once. pmax and pmin keep a NaN of their first operand.
 */
@inline
export function exp4(
  x: v128,
  low: v128 = constant(EXP_LOW),
  high: v128 = constant(EXP_HIGH),
  one: v128 = constant(ONE),
  log2e: v128 = constant(LOG2E),
  round: v128 = constant(ROUND_PLUS_254),
  ln2Low: v128 = constant(MINUS_LN2_LOW),
  ln2High: v128 = constant(MINUS_LN2_HIGH),
  e7: v128 = constant(EXP_7),
  e6: v128 = constant(EXP_6),
  e5: v128 = constant(EXP_5),
  e4: v128 = constant(EXP_4),
  e3: v128 = constant(EXP_3),
  half: v128 = constant(HALF),
): v128 {
  const u = f32x4.pmin(f32x4.pmax(x, low), high);
  const t = madd(u, log2e, round);
  const p = f32x4.add(one, expm1Reduced(reduce(u, f32x4.sub(t, round), ln2Low, ln2High), e7, e6, e5, e4, e3, half));
  // The low nine bits of t are n + 254 = a + b; 2^(a-127) and 2^(b-127) are normal.
  const a = i32x4.shr_u(t, 1);
  const b = i32x4.sub(t, a);
  return f32x4.mul(f32x4.mul(p, i32x4.shl(a, 23)), i32x4.shl(b, 23));
}

/**
 * 1/(1 + e^-x) = s/(s + p) with e^-x = p/s, s = 2^n: nothing overflows, small results reach denormals, and it rises, for p/s falls and so
 * do the rounded sum and quotient, which are those of 1 + p/s.
 */
@inline
export function sigmoid4(
  x: v128,
  low: v128 = constant(EXP_LOW),
  high: v128 = constant(SIGMOID_HIGH),
  one: v128 = constant(ONE),
  log2e: v128 = constant(LOG2E),
  round: v128 = constant(ROUND_PLUS_254),
  ln2Low: v128 = constant(MINUS_LN2_LOW),
  ln2High: v128 = constant(MINUS_LN2_HIGH),
  e7: v128 = constant(EXP_7),
  e6: v128 = constant(EXP_6),
  e5: v128 = constant(EXP_5),
  e4: v128 = constant(EXP_4),
  e3: v128 = constant(EXP_3),
  half: v128 = constant(HALF),
): v128 {
  const u = f32x4.pmin(f32x4.pmax(x, low), high);
  const t = madd(u, log2e, round);
  const r = reduce(u, f32x4.sub(t, round), ln2Low, ln2High);
  const p = f32x4.add(one, expm1Reduced(f32x4.neg(r), e7, e6, e5, e4, e3, half));
  const a = i32x4.shr_u(t, 1);
  const s = f32x4.mul(i32x4.shl(a, 23), i32x4.shl(i32x4.sub(t, a), 23));
  return f32x4.div(s, f32x4.add(s, p));
}

/**
 * Near 0 from w = e^(-2|x|) - 1 = 2^n·expm1(r) + (2^n - 1) as -w/(w+2), where nothing cancels; from |x| = ln(3)/2 on, where an error of w
 * would count twice, from w = e^(2|x|) as 1 - 2/(w+1). Both rise with |x| at every rounded operation. One quotient serves both; the
 * sign is copied.
 */
@inline
export function tanh4(
  x: v128,
  limit: v128 = constant(TANH_FAR),
  high: v128 = constant(TANH_HIGH),
  one: v128 = constant(ONE),
  log2e: v128 = constant(LOG2E),
  round: v128 = constant(ROUND_PLUS_127),
  ln2Low: v128 = constant(MINUS_LN2_LOW),
  ln2High: v128 = constant(MINUS_LN2_HIGH),
  e7: v128 = constant(EXP_7),
  e6: v128 = constant(EXP_6),
  e5: v128 = constant(EXP_5),
  e4: v128 = constant(EXP_4),
  e3: v128 = constant(EXP_3),
  half: v128 = constant(HALF),
  two: v128 = constant(TWO),
  sign: v128 = constant(SIGN),
): v128 {
  const size = f32x4.pmin(v128.andnot(x, sign), high);
  const far = f32x4.ge(size, limit);
  const none = v128.andnot(one, far);
  const u = v128.or(f32x4.add(size, size), v128.andnot(sign, far));
  const k = madd(u, log2e, round);
  const p = expm1Reduced(reduce(u, f32x4.sub(k, round), ln2Low, ln2High), e7, e6, e5, e4, e3, half);
  const s = i32x4.shl(k, 23);
  const w = madd(s, p, f32x4.sub(s, none));
  const quotient = f32x4.div(v128.bitselect(two, f32x4.neg(w), far), f32x4.add(w, f32x4.add(none, one)));
  const y = v128.bitselect(f32x4.sub(one, quotient), quotient, far);
  return v128.or(v128.andnot(y, sign), v128.and(x, sign));
}

/**
 * ln x = e·ln 2 + ln(1+f) with 1+f in [sqrt(1/2), sqrt(2)); ln(1+f) = f - f²/2 + f³·P(f), P of degree 8 fitted as above (7.7e-10).
 * Denormals are scaled by 2^23 first.
 */
@inline
export function log4(x: v128): v128 {
  const small = f32x4.lt(x, constant(NORMAL));
  const scaled = v128.bitselect(f32x4.mul(x, constant(TWO_23)), x, small);
  const exponent = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(scaled, i32x4.shl(exponent, 23)), constant(ONE));
  const e = f32x4.add(f32x4.convert_i32x4_s(exponent), v128.and(small, constant(MINUS_23)));
  let p = madd(constant(LOG_8), f, constant(LOG_7));
  p = madd(p, f, constant(LOG_6));
  p = madd(p, f, constant(LOG_5));
  p = madd(p, f, constant(LOG_4));
  p = madd(p, f, constant(LOG_3));
  p = madd(p, f, constant(LOG_2));
  p = madd(p, f, constant(LOG_1));
  p = madd(p, f, constant(LOG_0));
  const z = f32x4.mul(f, f);
  const tail = madd(z, constant(MINUS_HALF), madd(e, constant(LN2_LOW), f32x4.mul(f32x4.mul(f, z), p)));
  const y = madd(e, constant(LN2_HIGH), f32x4.add(f, tail));
  // Outside 0 < x < Infinity: -Infinity at 0, and the square root is NaN, Infinity or NaN as the logarithm is.
  const inside = v128.and(f32x4.gt(x, f32x4.splat(0)), f32x4.lt(x, constant(INFINITY)));
  const edge = v128.bitselect(constant(MINUS_INFINITY), f32x4.sqrt(x), f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(y, edge, inside);
}

/** e^x - 1 for x <= 0 or NaN, as 2^n·p + (2^n - 1). */
@inline
export function expm1Negative4(x: v128): v128 {
  const u = f32x4.pmax(x, constant(EXPM1_LOW));
  const k = madd(u, constant(LOG2E), constant(ROUND_PLUS_127));
  const r = reduce(u, f32x4.sub(k, constant(ROUND_PLUS_127)), constant(MINUS_LN2_LOW), constant(MINUS_LN2_HIGH));
  const p = expm1Reduced(r, constant(EXP_7), constant(EXP_6), constant(EXP_5), constant(EXP_4), constant(EXP_3), constant(HALF));
  const s = i32x4.shl(k, 23);
  return madd(s, p, f32x4.sub(s, constant(ONE)));
}

/** log(1 + t) for 0 <= t <= 1 or NaN: the logarithm of the rounded sum u, times t/(u - 1), which makes good for the rounding (Kahan). */
@inline
export function log1pUnit4(t: v128): v128 {
  const u = f32x4.add(t, constant(ONE));
  const d = f32x4.sub(u, constant(ONE));
  const y = f32x4.mul(log4(u), f32x4.div(t, d));
  return v128.bitselect(t, y, f32x4.eq(d, f32x4.splat(0)));
}

/**
 * The share of the normal distribution above x >= 0: erfc(z)/2, z = x/sqrt(2), as t·Q(t)·e^(-x²/2) with t = 1/(1 + z/2). Q of degree 10
 * interpolates erfc(z)·e^(z²)/(2t) at Chebyshev nodes of t for z <= 10.2; error 2.4e-8 before rounding. The power in two factors, x²
 * split (the rounding of z would count 2z² times); 0 from x = 14.5 on.
 */
@inline
export function normalTail4(x: v128): v128 {
  const near = f32x4.pmin(x, constant(TAIL_END));
  const z = f32x4.mul(near, constant(ROOT_HALF));
  const t = f32x4.div(constant(ONE), f32x4.add(constant(ONE), f32x4.mul(z, constant(HALF))));
  let q = madd(constant(TAIL_10), t, constant(TAIL_9));
  q = madd(q, t, constant(TAIL_8));
  q = madd(q, t, constant(TAIL_7));
  q = madd(q, t, constant(TAIL_6));
  q = madd(q, t, constant(TAIL_5));
  q = madd(q, t, constant(TAIL_4));
  q = madd(q, t, constant(TAIL_3));
  q = madd(q, t, constant(TAIL_2));
  q = madd(q, t, constant(TAIL_1));
  q = madd(q, t, constant(TAIL_0));
  // The square of the upper bits is exact, the rest is small.
  const high = v128.and(near, i32x4.splat(0xfffff000));
  const half = f32x4.mul(high, constant(MINUS_HALF));
  const rest = f32x4.mul(f32x4.mul(f32x4.sub(high, near), f32x4.add(high, near)), constant(HALF));
  return f32x4.mul(f32x4.mul(t, q), f32x4.mul(exp4(f32x4.mul(high, half)), exp4(rest)));
}

/** max(x, 0); a NaN stays. */
@inline
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}
