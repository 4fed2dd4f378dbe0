/** Elementwise functions in float64, with the error in ulp of float32 that their kernels may have. */
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const any = (x: number) => x;
const positive = (x: number) => Math.abs(x) + 1e-6;

/** The kernel's name -> function, allowed error (docs/numerics.md), and where it is tried. */
export const UNARY: Readonly<Record<string, { f: (x: number) => number; ulp: number; domain: (x: number) => number }>> = {
  exp: { f: Math.exp, ulp: 1, domain: any },
  log: { f: Math.log, ulp: 1, domain: positive },
  sqrt: { f: Math.sqrt, ulp: 0.5, domain: positive },
  tanh: { f: Math.tanh, ulp: 2.5, domain: any },
  sigmoid: { f: sigmoid, ulp: 2.5, domain: any },
  relu: { f: (x) => Math.max(x, 0), ulp: 0, domain: any },
};

const f = Math.fround;
export const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => f(a + b),
  sub: (a, b) => f(a - b),
  mul: (a, b) => f(a * b),
  div: (a, b) => f(a / b),
};

/** Gradient kernels: derivative as a function of what the forward pass saved (`from` the input). */
export const UNARY_GRADIENTS: Readonly<
  Record<string, { derivative: (saved: number) => number; from: (x: number) => number; domain: (x: number) => number }>
> = {
  expGrad: { from: (x) => Math.exp(Math.min(x, 5)), derivative: (y) => y, domain: any },
  logGrad: { from: any, derivative: (x) => 1 / x, domain: positive },
  sqrtGrad: { from: Math.sqrt, derivative: (y) => 1 / (2 * y), domain: positive },
  tanhGrad: { from: Math.tanh, derivative: (y) => 1 - y * y, domain: any },
  sigmoidGrad: { from: sigmoid, derivative: (y) => y * (1 - y), domain: any },
  reluGrad: { from: (x) => Math.max(x, 0), derivative: (y) => (y > 0 ? 1 : 0), domain: any },
};
