/** Element-wise functions of one tensor. Accuracy: docs/numerics.md. */
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, type Tensor } from "../tensor/tensor.js";

type UnaryName = "exp" | "log" | "sqrt" | "tanh" | "sigmoid" | "relu";

function unary(name: UnaryName, x: Tensor): Tensor {
  checkDType(name, "x", x, "f32");
  const from = x.address(name);
  const y = empty(x.engine, x.shape, "f32", name);
  x.engine.kernels[name](y.address(name), from, x.size);
  return record(name, [x], [y]);
}

/** e^x; Infinity above 88.72, denormal below -87.3, 0 below -103.97. */
export const exp = (x: Tensor): Tensor => unary("exp", x);
/** Natural logarithm; -Infinity at 0, NaN below. */
export const log = (x: Tensor): Tensor => unary("log", x);
/** Square root; NaN below 0. */
export const sqrt = (x: Tensor): Tensor => unary("sqrt", x);
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary("tanh", x);
/** 1 / (1 + e^-x). */
export const sigmoid = (x: Tensor): Tensor => unary("sigmoid", x);
/** max(x, 0); NaN stays NaN; gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => unary("relu", x);

type GradName = "expGrad" | "logGrad" | "sqrtGrad" | "tanhGrad" | "sigmoidGrad" | "reluGrad";

/** The gradient kernels read the output, but for log, which reads the input. */
const gradient =
  (kernel: GradName): Backward =>
  (context, { op, inputs, outputs }) => {
    const [x, y] = [inputs[0]!, outputs[0]!];
    const slot = context.into(x);
    if (slot === null) return;
    const known = kernel === "logGrad" ? x : y;
    context.engine.kernels[kernel](slot.ptr, context.gradOf(y), known.address(op), x.size, slot.beta);
  };

export const expBackward = gradient("expGrad");
export const logBackward = gradient("logGrad");
export const sqrtBackward = gradient("sqrtGrad");
export const tanhBackward = gradient("tanhGrad");
export const sigmoidBackward = gradient("sigmoidGrad");
export const reluBackward = gradient("reluGrad");
