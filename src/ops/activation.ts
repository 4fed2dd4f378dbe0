/** Activations whose gradient is a function of the input: one kernel gives the value, one the slope. Accuracy: docs/numerics.md. */
import { inRange } from "../options.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, type Tensor } from "../tensor/tensor.js";

/** The kernels' numbers (src/engine/kernels.ts). */
export const KINDS = {
  leakyRelu: 0,
  elu: 1,
  gelu: 2,
  softplus: 3,
  hardTanh: 4,
  hardSigmoid: 5,
  logSigmoid: 6,
  silu: 7,
  abs: 8,
  clamp: 9,
} as const;

interface Saved {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
}

function activate(name: keyof typeof KINDS, x: Tensor, a = 0, b = 0): Tensor {
  checkDType(name, "x", x, "f32");
  const from = x.address(name);
  const y = empty(x.engine, x.shape, "f32", name);
  const kind = KINDS[name];
  x.engine.kernels.activation(y.address(name), from, x.size, kind, a, b);
  return record("activation", [x], [y], { kind, a, b } satisfies Saved);
}

const finite = (where: string, name: string, value: number) => inRange(where, name, value, -Number.MAX_VALUE, Number.MAX_VALUE);

/** x where x > 0, else negativeSlope·x. Maas et al. 2013. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor =>
  activate("leakyRelu", x, finite("leakyRelu", "negativeSlope", negativeSlope));
/** x where x > 0, else alpha·(e^x - 1). Clevert et al. 2016. */
export const elu = (x: Tensor, alpha = 1): Tensor => activate("elu", x, finite("elu", "alpha", alpha));
/** x·Phi(x), Phi the standard normal distribution (by erf, not by tanh). Hendrycks and Gimpel 2016. */
export const gelu = (x: Tensor): Tensor => activate("gelu", x);
/** log(1 + e^x). */
export const softplus = (x: Tensor): Tensor => activate("softplus", x);
/** x limited to low … high; gradient 0 at the ends, as PyTorch's hardtanh. @throws ConfigError unless low < high */
export const hardTanh = (x: Tensor, low = -1, high = 1): Tensor => activate("hardTanh", x, ...bounds("hardTanh", low, high));
/** x/6 + 1/2 limited to 0 … 1. */
export const hardSigmoid = (x: Tensor): Tensor => activate("hardSigmoid", x);
/** log(sigmoid(x)), without cancellation. */
export const logSigmoid = (x: Tensor): Tensor => activate("logSigmoid", x);
/** x·sigmoid(x), also called swish. Elfwing et al. 2018. */
export const silu = (x: Tensor): Tensor => activate("silu", x);
/** |x|; gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => activate("abs", x);
/** x limited to low … high; gradient 1 at the ends, as PyTorch's clamp. @throws ConfigError unless low <= high */
export const clamp = (x: Tensor, low: number, high: number): Tensor => activate("clamp", x, ...bounds("clamp", low, high));

function bounds(where: string, low: number, high: number): [number, number] {
  inRange(where, "low", low, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  return [low, inRange(where, "high", high, low, Number.POSITIVE_INFINITY)];
}

export const activationBackward: Backward = (context, { inputs, outputs, saved }) => {
  const x = inputs[0]!;
  const { kind, a, b } = saved as Saved;
  const slot = context.into(x);
  if (slot === null) return;
  const { kernels } = context.engine;
  const slope = context.scratch(x.size);
  kernels.activationSlope(slope, x.address("activation"), x.size, kind, a, b);
  kernels.mulAdd(slot.ptr, context.gradOf(outputs[0]!), slope, x.size, 1, slot.beta);
};
