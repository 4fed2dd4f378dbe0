// f32_gru_cell_fwd: one time step, gates r z n, reset after the product (PyTorch).
//   r = s(gates_r);  z = s(gates_z);  n = tanh(gates_n + r·hn);  h = (1-z)·n + z·hPrev
//   gates [rows, 3H] pre-activations (of n the input part only), OVERWRITTEN by r, z, n; hn [rows, H] = W_hn·hPrev + b_hn, kept;
//   h and hPrev have row strides ldh and ldhPrev; h may be hPrev when they agree.
// f32_gru_cell_bwd: with a = dh + dOut (0: absent, row stride ldOut):
//   dn = a·(1-z)·(1-n·n)   dr = dn·hn·(r·(1-r))   dz = a·(hPrev-n)·(z·(1-z))   dHn = dn·r   dh = a·z
//   dGates [rows, 3H], may be gates; dHn [rows, H], may be hn; dh [rows, H] is read and overwritten by its direct part to hPrev.
//   Gradients below 2^-100 become 0 (simd/tiny.ts).

import { f32_sigmoid, f32_tanh } from "../elementwise/unary";
import { throughSigmoid4, throughTanh4 } from "../simd/slopes";
import { load4, store4 } from "../simd/tail";
import { floor4, TINY } from "../simd/tiny";

function candidate(full: bool, gates: usize, hn: usize, size: usize, n: i32): void {
  const reset = f32x4.mul(load4(full, gates, n), load4(full, hn, n));
  store4(full, gates + 2 * size, f32x4.add(load4(full, gates + 2 * size, n), reset), n);
}

function blend(full: bool, h: usize, gates: usize, hPrev: usize, size: usize, n: i32): void {
  const update = load4(full, gates + size, n);
  const kept = f32x4.mul(update, load4(full, hPrev, n));
  store4(full, h, f32x4.add(f32x4.mul(f32x4.sub(f32x4.splat(1), update), load4(full, gates + 2 * size, n)), kept), n);
}

// A row at a time, function by function: see lstm.ts.
export function f32_gru_cell_fwd(h: usize, gates: usize, hn: usize, hPrev: usize, rows: i32, hidden: i32, ldh: i32, ldhPrev: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    f32_sigmoid(gates, gates, 2 * hidden);
    let at: usize = 0;
    for (; at + 16 <= size; at += 16) inline.always(candidate(true, gates + at, hn + at, size, 4));
    if (at < size) inline.always(candidate(false, gates + at, hn + at, size, hidden & 3));
    f32_tanh(gates + 2 * size, gates + 2 * size, hidden);
    for (at = 0; at + 16 <= size; at += 16) inline.always(blend(true, h + at, gates + at, hPrev + at, size, 4));
    if (at < size) inline.always(blend(false, h + at, gates + at, hPrev + at, size, hidden & 3));
    h += (<usize>ldh) << 2;
    gates += 3 * size;
    hn += size;
    hPrev += (<usize>ldhPrev) << 2;
  }
}

function backward(
  full: bool,
  dGates: usize,
  dHn: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  hn: usize,
  hPrev: usize,
  size: usize,
  n: i32,
  one: v128,
  tiny: v128,
): void {
  let a = load4(full, dh, n);
  if (dOut) a = f32x4.add(a, load4(full, dOut, n));
  const r = load4(full, gates, n);
  const z = load4(full, gates + size, n);
  const fresh = load4(full, gates + 2 * size, n);
  const dn = floor4(throughTanh4(f32x4.mul(a, f32x4.sub(one, z)), fresh, one), tiny);
  store4(full, dGates, throughSigmoid4(dn, load4(full, hn, n), r, one, tiny), n);
  store4(full, dGates + size, throughSigmoid4(a, f32x4.sub(load4(full, hPrev, n), fresh), z, one, tiny), n);
  store4(full, dGates + 2 * size, dn, n);
  store4(full, dHn, floor4(f32x4.mul(dn, r), tiny), n);
  store4(full, dh, floor4(f32x4.mul(a, z), tiny), n);
}

/** As backward of eight cells: see lstm.ts. */
function backward8(
  dGates: usize,
  dHn: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  hn: usize,
  hPrev: usize,
  size: usize,
  one: v128,
  tiny: v128,
): void {
  let a0: v128;
  let a1: v128;
  if (dOut) {
    a0 = f32x4.add(v128.load(dh), v128.load(dOut));
    a1 = f32x4.add(v128.load(dh, 16), v128.load(dOut, 16));
  } else {
    a0 = v128.load(dh);
    a1 = v128.load(dh, 16);
  }
  const z0 = v128.load(gates + size);
  const z1 = v128.load(gates + size, 16);
  const dh0 = floor4(f32x4.mul(a0, z0), tiny);
  const dh1 = floor4(f32x4.mul(a1, z1), tiny);
  v128.store(dh, dh0);
  v128.store(dh, dh1, 16);
  const fresh0 = v128.load(gates + 2 * size);
  const fresh1 = v128.load(gates + 2 * size, 16);
  const dz0 = throughSigmoid4(a0, f32x4.sub(v128.load(hPrev), fresh0), z0, one, tiny);
  const dz1 = throughSigmoid4(a1, f32x4.sub(v128.load(hPrev, 16), fresh1), z1, one, tiny);
  const dn0 = floor4(throughTanh4(f32x4.mul(a0, f32x4.sub(one, z0)), fresh0, one), tiny);
  const dn1 = floor4(throughTanh4(f32x4.mul(a1, f32x4.sub(one, z1)), fresh1, one), tiny);
  v128.store(dGates + size, dz0);
  v128.store(dGates + size, dz1, 16);
  v128.store(dGates + 2 * size, dn0);
  v128.store(dGates + 2 * size, dn1, 16);
  const r0 = v128.load(gates);
  const r1 = v128.load(gates, 16);
  const dr0 = throughSigmoid4(dn0, v128.load(hn), r0, one, tiny);
  const dr1 = throughSigmoid4(dn1, v128.load(hn, 16), r1, one, tiny);
  const dHn0 = floor4(f32x4.mul(dn0, r0), tiny);
  const dHn1 = floor4(f32x4.mul(dn1, r1), tiny);
  v128.store(dGates, dr0);
  v128.store(dGates, dr1, 16);
  v128.store(dHn, dHn0);
  v128.store(dHn, dHn1, 16);
}

export function f32_gru_cell_bwd(
  dGates: usize,
  dHn: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  hn: usize,
  hPrev: usize,
  rows: i32,
  hidden: i32,
  ldOut: i32,
  ldhPrev: i32,
): void {
  const size = (<usize>hidden) << 2;
  const one = f32x4.splat(1);
  const tiny = v128.load32_splat(TINY);
  for (; rows > 0; rows--) {
    let j = 0;
    for (; j + 8 <= hidden; j += 8) {
      const k = (<usize>j) << 2;
      inline.always(backward8(dGates + k, dHn + k, dh + k, dOut ? dOut + k : 0, gates + k, hn + k, hPrev + k, size, one, tiny));
    }
    for (; j < hidden; j += 4) {
      const k = (<usize>j) << 2;
      const left = hidden - j;
      inline.always(
        backward(left >= 4, dGates + k, dHn + k, dh + k, dOut ? dOut + k : 0, gates + k, hn + k, hPrev + k, size, left, one, tiny),
      );
    }
    dGates += 3 * size;
    gates += 3 * size;
    dHn += size;
    hn += size;
    dh += size;
    if (dOut) dOut += (<usize>ldOut) << 2;
    hPrev += (<usize>ldhPrev) << 2;
  }
}
