/** Gradients that touch few rows of a [V, D] parameter: an embedding's has those of the batch's ids, and no work on it grows with V. */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import type { Storage } from "../engine/storage.js";
import type { Shape } from "./shape.js";

/** Rows on their way into a gradient: values [count, D], each to be added to the row that ids (i32) names, but for the id `skip`. */
export interface RowPart {
  readonly values: Ptr;
  readonly ids: Ptr;
  readonly count: number;
  readonly skip: number;
}

/** A gradient of shape [V, D] of which `count` rows are kept; the others are zero. One block holds their values, then their numbers. */
export class RowSparse {
  /** D. */
  readonly dim: number;

  constructor(
    readonly engine: Engine,
    readonly shape: Shape,
    /** Rows that are kept. */
    readonly count: number,
    readonly storage: Storage,
  ) {
    this.dim = shape[1]!;
  }

  /** Address of the values, f32 [count, D]; for tensor and ops. @throws StateError when they are no longer alive */
  address(where: string): Ptr {
    return this.storage.address(where);
  }

  /** Address of the row numbers, i32 [count]. */
  rowsAddress(where: string): Ptr {
    return this.address(where) + this.count * this.dim * 4;
  }

  /** A copy of the row numbers, rising, each once. */
  rows(): Int32Array {
    const start = this.rowsAddress("RowSparse.rows") >>> 2;
    return this.engine.memory.i32.slice(start, start + this.count);
  }

  /** A copy of the rows' values [count, D]. */
  values(): Float32Array {
    const start = this.address("RowSparse.values") >>> 2;
    return this.engine.memory.f32.slice(start, start + this.count * this.dim);
  }

  /** The dense gradient [V, D], row-major, as Tensor.data() gives it. */
  data(): Float32Array {
    const dense = new Float32Array(this.shape[0]! * this.dim);
    const values = this.values();
    this.rows().forEach((row, i) => void dense.set(values.subarray(i * this.dim, (i + 1) * this.dim), row * this.dim));
    return dense;
  }

  /** The dense gradient as nested arrays. */
  toArray(): number[][] {
    const dense = this.data();
    return Array.from({ length: this.shape[0]! }, (_, row) => [...dense.subarray(row * this.dim, (row + 1) * this.dim)]);
  }

  /** All of it, to be added to another. */
  get part(): RowPart {
    return { values: this.address("backward"), ids: this.rowsAddress("backward"), count: this.count, skip: -1 };
  }

  dispose(): void {
    this.storage.dispose();
  }
}

/** Positions in the order of their ids, equal ids in their own: a radix sort by 11 bits, for ids below `below`. */
function sortByIds(positions: Int32Array, ids: Int32Array, below: number): Int32Array {
  let [from, to]: [Int32Array, Int32Array] = [positions, new Int32Array(positions.length)];
  for (let shift = 0; shift === 0 || below >>> shift > 0; shift += 11) {
    const starts = new Int32Array(2049);
    for (const position of from) starts[((ids[position]! >>> shift) & 2047) + 1]!++;
    for (let digit = 1; digit < 2048; digit++) starts[digit]! += starts[digit - 1]!;
    for (const position of from) to[starts[(ids[position]! >>> shift) & 2047]!++] = position;
    [from, to] = [to, from];
  }
  return from;
}

/** A sum of parts that is still to be made: how many bytes it takes, and what writes it there. */
export interface RowSum {
  readonly bytes: number;
  write(storage: Storage): RowSparse;
}

/** Where each part's rows go among the distinct rows of all. */
function layOut({ memory }: Engine, below: number, parts: readonly RowPart[]): { rows: Int32Array; places: Int32Array } {
  const ids = new Int32Array(parts.reduce((sum, { count }) => sum + count, 0));
  const kept = new Int32Array(ids.length);
  let [n, end] = [0, 0];
  for (const part of parts) {
    ids.set(memory.i32.subarray(part.ids >>> 2, (part.ids >>> 2) + part.count), end);
    for (const stop = end + part.count; end < stop; end++) if (ids[end] !== part.skip) kept[n++] = end;
  }
  const [rows, places] = [new Int32Array(n), new Int32Array(ids.length).fill(-1)];
  let last = -1;
  for (const position of sortByIds(kept.subarray(0, n), ids, below)) {
    if (last < 0 || rows[last] !== ids[position]) rows[++last] = ids[position]!;
    places[position] = last;
  }
  return { rows: rows.subarray(0, last + 1), places };
}

/** Lays out the sum of all parts: from zero, part after part, each in its own order, as a dense gradient adds them. Takes scratch of the step. */
export function sumRows(engine: Engine, shape: Shape, parts: readonly RowPart[]): RowSum {
  const { memory, kernels } = engine;
  const [count, dim] = shape as [number, number];
  const { rows, places } = layOut(engine, count, parts);
  const scratch = engine.scratch(places.length * 4);
  memory.i32.set(places, scratch >>> 2);
  return {
    bytes: rows.length * (dim + 1) * 4,
    write(storage) {
      const sum = new RowSparse(engine, shape, rows.length, storage);
      const values = sum.address("backward");
      memory.f32.fill(0, values >>> 2, (values >>> 2) + rows.length * dim);
      memory.i32.set(rows, sum.rowsAddress("backward") >>> 2);
      let next = scratch;
      for (const part of parts) {
        kernels.scatterAddRows(values, part.values, next, part.count, dim, dim, -1);
        next += part.count * 4;
      }
      storage.version++;
      return sum;
    },
  };
}
