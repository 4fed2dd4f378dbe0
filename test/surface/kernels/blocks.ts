/** What kernel calls are made of: blocks of numbers that are laid out alike on every rig. */
import type { Ptr } from "../../../src/engine/kernels.js";
import type { Rig } from "../../kernels/harness.js";
import { Numbers, type Spread } from "../numbers.js";

/** Lays its numbers out and returns where. */
export type Block = (rig: Rig) => Ptr;
/** Lays out, calls and returns the outputs as [address, elements]. */
export type Call = (rig: Rig) => readonly (readonly [Ptr, number])[];
/** A call with random sizes, strides, alignments, options and numbers. */
export type Generator = (draw: Blocks) => Call;

/** Sizes from 1 up at which a kernel's loops change, and others around them. */
const COUNTS: readonly number[] = [63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 511, 600, 1023, 1024, 1025, 2500];

/** Arguments of functions of one number: near 0, and out to where exponentials end. */
export const ARGUMENTS: Spread = (u, i) => u * [1, 4, 20, 110][i & 3]!;

export class Blocks extends Numbers {
  constructor(seed: number, index: number) {
    super("bits", seed, index);
  }

  /** A number of elements: mostly up to 67, 0 now and then. */
  count(least = 0): number {
    return this.int(0, 15) === 0 ? this.from(COUNTS) : this.int(least, 67);
  }

  /** Counts from 1 whose product is at most `most`. */
  counts(rank: number, most = 20_000): number[] {
    for (;;) {
      const sizes = Array.from({ length: rank }, () => (this.int(0, 3) === 0 ? this.count(1) : this.int(1, 20)));
      if (sizes.reduce((product, size) => product * size, 1) <= most) return sizes;
    }
  }

  f32(n: number, spread?: Spread): Block {
    const values = this.floats(n, spread);
    const skew = this.int(0, 3);
    return (rig) => rig.f32(values, skew);
  }

  i32(n: number, value: (i: number) => number): Block {
    const values = Int32Array.from({ length: n }, (_, i) => value(i));
    const skew = this.int(0, 3);
    return (rig) => rig.i32(values, skew);
  }

  /** An output that is only written; where a kernel reads it, NaN shows. */
  blank(n: number): Block {
    const skew = this.int(0, 3);
    return (rig) => rig.blank(n, skew);
  }

  /** beta, and the output it scales: numbers where it is read, else blank. */
  output(n: number): { beta: number; out: Block } {
    const beta = this.from([0, 1, 1, this.number(-2, 2)]);
    return { beta, out: beta === 0 ? this.blank(n) : this.f32(n) };
  }

  /** A scalar argument: mostly near 1, with all bits of a float64. */
  scalar(): number {
    return this.from([0, 1, -1, this.number(-2, 2), this.number(-2, 2), this.number(-1e-3, 1e-3), 1e30 * this.number(-1, 1)]);
  }

  /** A row length with room for `n`: rows are dense or have a gap. */
  stride(n: number): number {
    return n + this.from([0, 0, 1, 3]);
  }

  /** Absent one time out of three. */
  maybe(block: Block): Block {
    return this.int(0, 2) === 0 ? () => 0 : block;
  }
}

/** The address of `other` where they share one, else a block of its own. */
export const shared = (together: boolean, other: Ptr, own: Block): Block => (together ? () => other : own);
