// f32_rnn_cell_fwd: Elman cell, h[r, j] = f(z[r, j]); f is tanh (mode 0) or relu (mode 1, NaN stays).
//   z [rows, H] dense; h has row stride ldh, and may be z when ldh = H.
// f32_rnn_cell_bwd: dz = (dh + dOut)·f'(h), f' = 1 - h·h, or 1 where h > 0 or NaN and else 0.
//   dz, dh [rows, H] dense, dz may be dh; dOut (0: absent) has row stride ldOut, h ldh. Gradients below 2^-100 become 0 (simd/tiny.ts).

import { f32_relu, f32_tanh } from "../elementwise/unary";
import { throughTanh4 } from "../simd/slopes";
import { load4, store4 } from "../simd/tail";
import { floor4, TINY } from "../simd/tiny";

export function f32_rnn_cell_fwd(h: usize, z: usize, rows: i32, hidden: i32, ldh: i32, mode: i32): void {
  for (; rows > 0; rows--) {
    if (mode == 0) f32_tanh(h, z, hidden);
    else f32_relu(h, z, hidden);
    h += (<usize>ldh) << 2;
    z += (<usize>hidden) << 2;
  }
}

function backward(full: bool, dz: usize, dh: usize, dOut: usize, h: usize, n: i32, mode: i32, one: v128, tiny: v128): void {
  let g = load4(full, dh, n);
  if (dOut) g = f32x4.add(g, load4(full, dOut, n));
  const v = load4(full, h, n);
  const d = mode == 0 ? throughTanh4(g, v, one) : v128.andnot(g, f32x4.le(v, f32x4.splat(0)));
  store4(full, dz, floor4(d, tiny), n);
}

/** As backward of eight cells: see lstm.ts. */
function backward8(dz: usize, dh: usize, dOut: usize, h: usize, mode: i32, one: v128, tiny: v128): void {
  let g0: v128;
  let g1: v128;
  if (dOut) {
    g0 = f32x4.add(v128.load(dh), v128.load(dOut));
    g1 = f32x4.add(v128.load(dh, 16), v128.load(dOut, 16));
  } else {
    g0 = v128.load(dh);
    g1 = v128.load(dh, 16);
  }
  const v0 = v128.load(h);
  const v1 = v128.load(h, 16);
  if (mode == 0) {
    g0 = throughTanh4(g0, v0, one);
    g1 = throughTanh4(g1, v1, one);
  } else {
    g0 = v128.andnot(g0, f32x4.le(v0, f32x4.splat(0)));
    g1 = v128.andnot(g1, f32x4.le(v1, f32x4.splat(0)));
  }
  g0 = floor4(g0, tiny);
  g1 = floor4(g1, tiny);
  v128.store(dz, g0);
  v128.store(dz, g1, 16);
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
  const one = f32x4.splat(1);
  const tiny = v128.load32_splat(TINY);
  for (let r = 0; r < rows; r++) {
    const out = dOut ? dOut + ((<usize>r * <usize>ldOut) << 2) : 0;
    const state = h + ((<usize>r * <usize>ldh) << 2);
    let j = 0;
    for (; j + 8 <= hidden; j += 8) {
      const at = (<usize>j) << 2;
      inline.always(backward8(dz + at, dh + at, out ? out + at : 0, state + at, mode, one, tiny));
    }
    for (; j < hidden; j += 4) {
      const at = (<usize>j) << 2;
      const left = hidden - j;
      inline.always(backward(left >= 4, dz + at, dh + at, out ? out + at : 0, state + at, left, mode, one, tiny));
    }
    dz += (<usize>hidden) << 2;
    dh += (<usize>hidden) << 2;
  }
}
