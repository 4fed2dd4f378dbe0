/** softmax and logSoftmax over an axis; masked softmax. */
import { ShapeError } from "../errors.js";
import { tensor } from "../tensor/create.js";
import { resolveAxis, sameShape, show } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, type Tensor } from "../tensor/tensor.js";
import { add, mul } from "./arithmetic.js";
import { transpose } from "./layout.js";

/** Rows and row length of what runs along the last axis. @throws ShapeError when that is empty */
export function rowsOf(where: string, x: Tensor): { rows: number; n: number } {
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

/** The kernels run along the last axis: another one is moved there and back. */
function along(name: "softmax" | "logSoftmax", x: Tensor, axis: number): Tensor {
  const at = resolveAxis(name, axis, x.rank);
  if (at === x.rank - 1) return over(name, x);
  const order = [...x.shape.keys()];
  [order[at], order[x.rank - 1]] = [x.rank - 1, at];
  return transpose(over(name, transpose(x, order)), order);
}

/** e^x / sum(e^x) along an axis, by default the last; the maximum is taken off first. */
export const softmax = (x: Tensor, axis = -1): Tensor => along("softmax", x, axis);
/** log(softmax(x)), computed without forming softmax. @see softmax */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => along("logSoftmax", x, axis);

/** A mask as softmaxUnder reads it: what is added before and multiplied after. */
export interface PreparedMask {
  readonly bias: Tensor;
  readonly kept: Tensor;
}

/** @param mask i32 or f32 [..., n], 0 where nothing is to be seen */
export function prepareMask(mask: Tensor): PreparedMask {
  const n = mask.shape[mask.rank - 1] ?? 1;
  const kept = Float32Array.from(mask.data(), (value) => (value === 0 ? 0 : 1));
  const bias = new Float32Array(kept.length);
  for (let start = 0; start < kept.length; start += n) {
    if (!kept.subarray(start, start + n).includes(1)) continue;
    for (let i = start; i < start + n; i++) if (kept[i] === 0) bias[i] = Number.NEGATIVE_INFINITY;
  }
  return { bias: tensor(mask.engine, bias, mask.shape), kept: tensor(mask.engine, kept, mask.shape) };
}

/** maskedSoftmax under a mask that is used more than once. */
export const softmaxUnder = (x: Tensor, { bias, kept }: PreparedMask): Tensor => mul(softmax(add(x, bias)), kept);

/**
 * Softmax along the last axis over the places whose mask is not 0; the others get 0, all of them where a row has none.
 * @param mask i32 or f32 of x's shape
 * @throws ShapeError when the shapes differ
 */
export function maskedSoftmax(x: Tensor, mask: Tensor): Tensor {
  rowsOf("maskedSoftmax", x);
  if (!sameShape(x.shape, mask.shape)) {
    throw new ShapeError(`maskedSoftmax: mask has shape ${show(mask.shape)}, wants ${show(x.shape)} as x`);
  }
  return softmaxUnder(x, prepareMask(mask));
}

const gradient =
  (name: "softmax" | "logSoftmax"): Backward =>
  (context, { inputs, outputs }) => {
    const [x, y] = [inputs[0]!, outputs[0]!];
    const slot = context.into(x);
    if (slot === null) return;
    const { rows, n } = rowsOf(name, x);
    context.engine.kernels[`${name}Grad`](slot.ptr, context.gradOf(y), y.address(name), rows, n, slot.beta);
  };

export const softmaxBackward = /* @__PURE__ */ gradient("softmax");
export const logSoftmaxBackward = /* @__PURE__ */ gradient("logSoftmax");
