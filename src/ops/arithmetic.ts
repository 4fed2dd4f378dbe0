/** add, sub, mul, div with broadcasting; neg. All f32, element by element. */
import type { Ptr } from "../engine/kernels.js";
import { broadcastShapes, type Shape } from "../tensor/shape.js";
import type { Backward, BackwardContext } from "../tensor/tape.js";
import { record } from "../tensor/tape.js";
import { checkDType, empty, sameEngine, type TapeEntry, type Tensor } from "../tensor/tensor.js";
import { spread, sumTo } from "./broadcast.js";

type BinaryName = "add" | "sub" | "mul" | "div";

function binary(name: BinaryName, a: Tensor, b: Tensor): Tensor {
  const engine = sameEngine(name, a, b);
  checkDType(name, "a", a, "f32");
  checkDType(name, "b", b, "f32");
  const shape = broadcastShapes(name, a.shape, b.shape);
  const [aPtr, bPtr] = [a.address(name), b.address(name)];
  const y = empty(engine, shape, "f32", name);
  engine.scoped(() => {
    engine.kernels[name](y.address(name), spread(engine, aPtr, a.shape, shape), spread(engine, bPtr, b.shape, shape), y.size);
  });
  return record(name, [a, b], [y]);
}

/** a + b. @throws ShapeError when the shapes do not broadcast */
export const add = (a: Tensor, b: Tensor): Tensor => binary("add", a, b);
/** a - b. @see add */
export const sub = (a: Tensor, b: Tensor): Tensor => binary("sub", a, b);
/** a · b, element by element. @see add */
export const mul = (a: Tensor, b: Tensor): Tensor => binary("mul", a, b);
/** a / b. @see add */
export const div = (a: Tensor, b: Tensor): Tensor => binary("div", a, b);

/** -x. */
export function neg(x: Tensor): Tensor {
  checkDType("neg", "x", x, "f32");
  const y = empty(x.engine, x.shape, "f32", "neg");
  x.engine.kernels.axpby(y.address("neg"), x.address("neg"), x.size, -1, 0);
  return record("neg", [x], [y]);
}

/** x·scale + shift with numbers. */
export function affine(x: Tensor, scale: number, shift = 0): Tensor {
  checkDType("affine", "x", x, "f32");
  const y = empty(x.engine, x.shape, "f32", "affine");
  x.engine.kernels.affine(y.address("affine"), x.address("affine"), x.size, scale, shift);
  return record("affine", [x], [y], scale);
}

/** Adds alpha·dy, summed over repeated axes, to the gradient of an input. */
function passOn(context: BackwardContext, input: Tensor, dy: Ptr, from: Shape, alpha: number): void {
  const slot = context.into(input);
  if (slot !== null) sumTo(context.engine, slot.ptr, input.shape, dy, from, alpha, slot.beta);
}

const operands = ({ inputs, outputs }: TapeEntry) => ({ a: inputs[0]!, b: inputs[1]!, y: outputs[0]! });

export const addBackward: Backward = (context, entry) => {
  const { a, b, y } = operands(entry);
  passOn(context, a, context.gradOf(y), y.shape, 1);
  passOn(context, b, context.gradOf(y), y.shape, 1);
};

export const subBackward: Backward = (context, entry) => {
  const { a, b, y } = operands(entry);
  passOn(context, a, context.gradOf(y), y.shape, 1);
  passOn(context, b, context.gradOf(y), y.shape, -1);
};

export const mulBackward: Backward = (context, entry) => {
  const { a, b, y } = operands(entry);
  const { engine } = context;
  const dy = context.gradOf(y);
  for (const [input, other] of [
    [a, b],
    [b, a],
  ] as const) {
    if (!input.requiresGrad) continue;
    const product = context.scratch(y.size);
    engine.kernels.mul(product, dy, spread(engine, other.address("mul"), other.shape, y.shape), y.size);
    passOn(context, input, product, y.shape, 1);
  }
};

/** d(a/b)/da = 1/b; d(a/b)/db = -y/b. */
export const divBackward: Backward = (context, entry) => {
  const { a, b, y } = operands(entry);
  const { engine } = context;
  const quotient = context.scratch(y.size);
  engine.kernels.div(quotient, context.gradOf(y), spread(engine, b.address("div"), b.shape, y.shape), y.size);
  passOn(context, a, quotient, y.shape, 1);
  if (!b.requiresGrad) return;
  const product = context.scratch(y.size);
  engine.kernels.mul(product, quotient, y.address("div"), y.size);
  passOn(context, b, product, y.shape, -1);
};

export const negBackward: Backward = (context, { inputs, outputs }) =>
  passOn(context, inputs[0]!, context.gradOf(outputs[0]!), outputs[0]!.shape, -1);

export const affineBackward: Backward = (context, { inputs, outputs, saved }) =>
  passOn(context, inputs[0]!, context.gradOf(outputs[0]!), outputs[0]!.shape, saved as number);
