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
  const u: f32 = min<f32>(max<f32>(x, <f32>-104.5), <f32>17.5);
  const t: f32 = u * LOG2E + ROUND_PLUS_254;
  const n: f32 = t - ROUND_PLUS_254;
  const p: f32 = <f32>1 + expm1Reduced(-u, -n);
  const bits = reinterpret<u32>(t);
  const a = bits >> 1;
  const s: f32 = reinterpret<f32>(a << 23) * reinterpret<f32>((bits - a) << 23);
  return s / (s + p);
}

export function tanh(x: f32): f32 {
  const size: f32 = min<f32>(abs<f32>(x), <f32>9.25);
  const far = size >= <f32>0.5493061542510986;
  const one: f32 = select<f32>(<f32>0, <f32>1, far);
  const twice: f32 = size + size;
  const u: f32 = select<f32>(twice, -twice, far);
  const k: f32 = u * LOG2E + ROUND_PLUS_127;
  const p: f32 = expm1Reduced(u, k - ROUND_PLUS_127);
  const s: f32 = reinterpret<f32>(reinterpret<u32>(k) << 23);
  const w: f32 = s * p + (s - one);
  const quotient: f32 = select<f32>(<f32>2, -w, far) / (w + (one + <f32>1));
  return copysign<f32>(select<f32>(<f32>1 - quotient, quotient, far), x);
}
