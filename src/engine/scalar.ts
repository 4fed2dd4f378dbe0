/** Float64 functions of the host's own, for Math.log and its kin differ in their last bits between JavaScript engines. */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const bits = new DataView(new ArrayBuffer(8));

/** Natural logarithm, error below 1 ulp. fdlibm e_log.c (Sun Microsystems 1993), coefficients Lg1 … Lg7. */
export function ln(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let shift = 0;
  let scaled = x;
  if (x < 2.2250738585072014e-308) {
    shift = -54;
    scaled = x * 18014398509481984;
  }
  bits.setFloat64(0, scaled);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023 + shift;
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const r =
    z *
    (0.6666666666666735 +
      z *
        (0.3999999999940942 +
          z *
            (0.2857142874366239 +
              z * (0.22222198432149784 + z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + r) + exponent * LN2_LOW) - f);
}

/** 2^exponent for whole exponents from -1022 to 1023. */
function powerOfTwo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** e^x, error below 1 ulp. fdlibm e_exp.c (Sun Microsystems 1993), coefficients P1 … P5. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  const k = Math.round(x * Math.LOG2E);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t * (-0.0027777777777015593 + t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  if (k === 1024) return y * 2 * powerOfTwo(1023);
  // A denormal result is rounded once, by the last factor 2^-60.
  return k < -1022 ? y * powerOfTwo(k + 60) * 8.673617379884035e-19 : y * powerOfTwo(k);
}

/** x^y for x > 0, as e^(y·ln x): relative error about |y·ln x| ulp. */
export const pow = (x: number, y: number): number => exp(y * ln(x));

const sine = (x: number): number => {
  const z = x * x;
  const tail = z * (-0.0001984126982985795 + z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  return x + x * z * (-0.16666666666666632 + z * (0.00833333333332249 + tail));
};

const cosine = (x: number): number => {
  const z = x * x;
  const tail = z * (2.480158728947673e-5 + z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)));
  return 1 - (0.5 * z - z * z * (0.0416666666666666 + z * (-0.001388888888887411 + tail)));
};

/** cos(pi·x), error about 1 ulp of 1. fdlibm k_sin.c and k_cos.c on the nearest quarter. */
export function cosPi(x: number): number {
  const folded = Math.abs(x) % 2;
  const y = folded > 1 ? 2 - folded : folded;
  if (y <= 0.25) return cosine(Math.PI * y);
  if (y >= 0.75) return -cosine(Math.PI * (1 - y));
  return sine(Math.PI * (0.5 - y));
}
