// Gradients through the gates of a cell, 0 below `tiny` (tiny.ts). `one` is 1 in every lane.
import { floor4 } from "./tiny";

/** (x·y)·s': of a gate s = sigmoid(z), s' = s·(1 - s). */
@inline
export function throughSigmoid4(x: v128, y: v128, s: v128, one: v128, tiny: v128): v128 {
  return floor4(f32x4.mul(f32x4.mul(x, y), f32x4.mul(s, f32x4.sub(one, s))), tiny);
}

/** x·t' of t = tanh(z), t' = 1 - t·t. */
@inline
export function throughTanh4(x: v128, t: v128, one: v128): v128 {
  return f32x4.mul(x, f32x4.sub(one, f32x4.mul(t, t)));
}
