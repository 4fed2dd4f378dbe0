/**
 * Scalar f32 functions that give the bits of assembly/simd/math.ts: the same operations in the same order, each rounded by
 * `Math.fround` (float64 arithmetic rounded once to f32 is correctly rounded for + - · / and sqrt). Accuracy stands there.
 */
const f = Math.fround;

const LOG2E = f(Math.LOG2E);
/** 1.5·2^23 plus the kernel's bias of the exponent, whose parity decides where a tie goes. */
const ROUND_EXP = 12583166;
const ROUND_TANH = 12583039;
const LN2_HIGH = f(0.693145751953125);
const LN2_LOW = f(1.4286068203094173e-6);

const E0 = f(0.00019762593728955835);
const E1 = f(0.0013932330766692758);
const E2 = f(0.008333545178174973);
const E3 = f(0.04166649281978607);
const E4 = f(0.1666666567325592);

const L0 = f(0.06749270111322403);
const L1 = f(-0.11670100688934326);
const L2 = f(0.11883549392223358);
const L3 = f(-0.12406233698129654);
const L4 = f(0.14220358431339264);
const L5 = f(-0.16667988896369934);
const L6 = f(0.2000207155942917);
const L7 = f(-0.25000008940696716);
const L8 = f(0.3333331346511841);

const TANH_FAR = f(0.5493061542510986);
/** The smallest number that float32 holds in full. */
export const MIN_NORMAL = 1.1754943508222875e-38;

/** x, or 0 where |x| < least; a NaN stays. */
export const floored = (x: number, least: number): number => (x > -least && x < least ? 0 : x);

/** Where 2^0 stands in POWERS. */
const POWER_ZERO = 160;
/** 2^(i - 160) for exponents from -160 to 159, as doubles: one product by it rounds as the kernel's two do. */
const POWERS = /* @__PURE__ */ powersOfTwo();

function powersOfTwo(): Float64Array {
  const table = new Float64Array(320);
  table[POWER_ZERO] = 1;
  for (let i = 1; i <= POWER_ZERO; i++) {
    table[POWER_ZERO - i] = (table[POWER_ZERO - i + 1] as number) / 2;
    if (i < POWER_ZERO) table[POWER_ZERO + i] = (table[POWER_ZERO + i - 1] as number) * 2;
  }
  return table;
}

const bitsOfFloat = /* @__PURE__ */ new Float32Array(1);
const bits = /* @__PURE__ */ new Int32Array(bitsOfFloat.buffer);

/** n, whole, of t = n·ln 2 + r. */
function exponentOf(t: number, round: number): number {
  return f(f(f(t * LOG2E) + round) - round);
}

/** e^r - 1 for the rest r of t = n·ln 2 + r. */
function expm1Reduced(t: number, n: number): number {
  const r = f(f(n * -LN2_LOW) + f(f(n * -LN2_HIGH) + t));
  let q = f(f(E0 * r) + E1);
  q = f(f(q * r) + E2);
  q = f(f(q * r) + E3);
  q = f(f(q * r) + E4);
  q = f(f(q * r) + 0.5);
  return f(f(f(r * r) * q) + r);
}

function expClamped(x: number): number {
  const n = exponentOf(x, ROUND_EXP);
  return f(f(1 + expm1Reduced(x, n)) * (POWERS[(n | 0) + POWER_ZERO] as number));
}

export function exp(x: number): number {
  const low = Math.max(x, -104.5);
  return expClamped(Math.min(low, 89));
}

export function sigmoid(x: number): number {
  const u = Math.min(Math.max(x, -104.5), 17.5);
  const n = exponentOf(u, ROUND_EXP);
  const s = f(POWERS[(n | 0) + POWER_ZERO] as number);
  return f(s / f(s + f(1 + expm1Reduced(-u, -n))));
}

export function tanh(x: number): number {
  const size = Math.min(x < 0 ? -x : x, 9.25);
  const far = size >= TANH_FAR;
  const u = far ? 2 * size : -2 * size;
  const n = exponentOf(u, ROUND_TANH);
  const s = POWERS[(n | 0) + POWER_ZERO] as number;
  const w = f(f(s * expm1Reduced(u, n)) + (far ? s : f(s - 1)));
  const y = far ? f(1 - f(2 / f(w + 1))) : f(-w / f(w + 2));
  return x > 0 ? y : x < 0 ? -y : x;
}

export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  const small = x < MIN_NORMAL;
  const scaled = small ? x * 8388608 : x;
  bitsOfFloat[0] = scaled;
  const word = bits[0] as number;
  const exponent = (word - 0x3f3504f3) >> 23;
  bits[0] = word - (exponent << 23);
  const g = f((bitsOfFloat[0] as number) - 1);
  const e = small ? exponent - 23 : exponent;
  let p = f(f(L0 * g) + L1);
  p = f(f(p * g) + L2);
  p = f(f(p * g) + L3);
  p = f(f(p * g) + L4);
  p = f(f(p * g) + L5);
  p = f(f(p * g) + L6);
  p = f(f(p * g) + L7);
  p = f(f(p * g) + L8);
  const z = f(g * g);
  const tail = f(f(z * -0.5) + f(f(e * LN2_LOW) + f(f(g * z) * p)));
  return f(f(e * LN2_HIGH) + f(g + tail));
}

/** max(x, 0); a NaN stays, and -0 does (Math.max would give 0). */
export function relu(x: number): number {
  if (x < 0) return 0;
  return x;
}

/** e^x - 1 for x <= 0. */
export function expm1Negative(x: number): number {
  const u = Math.max(x, -18.5);
  const n = exponentOf(u, ROUND_TANH);
  const s = POWERS[(n | 0) + POWER_ZERO] as number;
  return f(f(s * expm1Reduced(u, n)) + f(s - 1));
}

/** log(1 + t) for 0 <= t <= 1. */
export function log1pUnit(t: number): number {
  const u = f(t + 1);
  const d = f(u - 1);
  return d === 0 ? t : f(log(u) * f(t / d));
}

/** Coefficients of normalTail, the highest power first. */
const TAIL = [
  0.016423724591732025, -0.08716502040624619, 0.16984930634498596, -0.11491909623146057, -0.03807447850704193, 0.0339115746319294,
  0.0209801122546196, 0.09448565542697906, 0.1223132312297821, 0.14115174114704132, 0.14104324579238892,
] as const;

/** The share of the normal distribution above x >= 0. */
export function normalTail(x: number): number {
  const near = Math.min(x, 14.75);
  const t = f(1 / f(1 + f(f(near * f(Math.SQRT1_2)) * 0.5)));
  let q = f(TAIL[0]);
  for (let i = 1; i < TAIL.length; i++) q = f(f(q * t) + f(TAIL[i] as number));
  bitsOfFloat[0] = near;
  bits[0] = (bits[0] as number) & 0xfffff000;
  const high = bitsOfFloat[0];
  const rest = f(f(f(high - near) * f(high + near)) * 0.5);
  return f(f(t * q) * f(exp(f(high * f(high * -0.5))) * exp(rest)));
}
