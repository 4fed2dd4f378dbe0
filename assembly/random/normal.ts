// normalQuantile(p): the standard normal deviate below which a share p of the distribution lies, 2^-33 <= p < 1. Wichura 1988,
// algorithm AS 241 (PPND16), relative error about 1e-16, in float64 with a logarithm of its own (fdlibm e_log.c, Sun Microsystems 1993).
// src/engine/js/quantile.ts and scalar.ts have the same operations in the same order.

const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;

/** Natural logarithm for 0 < x < 1, x normal. */
function ln(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let e = <f64>(<i32>(bits >> 52) - 1023);
  let m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > Math.SQRT2) {
    m *= 0.5;
    e += 1;
  }
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

/** Quotients of two polynomials of degree 7: for the middle of the distribution, here, and for the tails below and above r = 5. */
function centre(q: f64): f64 {
  const x = 0.180625 - q * q;
  let a: f64 = 2509.0809287301227;
  a = a * x + 33430.57558358813;
  a = a * x + 67265.7709270087;
  a = a * x + 45921.95393154987;
  a = a * x + 13731.69376550946;
  a = a * x + 1971.5909503065513;
  a = a * x + 133.14166789178438;
  a = a * x + 3.3871328727963665;
  let b: f64 = 5226.495278852546;
  b = b * x + 28729.085735721943;
  b = b * x + 39307.89580009271;
  b = b * x + 21213.794301586597;
  b = b * x + 5394.196021424751;
  b = b * x + 687.1870074920579;
  b = b * x + 42.31333070160091;
  b = b * x + 1;
  return (q * a) / b;
}

function middle(x: f64): f64 {
  let a: f64 = 0.0007745450142783414;
  a = a * x + 0.022723844989269184;
  a = a * x + 0.2417807251774506;
  a = a * x + 1.2704582524523684;
  a = a * x + 3.6478483247632045;
  a = a * x + 5.769497221460691;
  a = a * x + 4.630337846156546;
  a = a * x + 1.4234371107496835;
  let b: f64 = 1.0507500716444169e-9;
  b = b * x + 0.0005475938084995345;
  b = b * x + 0.015198666563616457;
  b = b * x + 0.14810397642748008;
  b = b * x + 0.6897673349851;
  b = b * x + 1.6763848301838038;
  b = b * x + 2.053191626637759;
  b = b * x + 1;
  return a / b;
}

function tail(x: f64): f64 {
  let a: f64 = 2.0103343992922881e-7;
  a = a * x + 2.7115555687434876e-5;
  a = a * x + 0.0012426609473880784;
  a = a * x + 0.026532189526576124;
  a = a * x + 0.29656057182850487;
  a = a * x + 1.7848265399172913;
  a = a * x + 5.463784911164114;
  a = a * x + 6.657904643501103;
  let b: f64 = 2.0442631033899397e-15;
  b = b * x + 1.421511758316446e-7;
  b = b * x + 1.8463183175100548e-5;
  b = b * x + 0.0007868691311456133;
  b = b * x + 0.014875361290850615;
  b = b * x + 0.1369298809227358;
  b = b * x + 0.599832206555888;
  b = b * x + 1;
  return a / b;
}

export function normalQuantile(p: f64): f64 {
  const q = p - 0.5;
  if (abs(q) <= 0.425) return centre(q);
  const r = sqrt(-ln(q < 0 ? p : 1 - p));
  const value = r <= 5 ? middle(r - 1.6) : tail(r - 5);
  return q < 0 ? -value : value;
}
