/** Making tensors from numbers. In a step they live in the step; outside they are persistent. */
import type { Engine } from "../engine/engine.js";
import { IndexError, ShapeError } from "../errors.js";
import { type Shape, show, sizeOf } from "./shape.js";
import { type DType, empty, type NestedNumbers, Tensor } from "./tensor.js";

type TensorData = NestedNumbers | Float32Array | Float64Array | Int32Array;

const isFlat = (data: TensorData): data is Float32Array | Float64Array | Int32Array => ArrayBuffer.isView(data);

function shapeOfNested(data: NestedNumbers): number[] {
  const shape: number[] = [];
  for (let level: NestedNumbers | undefined = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

function flatten(data: NestedNumbers, axis: number, shape: Shape, into: number[]): void {
  if (!Array.isArray(data)) {
    if (axis !== shape.length || typeof data !== "number")
      throw new ShapeError(`tensor: nested data are ragged at depth ${axis}, wants shape ${show(shape)}`);
    into.push(data);
    return;
  }
  if (axis >= shape.length || data.length !== shape[axis]) {
    throw new ShapeError(
      `tensor: nested data have ${data.length} entries at depth ${axis}, wants ${shape[axis] ?? "a number"} (shape ${show(shape)})`,
    );
  }
  for (const part of data) flatten(part, axis + 1, shape, into);
}

/**
 * A tensor of given values: nested arrays, or flat data with a shape.
 * @param dtype f32 by default, i32 for an Int32Array
 * @throws ShapeError when the data are ragged or do not fill the shape; IndexError when i32 is asked for and a value is not whole
 */
export function tensor(engine: Engine, data: TensorData, shape?: Shape, dtype?: DType): Tensor {
  const type = dtype ?? (data instanceof Int32Array ? "i32" : "f32");
  let values: ArrayLike<number>;
  let extents: Shape;
  if (isFlat(data)) {
    values = data;
    extents = shape ?? [data.length];
  } else {
    const own = shapeOfNested(data);
    const flat: number[] = [];
    flatten(data, 0, own, flat);
    values = flat;
    extents = shape ?? own;
  }
  const result = empty(engine, extents, type, "tensor");
  if (values.length !== result.size)
    throw new ShapeError(`tensor: ${values.length} values, wants ${sizeOf(extents)} (shape ${show(extents)})`);
  if (type === "i32") checkIntegers("tensor", values);
  const start = result.address("tensor") >>> 2;
  (type === "f32" ? engine.memory.f32 : engine.memory.i32).set(values, start);
  return result;
}

function checkIntegers(where: string, values: ArrayLike<number>): void {
  if (values instanceof Int32Array) return;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! !== (values[i]! | 0))
      throw new IndexError(`${where}: value ${values[i]} at ${i}, wants 32-bit whole numbers for dtype i32`);
  }
}

export function full(engine: Engine, shape: Shape, value: number, dtype: DType = "f32"): Tensor {
  const result = empty(engine, shape, dtype, "full");
  const start = result.address("full") >>> 2;
  (dtype === "f32" ? engine.memory.f32 : engine.memory.i32).fill(value, start, start + result.size);
  return result;
}

export const zeros = (engine: Engine, shape: Shape, dtype: DType = "f32"): Tensor => full(engine, shape, 0, dtype);

export const ones = (engine: Engine, shape: Shape, dtype: DType = "f32"): Tensor => full(engine, shape, 1, dtype);

/**
 * Copies a tensor into the persistent region, detached from the tape: the carried state of truncated back-propagation.
 * @param replace an earlier result of the same shape and dtype whose memory is used again; without it every call takes new memory
 *   until `dispose()`
 */
export function keep(source: Tensor, replace?: Tensor): Tensor {
  const { engine } = source;
  if (replace !== undefined) {
    if (replace.engine !== engine || replace.dtype !== source.dtype || replace.size !== source.size || replace.storage.lease === null) {
      throw new ShapeError(
        `keep: replace is ${replace.dtype} ${show(replace.shape)}, wants a kept tensor like ${source.dtype} ${show(source.shape)}`,
      );
    }
    engine.persist(source.storage, "keep", replace.storage);
    return new Tensor(engine, source.shape, source.dtype, replace.storage);
  }
  return new Tensor(engine, source.shape, source.dtype, engine.persist(source.storage, "keep"));
}

/** The same values without a history: no gradient flows through. */
export function detach(source: Tensor): Tensor {
  return new Tensor(source.engine, source.shape, source.dtype, source.storage);
}
