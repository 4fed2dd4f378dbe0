/** Seeded leaves and comparison with float64, for tests of layers. */
import { expect } from "vitest";
import { type Engine, type Tensor, tensor } from "../src/index.js";
import { randomFloats } from "./kernels/harness.js";

/** A persistent tensor of seeded values that wants a gradient. */
export function leafOf(engine: Engine, shape: readonly number[], seed: number, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const made = tensor(engine, randomFloats(size, seed, scale), shape);
  made.requiresGrad = true;
  return made;
}

/** Every element within `tolerance`; float32 results of values around 1 keep to a few millionths. */
export function close(got: ArrayLike<number>, want: ArrayLike<number>, what: string, tolerance = 4e-6): void {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    if (!(Math.abs(got[i]! - want[i]!) <= tolerance)) throw new Error(`${what}[${i}]: got ${got[i]}, wanted ${want[i]} ± ${tolerance}`);
  }
}
