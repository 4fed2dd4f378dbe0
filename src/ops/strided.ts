/** Copies between strided views of any rank: the last two (merged) axes run in a kernel, the others in a host loop. */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import { type Shape, sizeOf } from "../tensor/shape.js";

/** An address with one element stride per axis; stride 0 repeats. */
export interface StridedView {
  readonly ptr: Ptr;
  readonly strides: readonly number[];
}

/** Joins neighbouring axes that are contiguous in both views, so that the kernel gets long rows. */
function merge(shape: Shape, to: readonly number[], from: readonly number[]): { shape: number[]; to: number[]; from: number[] } {
  const merged = { shape: [] as number[], to: [] as number[], from: [] as number[] };
  for (let axis = 0; axis < shape.length; axis++) {
    const extent = shape[axis]!;
    if (extent === 1) continue;
    const last = merged.shape.length - 1;
    if (last >= 0 && merged.to[last] === to[axis]! * extent && merged.from[last] === from[axis]! * extent) {
      merged.shape[last] = merged.shape[last]! * extent;
      merged.to[last] = to[axis]!;
      merged.from[last] = from[axis]!;
    } else {
      merged.shape.push(extent);
      merged.to.push(to[axis]!);
      merged.from.push(from[axis]!);
    }
  }
  while (merged.shape.length < 2) {
    merged.shape.unshift(1);
    merged.to.unshift(0);
    merged.from.unshift(0);
  }
  return merged;
}

/** to = from (beta 0) or to += from (beta 1) over `shape`. */
export function copyNd(engine: Engine, shape: Shape, to: StridedView, from: StridedView, beta: 0 | 1 = 0): void {
  if (sizeOf(shape) === 0) return;
  const axes = merge(shape, to.strides, from.strides);
  const inner = axes.shape.length - 2;
  const kernel = beta === 0 ? engine.kernels.copyStrided : engine.kernels.addStrided;
  const walk = (axis: number, toPtr: Ptr, fromPtr: Ptr): void => {
    if (axis === inner) {
      const [rows, cols] = [axes.shape[axis]!, axes.shape[axis + 1]!];
      kernel(toPtr, fromPtr, rows, cols, axes.to[axis]!, axes.to[axis + 1]!, axes.from[axis]!, axes.from[axis + 1]!);
      return;
    }
    for (let i = 0; i < axes.shape[axis]!; i++) walk(axis + 1, toPtr + i * axes.to[axis]! * 4, fromPtr + i * axes.from[axis]! * 4);
  };
  walk(0, to.ptr, from.ptr);
}
