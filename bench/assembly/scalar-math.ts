// sigmoid and tanh of one float: assembly/simd/math.ts, where constants and accuracy stand, lane by lane.

const LOG2E: f32 = Mathf.LOG2E;
const ROUND_PLUS_254: f32 = 12583166;
const ROUND_PLUS_127: f32 = 12583039;
const LN2_HIGH: f32 = 0.693145751953125;
const LN2_LOW: f32 = 1.4286068203094173e-6;

function expm1Reduced(t: f32, n: f32): f32 {
  const r: f32 = n * -LN2_LOW + (n * -LN2_HIGH + t);
  let q: f32 = <f32>0.00019762593728955835 * r + <f32>0.0013932330766692758;
  q = q * r + <f32>0.008333545178174973;
  q = q * r + <f32>0.04166649281978607;
  q = q * r + <f32>0.1666666567325592;
  q = q * r + <f32>0.5;
  return r * r * q + r;
}

export function sigmoid(x: f32): f32 {
  const negative: f32 = max<f32>(-abs<f32>(x), <f32>-104.5);
  const t: f32 = negative * LOG2E + ROUND_PLUS_254;
  const p: f32 = <f32>1 + expm1Reduced(negative, t - ROUND_PLUS_254);
  const bits = reinterpret<u32>(t);
  const a = bits >> 1;
  const e: f32 = p * reinterpret<f32>(a << 23) * reinterpret<f32>((bits - a) << 23);
  return select<f32>(e, <f32>1, reinterpret<i32>(x) < 0) / (<f32>1 + e);
}

export function tanh(x: f32): f32 {
  const u: f32 = max<f32>(<f32>-2 * abs<f32>(x), <f32>-18.5);
  const k: f32 = u * LOG2E + ROUND_PLUS_127;
  const p: f32 = expm1Reduced(u, k - ROUND_PLUS_127);
  const s: f32 = reinterpret<f32>(reinterpret<u32>(k) << 23);
  const t: f32 = s * p + s;
  const m: f32 = s * p + (s - <f32>1);
  const far = t <= <f32>0.3333333432674408;
  const quotient: f32 = select<f32>(t + t, -m, far) / (m + <f32>2);
  return copysign<f32>(select<f32>(<f32>1 - quotient, quotient, far), x);
}
