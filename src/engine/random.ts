/**
 * Counter-based random streams, Threefry-2x32 with 20 rounds (Salmon et al. 2011). A stream is named by (seed, purpose, step, index),
 * so that nothing else that runs shifts it; the numbers are part of what a seed means and never change.
 */
import { ConfigError } from "../errors.js";

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** One block: two words of the counter under two words of key. */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0 | 0, key1 | 0, PARITY ^ key0 ^ key1];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    x = (x + y) | 0;
    const turn = ROTATIONS[round & 7]!;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if ((round & 3) === 3) {
      const injection = (round >> 2) + 1;
      x = (x + keys[injection % 3]!) | 0;
      y = (y + keys[(injection + 1) % 3]! + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

/** Key of the stream (seed, purpose, step, index): the seed enciphers (purpose, step's high word), that (step's low word, index). */
export function streamKey(seed: number, purpose: number, step: number, index: number): [number, number] {
  const high = (value: number) => Math.floor(value / 4294967296);
  const [a, b] = threefry2x32(seed >>> 0, high(seed), purpose, high(step));
  return threefry2x32(a, b, step >>> 0, index);
}

/** The words of block 0, 1, … under one key, one after the other. */
export class Stream {
  #block = 0;
  #spare: number | null = null;

  constructor(private readonly key: readonly [number, number]) {}

  /** Uniform over 0 … 2^32 - 1. */
  nextU32(): number {
    if (this.#spare !== null) {
      const word = this.#spare;
      this.#spare = null;
      return word;
    }
    const block = this.#block++;
    const [first, second] = threefry2x32(this.key[0], this.key[1], Math.floor(block / 4294967296), block >>> 0);
    this.#spare = second;
    return first;
  }

  /** Uniform in [0, 1), a multiple of 2^-24, as the kernel f32_uniform draws. */
  nextFloat(): number {
    return (this.nextU32() >>> 8) / 16777216;
  }

  /** Uniform over 0 … n - 1, without bias: words beyond the last full multiple of n are drawn anew. */
  nextInt(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 4294967296))
      throw new ConfigError(`Stream.nextInt: n ${n}, wants a whole number from 1 to 2^32`);
    const limit = 4294967296 - (4294967296 % n);
    for (;;) {
      const word = this.nextU32();
      if (word < limit) return word % n;
    }
  }

  /** Shuffles in place (Fisher and Yates) and returns the array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.nextInt(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}
