/** Where kernels run: on this thread, or in the queue of another (threads.ts). */
import type { Kernels, Ptr } from "./kernels.js";

export interface Lane {
  readonly kernels: Kernels;
  /** Scratch for the products of this lane, WORK_BYTES long. */
  readonly work: Ptr;
}

/** A part of 0 … count, for one lane. Calls kernels of its lane only; scratch memory may be taken, nothing read back. */
export type Part = (lane: Lane, begin: number, end: number) => void;

/** Other threads over the same memory. */
export interface Threads {
  /** Lanes in all, this thread's included. */
  readonly count: number;
  /**
   * Runs `parts` parts of 0 … count at multiples of `grain`, each with its share of what the units cost (all alike without `costs`), a
   * lane each, and returns when all are done; false when a kernel trapped on a worker.
   */
  run(own: Lane, parts: number, count: number, grain: number, part: Part, costs?: ArrayLike<number>): boolean;
  dispose(): void;
}
