/**
 * The order in which a ragged batch is computed: rows sorted by falling length, then step after step only the rows that are still
 * real, so that no padding is ever read or computed. At step t the first `active[t]` sorted rows run; their packed rows start at
 * `offsets[t]`. The backward direction walks the same packed rows from the last step to the first.
 */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";

/** @typeParam P where its indices lie: addresses for the recurrent operation, tensors for layers made of operations */
export interface Ragged<P = Ptr> {
  readonly batch: number;
  readonly time: number;
  /** Real steps in all. */
  readonly total: number;
  readonly active: Int32Array;
  /** Real steps of each sorted row. */
  readonly steps: Int32Array;
  readonly offsets: Int32Array;
  /** Sorted row r is row order[r] of the batch; i32. */
  readonly order: P;
  /** Batch row b is sorted row rank[b]. */
  readonly rank: P;
  /** True when sorting changes nothing. */
  readonly sorted: boolean;
  /** Packed row i is row toPacked[i] of the input's [B·T] (or [T·B]) rows; null when they agree one by one. */
  readonly toPacked: P | null;
  /** Input row j is packed row toInput[j], or `total`, a row of zeros, where j is padding; null when they agree. */
  readonly toInput: P | null;
}

/** @param place takes i32 values to linear memory */
export function layOut<P>(
  lengths: ArrayLike<number> | undefined,
  batch: number,
  time: number,
  timeMajor: boolean,
  place: (values: Int32Array) => P,
): Ragged<P> {
  const lengthOf = (row: number) => (lengths === undefined ? time : lengths[row]!);
  const order = Int32Array.from({ length: batch }, (_, row) => row);
  if (lengths !== undefined) order.sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const rank = new Int32Array(batch);
  order.forEach((row, r) => {
    rank[row] = r;
  });
  const active = new Int32Array(time);
  const offsets = new Int32Array(time);
  let total = 0;
  for (let t = 0, running = batch; t < time; t++) {
    while (running > 0 && lengthOf(order[running - 1]!) <= t) running--;
    active[t] = running;
    offsets[t] = total;
    total += running;
  }
  const toPacked = new Int32Array(total);
  const toInput = new Int32Array(batch * time).fill(total);
  for (let t = 0; t < time; t++) {
    for (let r = 0; r < active[t]!; r++) {
      const row = order[r]!;
      const at = timeMajor ? t * batch + row : row * time + t;
      toPacked[offsets[t]! + r] = at;
      toInput[at] = offsets[t]! + r;
    }
  }
  const agree = total === batch * time && toPacked.every((at, i) => at === i);
  return {
    batch,
    time,
    total,
    active,
    steps: order.map(lengthOf),
    offsets,
    order: place(order),
    rank: place(rank),
    sorted: order.every((row, r) => row === r),
    toPacked: agree ? null : place(toPacked),
    toInput: agree ? null : place(toInput),
  };
}

/** Copies i32 values to scratch memory. */
export const placer =
  (engine: Engine) =>
  (values: Int32Array): Ptr => {
    const ptr = engine.scratch(values.byteLength);
    engine.memory.i32.set(values, ptr >>> 2);
    return ptr;
  };

/** Rows [B, size] in another order: `index` is `order` (from the caller's to the sorted one) or `rank` (back). */
export function sortRows(engine: Engine, ragged: Ragged, to: Ptr, from: Ptr, size: number, index: Ptr): void {
  if (ragged.sorted) engine.kernels.copyStrided(to, from, ragged.batch, size, size, 1, size, 1);
  else engine.kernels.gatherRows(to, from, index, ragged.batch, size, size);
}
