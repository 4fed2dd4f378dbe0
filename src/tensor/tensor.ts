/**
 * Tensor: shape, dtype and a place in linear memory. Contiguous and row-major; views (reshape, detach) share storage.
 */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import type { Storage } from "../engine/storage.js";
import { ShapeError, StateError } from "../errors.js";
import type { RowSparse } from "./row-sparse.js";
import { checkShape, type Shape, show, sizeOf } from "./shape.js";

export type DType = "f32" | "i32";
export type TypedData = Float32Array | Int32Array;
export type NestedNumbers = number | readonly NestedNumbers[];

/** How an operation made a tensor: what the tape records. */
export interface TapeEntry {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly saved: unknown;
  /** Set once backward() has consumed it. */
  freed: boolean;
}

const PREVIEW = 6;
const NODE_INSPECT = Symbol.for("nodejs.util.inspect.custom");
const DENO_INSPECT = Symbol.for("Deno.customInspect");

export type Gradient = Tensor | RowSparse;

export class Tensor {
  readonly shape: Shape;
  readonly size: number;
  /** Whether backward() computes a gradient for it: set on leaves by the user, on results by the tape. */
  requiresGrad = false;
  /** Gradient of the last backward() calls, summed; null before. Leaves only. RowSparse where only rows of it were touched and that was asked for. */
  grad: Gradient | null = null;
  /** Memory of `grad`, kept by clearGrad() for the next backward(). */
  gradMemory: Gradient | null = null;
  /** The operation that made it, when recorded. */
  source: TapeEntry | null = null;

  constructor(
    readonly engine: Engine,
    shape: Shape,
    readonly dtype: DType,
    readonly storage: Storage,
  ) {
    this.shape = Object.freeze([...shape]);
    this.size = sizeOf(shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Address in linear memory; for tensor and ops. @throws StateError when the tensor is no longer alive */
  address(where: string): Ptr {
    return this.storage.address(where);
  }

  /** A copy of the elements, row-major. */
  data(): TypedData {
    const start = this.address("Tensor.data") >>> 2;
    const { memory } = this.engine;
    return (this.dtype === "f32" ? memory.f32 : memory.i32).slice(start, start + this.size);
  }

  /** The only element. @throws ShapeError unless there is exactly one */
  item(): number {
    if (this.size !== 1) throw new ShapeError(`Tensor.item: tensor has ${this.size} elements (shape ${show(this.shape)}), wants 1`);
    return this.data()[0]!;
  }

  /** Nested arrays of the tensor's rank; a number for rank 0. */
  toArray(): NestedNumbers {
    const data = this.data();
    const nest = (axis: number, start: number, size: number): NestedNumbers => {
      if (axis === this.rank) return data[start]!;
      const extent = this.shape[axis]!;
      return Array.from({ length: extent }, (_, i) => nest(axis + 1, start + (i * size) / extent, size / extent));
    };
    return nest(0, 0, this.size);
  }

  /** Overwrites the elements. @throws ShapeError when the count differs */
  assign(values: ArrayLike<number> | Tensor): this {
    const data = values instanceof Tensor ? values.data() : values;
    if (data.length !== this.size) {
      throw new ShapeError(`Tensor.assign: ${data.length} values, wants ${this.size} (shape ${show(this.shape)})`);
    }
    const start = this.address("Tensor.assign") >>> 2;
    (this.dtype === "f32" ? this.engine.memory.f32 : this.engine.memory.i32).set(data, start);
    this.storage.version++;
    return this;
  }

  /** Forgets the gradient, so that the next backward() starts anew. */
  clearGrad(): void {
    this.grad = null;
  }

  /** Frees a tensor made outside a step (or kept); one of a step is freed by its step. */
  dispose(): void {
    this.storage.dispose();
    this.gradMemory?.dispose();
  }

  toString(): string {
    const head = `Tensor ${this.dtype} ${show(this.shape)}`;
    if (!this.storage.alive) return `${head} (no longer alive)`;
    const start = this.address("Tensor.toString") >>> 2;
    const view = this.dtype === "f32" ? this.engine.memory.f32 : this.engine.memory.i32;
    const shown = Array.from(view.subarray(start, start + Math.min(this.size, PREVIEW)), (v) => String(Number(v.toPrecision(5))));
    return `${head} {${shown.join(", ")}${this.size > PREVIEW ? ", …" : ""}}${this.requiresGrad ? " requiresGrad" : ""}`;
  }

  [NODE_INSPECT](): string {
    return this.toString();
  }

  [DENO_INSPECT](): string {
    return this.toString();
  }
}

/** A tensor of undefined content: in the running step, or persistent outside one. */
export function empty(engine: Engine, shape: Shape, dtype: DType = "f32", where = "empty"): Tensor {
  checkShape(where, shape);
  return new Tensor(engine, shape, dtype, engine.allocate(sizeOf(shape) * 4, where));
}

/** @throws StateError when the tensors do not belong to one engine */
export function sameEngine(where: string, first: Tensor, ...others: readonly Tensor[]): Engine {
  for (const other of others) {
    if (other.engine !== first.engine) throw new StateError(`${where}: tensors of two engines were mixed, wants one engine`);
  }
  return first.engine;
}

/** @throws ShapeError unless the dtype is `dtype` */
export function checkDType(where: string, name: string, tensor: Tensor, dtype: DType): void {
  if (tensor.dtype !== dtype)
    throw new ShapeError(`${where}: ${name} has dtype ${tensor.dtype}, wants ${dtype} (shape ${show(tensor.shape)})`);
}
