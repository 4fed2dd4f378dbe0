// The gradient that every update starts from; see optim.ts.

import { load4 } from "../simd/tail";

/** g, negated when maximize, plus decay·value when `decays`; `decay` is splatted. */
export function gradient4(full: bool, g: usize, n: i32, value: v128, decay: v128, decays: bool, maximize: bool): v128 {
  let grad = load4(full, g, n);
  if (maximize) grad = f32x4.neg(grad);
  return decays ? f32x4.add(grad, f32x4.mul(decay, value)) : grad;
}
