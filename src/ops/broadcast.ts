/** Broadcasting by NumPy's rule, and its gradient: the sum over what was repeated. */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import { type Shape, sameShape, sizeOf, stridesOf } from "../tensor/shape.js";
import { copyNd } from "./strided.js";

/** Element strides of `shape` seen as `target`: 0 along repeated axes. */
function repeatedStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]!));
}

/** Address of the values of `shape` at `ptr` spread to `target`: `ptr` itself when nothing repeats, else scratch. */
export function spread(engine: Engine, ptr: Ptr, shape: Shape, target: Shape): Ptr {
  if (sizeOf(shape) === sizeOf(target)) return ptr;
  const scratch = engine.scratch(sizeOf(target) * 4);
  copyNd(engine, target, { ptr: scratch, strides: stridesOf(target) }, { ptr, strides: repeatedStrides(shape, target) });
  return scratch;
}

/** out [shape] = beta·out + alpha·(sum of x [from] over the axes along which `shape` was repeated to `from`). */
export function sumTo(engine: Engine, out: Ptr, shape: Shape, x: Ptr, from: Shape, alpha: number, beta: number): void {
  const { kernels } = engine;
  if (sameShape(shape, from) || sizeOf(shape) === sizeOf(from)) {
    kernels.axpby(out, x, sizeOf(shape), alpha, beta);
    return;
  }
  const lead = from.length - shape.length;
  const extents = [...from];
  const axes = extents.map((_, axis) => axis).filter((axis) => (axis < lead || shape[axis - lead] === 1) && extents[axis] !== 1);
  let current = x;
  axes.forEach((axis, position) => {
    const outer = sizeOf(extents.slice(0, axis));
    const inner = sizeOf(extents.slice(axis + 1));
    const last = position === axes.length - 1;
    const target = last ? out : engine.scratch(outer * inner * 4);
    kernels.reduceSum(target, current, outer, extents[axis]!, inner, last ? alpha : 1, last ? beta : 0);
    extents[axis] = 1;
    current = target;
  });
}
