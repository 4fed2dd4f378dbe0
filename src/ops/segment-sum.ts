/** Sums of rows that belong together: the counterpart of embedding. */
import { ShapeError } from "../errors.js";
import { zeros } from "../tensor/create.js";
import { show } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, sameEngine, type Tensor } from "../tensor/tensor.js";
import { checkIds } from "./embedding.js";

/**
 * y[segments[i]] += x[i], i in order.
 * @param x f32 [N, D] @param segments i32 [N], each 0 … count - 1
 * @returns f32 [count, D], zeros where a segment has no rows
 * @throws IndexError when a segment is out of range
 */
export function segmentSum(x: Tensor, segments: Tensor, count: number): Tensor {
  const engine = sameEngine("segmentSum", x, segments);
  checkDType("segmentSum", "x", x, "f32");
  if (x.rank !== 2 || segments.rank !== 1 || segments.size !== x.shape[0]) {
    throw new ShapeError(`segmentSum: x ${show(x.shape)} and segments ${show(segments.shape)}, wants [N, D] and [N]`);
  }
  checkIds("segmentSum", segments, count);
  const dim = x.shape[1]!;
  const from = x.address("segmentSum");
  const y = zeros(engine, [count, dim]);
  engine.kernels.scatterAddRows(y.address("segmentSum"), from, segments.address("segmentSum"), segments.size, dim, dim, -1);
  return record("segmentSum", [x], [y], segments);
}

/** Each row gets the gradient of its segment. */
export const segmentSumBackward: Backward = (context, { inputs, outputs, saved }) => {
  const x = inputs[0]!;
  const segments = saved as Tensor;
  const slot = context.into(x);
  if (slot === null) return;
  const { kernels } = context.engine;
  const rows = slot.beta === 0 ? slot.ptr : context.scratch(x.size);
  const dim = x.shape[1]!;
  kernels.gatherRows(rows, context.gradOf(outputs[0]!), segments.address("segmentSum"), segments.size, dim, dim);
  if (slot.beta !== 0) kernels.axpby(slot.ptr, rows, x.size, 1, slot.beta);
};
