// f32_rnn_cell_fwd: Elman cell, h[r, j] = f(z[r, j]); f is tanh (mode 0) or relu (mode 1, NaN stays).
//   z [rows, H] dense; h has row stride ldh, and may be z when ldh = H.
// f32_rnn_cell_bwd: dz = (dh + dOut)·f'(h), f' = 1 - h·h, or 1 where h > 0 or NaN and else 0.
//   dz, dh [rows, H] dense, dz may be dh; dOut (0: absent) has row stride ldOut, h ldh. Gradients below 2^-100 become 0 (simd/tiny.ts).

import { f32_relu, f32_tanh } from "../elementwise/unary";
import { load4, store4 } from "../simd/tail";
import { flush4 } from "../simd/tiny";

export function f32_rnn_cell_fwd(h: usize, z: usize, rows: i32, hidden: i32, ldh: i32, mode: i32): void {
  for (; rows > 0; rows--) {
    if (mode == 0) f32_tanh(h, z, hidden);
    else f32_relu(h, z, hidden);
    h += (<usize>ldh) << 2;
    z += (<usize>hidden) << 2;
  }
}

function backward(full: bool, dz: usize, dh: usize, dOut: usize, h: usize, n: i32, mode: i32): void {
  let g = load4(full, dh, n);
  if (dOut) g = f32x4.add(g, load4(full, dOut, n));
  const v = load4(full, h, n);
  const d = mode == 0 ? f32x4.mul(g, f32x4.sub(f32x4.splat(1), f32x4.mul(v, v))) : v128.andnot(g, f32x4.le(v, f32x4.splat(0)));
  store4(full, dz, flush4(d), n);
}

export function f32_rnn_cell_bwd(
  dz: usize,
  dh: usize,
  dOut: usize,
  h: usize,
  rows: i32,
  hidden: i32,
  ldOut: i32,
  ldh: i32,
  mode: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const out = dOut ? dOut + ((<usize>r * <usize>ldOut) << 2) : 0;
    const state = h + ((<usize>r * <usize>ldh) << 2);
    let j = 0;
    for (; j + 4 <= hidden; j += 4) {
      const at = (<usize>j) << 2;
      inline.always(backward(true, dz + at, dh + at, out ? out + at : 0, state + at, 4, mode));
    }
    if (j < hidden) {
      const at = (<usize>j) << 2;
      inline.always(backward(false, dz + at, dh + at, out ? out + at : 0, state + at, hidden - j, mode));
    }
    dz += (<usize>hidden) << 2;
    dh += (<usize>hidden) << 2;
  }
}
