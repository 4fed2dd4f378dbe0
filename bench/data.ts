/** Seeded data, described by a few numbers so that every system, in whatever language, makes the same. */

export interface ArraySpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly seed: number;
  /** Uniform in [-scale, scale). Default 1. */
  readonly scale?: number;
  /** Whole numbers from 0 to below - 1 instead (i32). */
  readonly below?: number;
}

/** Seeded uniform numbers in [-1, 1): mulberry32, whose state after i numbers is seed + i·0x6d2b79f5. */
export function numbers(count: number, seed: number): Float32Array {
  let a = seed;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    values[i] = ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  }
  return values;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** The float32 values of an array. */
export function floats({ shape, seed, scale = 1 }: ArraySpec): Float32Array {
  const values = numbers(sizeOf(shape), seed);
  return scale === 1 ? values : values.map((value) => value * scale);
}

/** The whole numbers of an array: (u + 1)/2·below, rounded down, from the float32 u. */
export function integers({ shape, seed, below = 2 }: ArraySpec): Int32Array {
  return Int32Array.from(numbers(sizeOf(shape), seed), (u) => Math.min(below - 1, Math.floor(((u + 1) / 2) * below)));
}

/** The arrays of a row by name. */
export function arraysOf(specs: readonly ArraySpec[]): ReadonlyMap<string, Float32Array | Int32Array> {
  return new Map(specs.map((spec) => [spec.name, spec.below === undefined ? floats(spec) : integers(spec)]));
}

const SAMPLE = 1000;

/** At most about a thousand values, evenly strided: what results are compared by. */
export function sample(values: ArrayLike<number>): number[] {
  const stride = Math.ceil(values.length / SAMPLE);
  return Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]!);
}
