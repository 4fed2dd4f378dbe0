/** Activations and their slopes in float64, in the order of the kernel's kinds, with the parameters they are tried with. */
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The normal distribution by its integral series, or by a continued fraction in the tail. */
function normal(x: number): number {
  const z = Math.abs(x);
  let upper: number;
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 1; k < 100; k++) {
      term *= (-z * z) / (2 * k);
      sum += term / (2 * k + 1);
    }
    upper = 0.5 - sum / Math.sqrt(2 * Math.PI);
  } else {
    let fraction = 0;
    for (let k = 200; k >= 1; k--) fraction = k / (z + fraction);
    upper = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI) / (z + fraction);
  }
  return x < 0 ? upper : 1 - upper;
}

const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const clamp = (x: number, a: number, b: number) => Math.min(Math.max(x, a), b);

/**
 * Those that are more than a product or a limit: the error in ulp of float32 that their kernels may have (docs/numerics.md) for x from
 * `least` up. Below it a factor is denormal, and the error is a denormal's last place times x.
 */
export const TRANSCENDENTAL: Readonly<Record<string, { readonly ulp: number; readonly least: number }>> = {
  elu: { ulp: 2, least: Number.NEGATIVE_INFINITY },
  gelu: { ulp: 8, least: -13 },
  softplus: { ulp: 3, least: Number.NEGATIVE_INFINITY },
  logSigmoid: { ulp: 3, least: Number.NEGATIVE_INFINITY },
  silu: { ulp: 4, least: -87 },
};

export interface Activation {
  readonly name: string;
  readonly a: number;
  readonly b: number;
  readonly f: (x: number) => number;
  readonly slope: (x: number) => number;
}

const make = (name: string, f: (x: number) => number, slope: (x: number) => number, a = 0, b = 0): Activation => ({ name, a, b, f, slope });

export const ACTIVATIONS: readonly Activation[] = [
  make(
    "leakyRelu",
    (x) => (x > 0 ? x : 0.25 * x),
    (x) => (x > 0 ? 1 : 0.25),
    0.25,
  ),
  make(
    "elu",
    (x) => (x > 0 ? x : 1.5 * Math.expm1(x)),
    (x) => (x > 0 ? 1 : 1.5 * Math.exp(x)),
    1.5,
  ),
  make(
    "gelu",
    (x) => x * normal(x),
    (x) => normal(x) + x * density(x),
  ),
  make("softplus", softplus, sigmoid),
  make(
    "hardTanh",
    (x) => clamp(x, -2, 3),
    (x) => (x > -2 && x < 3 ? 1 : 0),
    -2,
    3,
  ),
  make(
    "hardSigmoid",
    (x) => clamp(x + 3, 0, 6) / 6,
    (x) => (x > -3 && x < 3 ? 1 / 6 : 0),
  ),
  make(
    "logSigmoid",
    (x) => -softplus(-x),
    (x) => sigmoid(-x),
  ),
  make(
    "silu",
    (x) => x * sigmoid(x),
    (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  ),
  make("abs", Math.abs, Math.sign),
  make(
    "clamp",
    (x) => clamp(x, -2, 3),
    (x) => (x >= -2 && x <= 3 ? 1 : 0),
    -2,
    3,
  ),
];
