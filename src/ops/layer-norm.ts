/** Layer normalisation over the last axis. */
import type { Ptr } from "../engine/kernels.js";
import { type Backward, isRecording, record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { add, mul } from "./arithmetic.js";
import { rowsOf } from "./softmax.js";

/** (x - mean)/sqrt(variance + eps) per row. */
function normalize(x: Tensor, eps: number): Tensor {
  const { rows, n } = rowsOf("layerNorm", x);
  const { engine } = x;
  const from = x.address("layerNorm");
  const y = empty(engine, x.shape, "f32", "layerNorm");
  const run = (): Ptr => {
    const scales = engine.scratch(rows * 4);
    engine.kernels.normalize(y.address("layerNorm"), scales, from, rows, n, eps);
    return scales;
  };
  if (isRecording(engine, [x])) return record("normalize", [x], [y], run());
  engine.scoped(run);
  return y;
}

/**
 * (x - mean)/sqrt(variance + eps) over the last axis, times weight plus bias; the variance is the population's. Ba et al. 2016.
 * @param x f32 [..., n], n from 1
 * @param weight f32 [n], or null for ones
 * @param bias f32 [n], or null for zeros
 * @returns f32 of x's shape
 * @throws ShapeError when x has no elements in its last axis, or weight or bias do not broadcast
 */
export function layerNorm(x: Tensor, weight: Tensor | null = null, bias: Tensor | null = null, eps = 1e-5): Tensor {
  const normal = normalize(x, eps);
  const scaled = weight === null ? normal : mul(normal, weight);
  return bias === null ? scaled : add(scaled, bias);
}

export const normalizeBackward: Backward = (context, { inputs, outputs, saved }) => {
  const [x, y] = [inputs[0]!, outputs[0]!];
  const slot = context.into(x);
  if (slot === null) return;
  const { rows, n } = rowsOf("layerNorm", x);
  context.engine.kernels.normalizeGrad(slot.ptr, context.gradOf(y), y.address("layerNorm"), saved as Ptr, rows, n, slot.beta);
};
