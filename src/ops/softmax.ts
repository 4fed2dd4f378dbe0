/** softmax and logSoftmax over the last axis. */
import { ShapeError } from "../errors.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, type Tensor } from "../tensor/tensor.js";

function rowsOf(where: string, x: Tensor): { rows: number; n: number } {
  checkDType(where, "x", x, "f32");
  const n = x.shape[x.rank - 1];
  if (n === undefined || n === 0)
    throw new ShapeError(`${where}: x has shape [${x.shape.join(", ")}], wants at least one element in its last axis`);
  return { rows: x.size / n, n };
}

function over(name: "softmax" | "logSoftmax", x: Tensor): Tensor {
  const { rows, n } = rowsOf(name, x);
  const from = x.address(name);
  const y = empty(x.engine, x.shape, "f32", name);
  x.engine.kernels[name](y.address(name), from, rows, n);
  return record(name, [x], [y]);
}

/** e^x / sum(e^x) along the last axis, the maximum taken off first. */
export const softmax = (x: Tensor): Tensor => over("softmax", x);
/** log(softmax(x)), computed without forming softmax. */
export const logSoftmax = (x: Tensor): Tensor => over("logSoftmax", x);

const gradient =
  (name: "softmax" | "logSoftmax"): Backward =>
  (context, { inputs, outputs }) => {
    const [x, y] = [inputs[0]!, outputs[0]!];
    const slot = context.into(x);
    if (slot === null) return;
    const { rows, n } = rowsOf(name, x);
    context.engine.kernels[`${name}Grad`](slot.ptr, context.gradOf(y), y.address(name), rows, n, slot.beta);
  };

export const softmaxBackward = gradient("softmax");
export const logSoftmaxBackward = gradient("logSoftmax");
