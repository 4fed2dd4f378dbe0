// Gradients that go back through many steps shrink below what float32 holds in full (2^-126), where Intel's processors take some 150
// cycles an operation: a step of 200 time steps took 40 times as long as one of 100. Those below 2^-100 become 0, so that products with
// weights down to 2^-26 stay clear of it.
import { load4, store4 } from "./tail";

/** 2^-100. */
export const TINY: usize = memory.data<f32>([7.888609052210118e-31]);

/** The smallest number that float32 holds in full. */
export const NORMAL: f32 = 1.1754943508222875e-38;

/** v, or 0 where |v| < floor; a NaN stays. */
@inline
export function floor4(v: v128, floor: v128): v128 {
  return v128.andnot(v, f32x4.lt(f32x4.abs(v), floor));
}

/** Cuts n floats at 2^-100. */
export function flushRow(p: usize, n: i32): void {
  const tiny = v128.load32_splat(TINY);
  for (; n >= 4; n -= 4, p += 16) v128.store(p, floor4(v128.load(p), tiny));
  if (n > 0) store4(false, p, floor4(load4(false, p, n), tiny), n);
}
