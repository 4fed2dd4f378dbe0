/** sum, mean and max, over one axis or everything. */
import { ShapeError } from "../errors.js";
import { around, resolveAxis, show } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, type Tensor } from "../tensor/tensor.js";

export interface ReduceOptions {
  /** Keep the reduced axis with extent 1. Default false. */
  readonly keepDim?: boolean;
}

interface Saved {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  readonly alpha: number;
}

function extents(
  where: string,
  x: Tensor,
  axis: number | undefined,
  keepDim: boolean,
): { outer: number; n: number; inner: number; shape: number[] } {
  if (axis === undefined) return { outer: 1, n: x.size, inner: 1, shape: keepDim ? x.shape.map(() => 1) : [] };
  const along = resolveAxis(where, axis, x.rank);
  const shape = x.shape.flatMap((extent, i) => (i === along ? (keepDim ? [1] : []) : [extent]));
  return { ...around(x.shape, along), shape };
}

function reduceSum(where: "sum" | "mean", x: Tensor, axis: number | undefined, keepDim: boolean): Tensor {
  checkDType(where, "x", x, "f32");
  const { outer, n, inner, shape } = extents(where, x, axis, keepDim);
  const from = x.address(where);
  const y = empty(x.engine, shape, "f32", where);
  const alpha = where === "sum" ? 1 : 1 / n;
  x.engine.kernels.reduceSum(y.address(where), from, outer, n, inner, Number.isFinite(alpha) ? alpha : Number.NaN, 0);
  return record("sum", [x], [y], { outer, n, inner, alpha } satisfies Saved);
}

/** Sum over an axis, or over all elements. */
export const sum = (x: Tensor, axis?: number, { keepDim = false }: ReduceOptions = {}): Tensor => reduceSum("sum", x, axis, keepDim);
/** Mean over an axis, or over all elements; NaN of no elements. */
export const mean = (x: Tensor, axis?: number, { keepDim = false }: ReduceOptions = {}): Tensor => reduceSum("mean", x, axis, keepDim);

/**
 * Largest element along an axis, or of all; NaN when one is NaN. The gradient goes to the first place of the maximum.
 * @returns values and i32 indices along the axis (into the flat tensor without an axis)
 * @throws ShapeError when there is nothing to choose from
 */
export function max(x: Tensor, axis?: number, { keepDim = false }: ReduceOptions = {}): { values: Tensor; indices: Tensor } {
  checkDType("max", "x", x, "f32");
  const { outer, n, inner, shape } = extents("max", x, axis, keepDim);
  if (n === 0) throw new ShapeError(`max: no elements along the axis (shape ${show(x.shape)}), wants at least 1`);
  const from = x.address("max");
  const values = empty(x.engine, shape, "f32", "max");
  const indices = empty(x.engine, shape, "i32", "max");
  x.engine.kernels.reduceMax(values.address("max"), indices.address("max"), from, outer, n, inner);
  record("max", [x], [values], { outer, n, inner, indices });
  return { values, indices };
}

/** Every element of the axis gets alpha times its sum's gradient. */
export const sumBackward: Backward = (context, { inputs, outputs, saved }) => {
  const x = inputs[0]!;
  const { outer, n, inner, alpha } = saved as Saved;
  const slot = context.into(x);
  if (slot === null || x.size === 0) return;
  const { kernels } = context.engine;
  const dy = context.gradOf(outputs[0]!);
  const scaled = context.scratch(outer * inner);
  kernels.axpby(scaled, dy, outer * inner, alpha, 0);
  const spread = slot.beta === 0 ? kernels.copyStrided : kernels.addStrided;
  if (inner === 1) spread(slot.ptr, scaled, outer, n, n, 1, 1, 0);
  else for (let o = 0; o < outer; o++) spread(slot.ptr + o * n * inner * 4, scaled + o * inner * 4, n, inner, inner, 1, 0, 1);
};

export const maxBackward: Backward = (context, { inputs, outputs, saved }) => {
  const x = inputs[0]!;
  const { outer, n, inner, indices } = saved as Saved & { indices: Tensor };
  const slot = context.into(x);
  if (slot === null) return;
  const { f32, i32 } = context.engine.memory;
  if (slot.beta === 0) f32.fill(0, slot.ptr >>> 2, (slot.ptr >>> 2) + x.size);
  const [dx, dy, at] = [slot.ptr >>> 2, context.gradOf(outputs[0]!) >>> 2, indices.address("max") >>> 2];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const place = dx + (o * n + i32[at + o * inner + i]!) * inner + i;
      f32[place] = f32[place]! + f32[dy + o * inner + i]!;
    }
  }
};
