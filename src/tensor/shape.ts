/** Shapes: row-major and contiguous, always. */
import { IndexError, ShapeError } from "../errors.js";

/** 4 GiB of linear memory hold no more. */
const MAX_ELEMENTS = 1073741824;

export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

export const show = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((extent, i) => extent === b[i]);

/** @throws ShapeError unless every extent is a whole number from 0 and the size can be addressed */
export function checkShape(where: string, shape: Shape): void {
  if (!Array.isArray(shape)) throw new ShapeError(`${where}: shape is ${typeof shape}, wants an array of whole numbers`);
  for (const extent of shape) {
    if (!(Number.isInteger(extent) && extent >= 0)) {
      throw new ShapeError(`${where}: shape ${show(shape)} has extent ${extent}, wants whole numbers from 0`);
    }
  }
  if (sizeOf(shape) > MAX_ELEMENTS)
    throw new ShapeError(`${where}: shape ${show(shape)} has ${sizeOf(shape)} elements, wants at most ${MAX_ELEMENTS}`);
}

/** Axis counted from the front; negative ones count from the back. */
export function resolveAxis(where: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(axis) && resolved >= 0 && resolved < rank)) {
    throw new IndexError(`${where}: axis ${axis}, wants one from ${-rank} to ${rank - 1} (rank ${rank})`);
  }
  return resolved;
}

/** The shape seen as [outer, n, inner] around one axis. */
export function around(shape: Shape, axis: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis] ?? 1, inner: sizeOf(shape.slice(axis + 1)) };
}

/** NumPy's broadcasting rule. */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(`${where}: shapes ${show(a)} and ${show(b)} do not broadcast (${x} and ${y}), wants equal extents or 1`);
    }
    return x === 1 ? y : x;
  });
}

/** Element strides of a contiguous shape. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}
