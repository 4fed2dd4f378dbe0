/** Operations that only move elements: reshape, transpose, slice, concat, stack. */
import { ConfigError, IndexError, ShapeError } from "../errors.js";
import { resolveAxis, type Shape, sameShape, show, sizeOf, stridesOf } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { empty, sameEngine, Tensor } from "../tensor/tensor.js";
import { copyNd } from "./strided.js";

/**
 * The same elements under another shape; shares memory. One extent may be -1 and is worked out.
 * @throws ShapeError when the sizes differ
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const open = shape.filter((extent) => extent === -1).length;
  const known = sizeOf(shape.filter((extent) => extent !== -1));
  const resolved = shape.map((extent) => (extent === -1 && open === 1 && known > 0 ? x.size / known : extent));
  if (resolved.some((extent) => !(Number.isInteger(extent) && extent >= 0)) || sizeOf(resolved) !== x.size) {
    throw new ShapeError(`reshape: ${x.size} elements (shape ${show(x.shape)}) do not fill shape ${show(shape)}`);
  }
  x.address("reshape");
  return record("reshape", [x], [new Tensor(x.engine, resolved, x.dtype, x.storage)]);
}

/**
 * Axes in another order; by default the last two change places.
 * @param order a permutation of the axes
 */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  if (order === undefined && x.rank < 2)
    throw new ShapeError(`transpose: rank ${x.rank} (shape ${show(x.shape)}), wants at least 2, or an order`);
  const axes = order ?? [...x.shape.keys()].slice(0, -2).concat(x.rank - 1, x.rank - 2);
  if (axes.length !== x.rank || [...axes].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
    throw new ConfigError(`transpose: order ${show(axes)}, wants a permutation of the ${x.rank} axes`);
  }
  const strides = stridesOf(x.shape);
  const from = x.address("transpose");
  const y = empty(
    x.engine,
    axes.map((axis) => x.shape[axis]!),
    x.dtype,
    "transpose",
  );
  copyNd(
    x.engine,
    y.shape,
    { ptr: y.address("transpose"), strides: stridesOf(y.shape) },
    { ptr: from, strides: axes.map((axis) => strides[axis]!) },
  );
  return record("transpose", [x], [y], axes);
}

/**
 * Elements start (inclusive) to end (exclusive) along an axis; negative numbers count from the back.
 * @throws IndexError when the range leaves the axis
 */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const along = resolveAxis("slice", axis, x.rank);
  const extent = x.shape[along]!;
  const first = start < 0 ? start + extent : start;
  const last = end === undefined ? extent : end < 0 ? end + extent : end;
  if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last <= extent)) {
    throw new IndexError(
      `slice: range ${start} to ${end ?? extent}, wants one within 0 to ${extent} (axis ${along} of shape ${show(x.shape)})`,
    );
  }
  const from = x.address("slice");
  const y = empty(
    x.engine,
    x.shape.map((e, i) => (i === along ? last - first : e)),
    x.dtype,
    "slice",
  );
  const strides = stridesOf(x.shape);
  copyNd(x.engine, y.shape, { ptr: y.address("slice"), strides: stridesOf(y.shape) }, { ptr: from + first * strides[along]! * 4, strides });
  return record("slice", [x], [y], first * strides[along]!);
}

/**
 * Joins tensors along an existing axis.
 * @throws ShapeError when the other extents or the dtypes differ
 */
export function concat(parts: readonly Tensor[], axis = 0): Tensor {
  const first = parts[0];
  if (first === undefined) throw new ShapeError("concat: no tensors, wants at least 1");
  const engine = sameEngine("concat", first, ...parts);
  const along = resolveAxis("concat", axis, first.rank);
  for (const part of parts) {
    const fits = part.rank === first.rank && part.shape.every((extent, i) => i === along || extent === first.shape[i]);
    if (!fits || part.dtype !== first.dtype) {
      throw new ShapeError(
        `concat: ${part.dtype} ${show(part.shape)} does not fit ${first.dtype} ${show(first.shape)} beside axis ${along}`,
      );
    }
  }
  const shape = first.shape.map((extent, i) => (i === along ? parts.reduce((sum, part) => sum + part.shape[along]!, 0) : extent));
  const y = empty(engine, shape, first.dtype, "concat");
  const strides = stridesOf(shape);
  let at = y.address("concat");
  for (const part of parts) {
    copyNd(engine, part.shape, { ptr: at, strides }, { ptr: part.address("concat"), strides: stridesOf(part.shape) });
    at += part.shape[along]! * strides[along]! * 4;
  }
  return record("concat", parts, [y], along);
}

/** Joins tensors of one shape along a new axis. @see concat */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  const first = parts[0];
  if (first === undefined) throw new ShapeError("stack: no tensors, wants at least 1");
  for (const part of parts) {
    if (!sameShape(part.shape, first.shape))
      throw new ShapeError(`stack: shape ${show(part.shape)}, wants ${show(first.shape)} as the first`);
  }
  const along = resolveAxis("stack", axis, first.rank + 1);
  return concat(
    parts.map((part) => reshape(part, [...part.shape.slice(0, along), 1, ...part.shape.slice(along)])),
    along,
  );
}

export const reshapeBackward: Backward = (context, { inputs, outputs }) => {
  const slot = context.into(inputs[0]!);
  if (slot !== null) context.engine.kernels.axpby(slot.ptr, context.gradOf(outputs[0]!), inputs[0]!.size, 1, slot.beta);
};

export const transposeBackward: Backward = (context, { inputs, outputs, saved }) => {
  const [x, y] = [inputs[0]!, outputs[0]!];
  const slot = context.into(x);
  if (slot === null) return;
  const strides = stridesOf(x.shape);
  const to = (saved as readonly number[]).map((axis) => strides[axis]!);
  copyNd(
    context.engine,
    y.shape,
    { ptr: slot.ptr, strides: to },
    { ptr: context.gradOf(y), strides: stridesOf(y.shape) },
    slot.beta === 0 ? 0 : 1,
  );
};

export const sliceBackward: Backward = (context, { inputs, outputs, saved }) => {
  const [x, y] = [inputs[0]!, outputs[0]!];
  const slot = context.into(x);
  if (slot === null) return;
  const { engine } = context;
  if (slot.beta === 0) engine.memory.f32.fill(0, slot.ptr >>> 2, (slot.ptr >>> 2) + x.size);
  const to = { ptr: slot.ptr + (saved as number) * 4, strides: stridesOf(x.shape) };
  copyNd(engine, y.shape, to, { ptr: context.gradOf(y), strides: stridesOf(y.shape) }, slot.beta === 0 ? 0 : 1);
};

export const concatBackward: Backward = (context, { inputs, outputs, saved }) => {
  const y = outputs[0]!;
  const along = saved as number;
  const strides = stridesOf(y.shape);
  let at = context.gradOf(y);
  for (const part of inputs) {
    const slot = context.into(part);
    if (slot !== null) {
      copyNd(context.engine, part.shape, { ptr: slot.ptr, strides: stridesOf(part.shape) }, { ptr: at, strides }, slot.beta === 0 ? 0 : 1);
    }
    at += part.shape[along]! * strides[along]! * 4;
  }
};
