/** Where kernels run: on this thread, or in the queue of another (threads.ts). */
import type { Kernels, Ptr } from "./kernels.js";

export interface Lane {
  readonly kernels: Kernels;
  /** Scratch for the products of this lane, WORK_BYTES long. */
  readonly work: Ptr;
}

/** A part of 0 … count, for one lane. Calls kernels of its lane only; scratch memory may be taken, nothing read back. */
export type Part = (lane: Lane, begin: number, end: number) => void;

/**
 * Bounds of `parts` parts of 0 … count at multiples of `grain`, each with its share of what the units cost; all alike without `costs`.
 * An empty part may come out where there are few units.
 */
export function shares(count: number, parts: number, grain: number, costs?: ArrayLike<number>): number[] {
  const rounded = (at: number) => Math.min(count, Math.round(at / grain) * grain);
  const inner = Array.from({ length: parts - 1 }, (_, i) => ((i + 1) * count) / parts);
  if (costs !== undefined) {
    let total = 0;
    for (let i = 0; i < count; i++) total += costs[i]!;
    for (let i = 0, sum = 0, next = 0; i < count && next < inner.length; i++) {
      sum += costs[i]!;
      while (next < inner.length && sum >= (total * (next + 1)) / parts) inner[next++] = i + 1;
    }
  }
  return [0, ...inner.map(rounded), count];
}

/** Other threads over the same memory. */
export interface Threads {
  /** Lanes in all, this thread's included. */
  readonly count: number;
  /**
   * Runs a part a lane, from each bound to the next, and returns when all are done.
   * @throws StateError when a kernel trapped on a worker
   */
  run(own: Lane, bounds: readonly number[], part: Part): void;
  dispose(): void;
}
