/** Sizes, options and numbers of trials, all from one seed. */
import { Stream, streamKey } from "../../src/engine/random.js";

/**
 * gradients: smooth where tried, small, every option in turn. rows: a batch against its rows, some larger sizes, some special numbers.
 * bits: one backend against the other, special numbers often.
 */
export type Purpose = "gradients" | "rows" | "bits";

/** From [-1, 1) to the values of a tensor; `i` is the element's place. Not applied to the special numbers of bits and rows. */
export type Spread = (u: number, i: number) => number;

const SMALL: readonly number[] = [1, 2, 3, 5, 7, 17];
const LARGE: readonly number[] = [4, 8, 9, 33, 67, 130, 260, 300];
/** Share of extents, in 1/256, that are large. */
const LARGE_SHARE: Readonly<Record<Purpose, number>> = { gradients: 0, rows: 80, bits: 12 };
const MOST_ELEMENTS: Readonly<Record<Purpose, number>> = { gradients: 400, rows: 30_000, bits: 4000 };

const SPECIAL: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1,
  -1,
  2 ** -149,
  -(2 ** -149),
  1e-40,
  2 ** -126,
  -(2 ** -126),
  1e-30,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1e30,
  -1e30,
  88.7,
  -88.7,
  -104,
  16777216,
];

export class Numbers {
  readonly #stream: Stream;
  #rest: number;
  #combinations = 1;

  /** @param index the how-manieth trial of its kind: `each` goes through its options by it */
  constructor(
    readonly purpose: Purpose,
    seed: number,
    index: number,
  ) {
    this.#stream = new Stream(streamKey(seed, 0x73757266, index, 0));
    this.#rest = index;
  }

  /** How many trials it takes until every combination of the options that `each` has seen comes up. */
  get combinations(): number {
    return this.#combinations;
  }

  /** Whether kinks have to be kept away from. */
  get smooth(): boolean {
    return this.purpose === "gradients";
  }

  /** A whole number from low to high. */
  int(low: number, high: number): number {
    return low + this.#stream.nextInt(high - low + 1);
  }

  from<T>(options: readonly T[]): T {
    return options[this.#stream.nextInt(options.length)]!;
  }

  flag(): boolean {
    return this.#stream.nextInt(2) === 1;
  }

  /** One of the options: for gradients in turn, so that after `combinations` trials none is left out. */
  each<T>(options: readonly T[]): T {
    if (this.purpose !== "gradients") return this.from(options);
    const choice = options[this.#rest % options.length]!;
    this.#rest = Math.floor(this.#rest / options.length);
    this.#combinations *= options.length;
    return choice;
  }

  /** In [low, high). */
  number(low: number, high: number): number {
    return low + (high - low) * this.#stream.nextFloat();
  }

  extent(): number {
    return this.int(0, 255) < LARGE_SHARE[this.purpose] ? this.from(LARGE) : this.from(SMALL);
  }

  /** Extents of so many axes; what is too large for a quick trial is drawn again. */
  extents(rank: number): number[] {
    for (;;) {
      const shape = Array.from({ length: rank }, () => this.extent());
      if (sizeOf(shape) <= MOST_ELEMENTS[this.purpose]) return shape;
    }
  }

  shape(least = 1, most = 3): number[] {
    return this.extents(this.int(least, most));
  }

  floats(n: number, spread: Spread = (u) => u): Float32Array {
    const values = Float32Array.from({ length: n }, (_, i) => spread(2 * this.#stream.nextFloat() - 1, i));
    if (this.purpose !== "gradients") this.#distort(values);
    return values;
  }

  /** 0 … n - 1 in random order. */
  shuffled(n: number): number[] {
    return this.#stream.shuffle(Array.from({ length: n }, (_, i) => i));
  }

  /** Leaves most tensors alone; scales some, puts special numbers into some, makes a few of any bit patterns. */
  #distort(values: Float32Array): void {
    const style = this.int(0, this.purpose === "bits" ? 15 : 31);
    if (style === 0) {
      const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < bits.length; i++) bits[i] = this.#stream.nextU32();
    } else if (style <= 2) {
      const scale = this.from([1e-42, 1e-30, 1e-6, 30, 1e4, 1e18, 1e37]);
      for (let i = 0; i < values.length; i++) values[i] = values[i]! * scale;
    } else if (style <= 5) {
      const share = this.from([2, 8, 64]);
      for (let i = 0; i < values.length; i++) if (this.#stream.nextInt(share) === 0) values[i] = this.from(SPECIAL);
    }
  }
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** scale·u, moved away from every kink by a sixth at least. */
export const away =
  (scale: number, ...kinks: readonly number[]): Spread =>
  (u) =>
    kinks.reduce((v, kink) => (Math.abs(v - kink) < 1 / 6 ? kink + (v < kink ? -1 : 1) * (1 / 6 + Math.abs(v - kink)) : v), scale * u);
