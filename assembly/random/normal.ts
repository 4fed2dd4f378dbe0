// normalQuantile(p): the standard normal deviate below which a share p of the distribution lies, 2^-33 <= p < 1. Wichura 1988,
// algorithm AS 241 (PPND16), relative error about 1e-16, in float64 with a logarithm of its own (fdlibm e_log.c, Sun Microsystems 1993).
// src/engine/js/quantile.ts and scalar.ts have the same operations in the same order, or such as give the same bits.

const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;

/** Natural logarithm for 0 < x < 1, x normal. */
function ln(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  const fraction = bits & 0xfffffffffffff;
  // Above sqrt(2), by half: numbers come in no order, so a branch would be guessed wrongly every other time.
  const above = <u64>(fraction > 0x6a09e667f3bcd);
  const m = reinterpret<f64>((fraction | 0x3ff0000000000000) - (above << 52));
  const e = <f64>(<i32>(bits >> 52) - 1023 + <i32>above);
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  let r = 0.15313837699209373 + z * 0.14798198605116586;
  r = 0.1818357216161805 + z * r;
  r = 0.22222198432149784 + z * r;
  r = 0.2857142874366239 + z * r;
  r = 0.3999999999940942 + z * r;
  r = z * (0.6666666666666735 + z * r);
  const half = 0.5 * f * f;
  return e * LN2_HIGH - (half - (s * (half + r) + e * LN2_LOW) - f);
}

// Coefficients of a numerator and a denominator of degree 7, in turn, highest power first. CENTRE is for 0.075 <= p <= 0.925, outside of
// it TAIL for r > 5.
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
const TAIL: usize = memory.data<f64>([
  2.0103343992922881e-7, 2.0442631033899397e-15, 2.7111555687434877e-5, 1.421511758316446e-7, 0.0012426609473880784, 1.8463183175100548e-5,
  0.026532189526576124, 0.0007868691311456133, 0.29656057182850487, 0.014875361290850615, 1.7848265399172913, 0.1369298809227358,
  5.463784911164114, 0.599832206555888, 6.657904643501103, 1,
]);

/** sums·x + the coefficients of the power below, numerator and denominator a lane each. */
function horner(sums: v128, x: v128, coefficients: usize): v128 {
  return f64x2.add(f64x2.mul(sums, x), v128.load(coefficients));
}

/**
 * p is a whole number of 2^-33, so that 0.5 - |q| is p or 1 - p. To be inlined, with ln: V8's first compiler clears a function's frame by an
 * instruction that takes as long as all the rest.
 */
export function normalQuantile(p: f64): f64 {
  const q = p - 0.5;
  let coefficients = CENTRE;
  let factor = q;
  let x = 0.180625 - q * q;
  if (abs(q) > 0.425) {
    const r = sqrt(-inline.always(ln(0.5 - abs(q))));
    const far = r > 5;
    coefficients = far ? TAIL : MIDDLE;
    factor = copysign<f64>(1, q);
    x = r - (far ? 5 : 1.6);
  }
  const xx = f64x2.splat(x);
  let sums = v128.load(coefficients);
  sums = inline.always(horner(sums, xx, coefficients + 16));
  sums = inline.always(horner(sums, xx, coefficients + 32));
  sums = inline.always(horner(sums, xx, coefficients + 48));
  sums = inline.always(horner(sums, xx, coefficients + 64));
  sums = inline.always(horner(sums, xx, coefficients + 80));
  sums = inline.always(horner(sums, xx, coefficients + 96));
  sums = inline.always(horner(sums, xx, coefficients + 112));
  return (factor * f64x2.extract_lane(sums, 0)) / f64x2.extract_lane(sums, 1);
}
