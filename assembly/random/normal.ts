// deviates: words become mean + std·normalQuantile((word + 0.5)·2^-32), rounded once. Wichura 1988, algorithm AS 241 (PPND16), relative
// error about 1e-16, in float64 with a logarithm of its own (fdlibm e_log.c, Sun Microsystems 1993), two at a time.
// src/engine/js/quantile.ts and scalar.ts have the same operations in the same order, or such as give the same bits.

// Coefficients of a numerator and a denominator of degree 7, in turn, highest power first. CENTRE is for 0.075 <= p <= 0.925, MIDDLE for
// what is outside, down to 2^-33; AS 241's third pair is for less.
const CENTRE: usize = memory.data<f64>([
  2509.0809287301227, 5226.495278852546, 33430.57558358813, 28729.085735721943, 67265.7709270087, 39307.89580009271, 45921.95393154987,
  21213.794301586597, 13731.69376550946, 5394.196021424751, 1971.5909503065513, 687.1870074920579, 133.14166789178438, 42.31333070160091,
  3.3871328727963665, 1,
]);
const MIDDLE: usize = memory.data<f64>([
  0.0007745450142783414, 1.0507500716444169e-9, 0.022723844989269184, 0.0005475938084995345, 0.2417807251774506, 0.015198666563616457,
  1.2704582524523684, 0.14810397642748008, 3.6478483247632045, 0.6897673349851, 5.769497221460691, 1.6763848301838038, 4.630337846156546,
  2.053191626637759, 1.4234371107496835, 1,
]);

const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;

/** sum·x + a coefficient. */
function step(sum: v128, x: v128, coefficient: usize): v128 {
  return f64x2.add(f64x2.mul(sum, x), v128.load64_splat(coefficient));
}

/** -ln x for 0 < x < 1, x normal. */
function minusLn(x: v128): v128 {
  const fraction = v128.and(x, i64x2.splat(0xfffffffffffff));
  // -1 above sqrt(2), which goes by half.
  const above = i64x2.gt_s(fraction, i64x2.splat(0x6a09e667f3bcd));
  const m = i64x2.add(v128.or(fraction, i64x2.splat(0x3ff0000000000000)), i64x2.shl(above, 52));
  const exponents = i64x2.sub(i64x2.sub(i64x2.shr_u(x, 52), i64x2.splat(1023)), above);
  const e = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(exponents, exponents, 0, 2, 0, 2));
  const f = f64x2.sub(m, f64x2.splat(1));
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
  const z = f64x2.mul(s, s);
  let r = f64x2.add(f64x2.splat(0.15313837699209373), f64x2.mul(z, f64x2.splat(0.14798198605116586)));
  r = f64x2.add(f64x2.splat(0.1818357216161805), f64x2.mul(z, r));
  r = f64x2.add(f64x2.splat(0.22222198432149784), f64x2.mul(z, r));
  r = f64x2.add(f64x2.splat(0.2857142874366239), f64x2.mul(z, r));
  r = f64x2.add(f64x2.splat(0.3999999999940942), f64x2.mul(z, r));
  r = f64x2.mul(z, f64x2.add(f64x2.splat(0.6666666666666735), f64x2.mul(z, r)));
  const half = f64x2.mul(f64x2.mul(f64x2.splat(0.5), f), f);
  const low = f64x2.add(f64x2.mul(s, f64x2.add(half, r)), f64x2.mul(e, f64x2.splat(LN2_LOW)));
  return f64x2.sub(f64x2.sub(f64x2.sub(half, low), f), f64x2.mul(e, f64x2.splat(LN2_HIGH)));
}

/** Deviates of two words in the low lanes, both of the centre or both outside, as two floats. */
function pair(centre: bool, words: v128, mean: f64, std: f64): v128 {
  const p = f64x2.mul(f64x2.add(f64x2.convert_low_i32x4_u(words), f64x2.splat(0.5)), f64x2.splat(2.3283064365386963e-10));
  const q = f64x2.sub(p, f64x2.splat(0.5));
  let factor = q;
  let x: v128;
  let at = CENTRE;
  if (centre) x = f64x2.sub(f64x2.splat(0.180625), f64x2.mul(q, q));
  else {
    // A word is whole, so that 0.5 - |q| is p or 1 - p exactly.
    const r = f64x2.sqrt(inline.always(minusLn(f64x2.sub(f64x2.splat(0.5), f64x2.abs(q)))));
    x = f64x2.sub(r, f64x2.splat(1.6));
    factor = v128.or(v128.and(q, f64x2.splat(-0.0)), f64x2.splat(1));
    at = MIDDLE;
  }
  let above = v128.load64_splat(at);
  let below = v128.load64_splat(at + 8);
  above = inline.always(step(above, x, at + 16));
  below = inline.always(step(below, x, at + 24));
  above = inline.always(step(above, x, at + 32));
  below = inline.always(step(below, x, at + 40));
  above = inline.always(step(above, x, at + 48));
  below = inline.always(step(below, x, at + 56));
  above = inline.always(step(above, x, at + 64));
  below = inline.always(step(below, x, at + 72));
  above = inline.always(step(above, x, at + 80));
  below = inline.always(step(below, x, at + 88));
  above = inline.always(step(above, x, at + 96));
  below = inline.always(step(below, x, at + 104));
  above = inline.always(step(above, x, at + 112));
  below = inline.always(step(below, x, at + 120));
  const deviate = f64x2.div(f64x2.mul(factor, above), below);
  return f32x4.demote_f64x2_zero(f64x2.add(f64x2.splat(mean), f64x2.mul(f64x2.splat(std), deviate)));
}

/** At most so many at a time. */
export const PIECE: i32 = 512;
/** Words outside the centre, each after its place; of one thread at a time. */
const OUTSIDE: usize = memory.data(8 * (PIECE + 1), 16);
/** Words of the centre: |word + 0.5 - 2^31| <= 0.425·2^32. */
const LOWEST: u32 = 322122547;
const CENTRAL: u32 = 3650722201;

/**
 * Words become deviates, n of them, at most PIECE: all as if they were central, then those that are not, without a branch that a processor
 * would guess wrongly. (Inlined calls: V8's first compiler clears a function's frame by an instruction that takes as long as all the rest.)
 */
export function deviates(y: usize, n: i32, mean: f64, std: f64): void {
  let end = OUTSIDE;
  for (let i = 0; i < n; i++) {
    const at = y + 4 * i;
    const word = load<u32>(at);
    store<u32>(end, <u32>at);
    store<u32>(end, word, 4);
    end += (<usize>(word - LOWEST > CENTRAL)) << 3;
  }
  for (; n >= 2; n -= 2, y += 8) v128.store_lane<f64>(y, inline.always(pair(true, v128.load64_zero(y), mean, std)), 0);
  if (n > 0) v128.store_lane<f32>(y, inline.always(pair(true, v128.load32_zero(y), mean, std)), 0);
  // An odd one is done twice.
  store<u64>(end, load<u64>(end - 8));
  for (let at = OUTSIDE; at < end; at += 16) {
    const entries = v128.load(at);
    const values = inline.always(pair(false, v128.shuffle<i32>(entries, entries, 1, 3, 1, 3), mean, std));
    v128.store_lane<f32>(i32x4.extract_lane(entries, 0), values, 0);
    v128.store_lane<f32>(i32x4.extract_lane(entries, 2), values, 1);
  }
}
