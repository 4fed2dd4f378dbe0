// The GRU whose reset gate works before the product with W_hn (Cho et al. 2014), in two halves with that product between them; gates r z n.
//   gates [rows, 3H]; hPrev, h and dOut have row strides ldhPrev, ldh, ldOut; all others [rows, H] dense. dGates may not be gates.
// f32_gru_reset_fwd: r = s(gates_r), z = s(gates_z), OVERWRITTEN; rh = r·hPrev, which the product reads.
// f32_gru_blend_fwd: n = tanh(gates_n), the product included, OVERWRITTEN; h = (hPrev-n)·z + n; h may be hPrev when they agree.
// f32_gru_blend_bwd: with a = dh + dOut (0: absent):
//   dn = (a-a·z)·(1-n·n)   dz = (a·hPrev-a·n)·(z·(1-z))   dh = a·z; gates n and z of dGates are written.
// f32_gru_reset_bwd: from dRh = W_hn^T·dn, OVERWRITTEN by dRh·hPrev:   dr = dRh·hPrev·(r·(1-r))   dh += dRh·r; gate r of dGates is written.
// Gradients below 2^-100 become 0 (simd/tiny.ts), but what reset_bwd adds to dh.
// A row at a time by the elementwise kernels: it stays in the first cache, and the product beside it takes far longer.

import { f32_add_strided } from "../copy/strided";
import { f32_mul_add, f32_sigmoid_bwd, f32_tanh_bwd } from "../elementwise/backward";
import { f32_add, f32_mul, f32_sub } from "../elementwise/binary";
import { f32_sigmoid, f32_tanh } from "../elementwise/unary";
import { flushRow } from "../simd/tiny";

export function f32_gru_reset_fwd(rh: usize, gates: usize, hPrev: usize, rows: i32, hidden: i32, ldhPrev: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    f32_sigmoid(gates, gates, 2 * hidden);
    f32_mul(rh, gates, hPrev, hidden);
    rh += size;
    gates += 3 * size;
    hPrev += (<usize>ldhPrev) << 2;
  }
}

export function f32_gru_blend_fwd(h: usize, gates: usize, hPrev: usize, rows: i32, hidden: i32, ldh: i32, ldhPrev: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    const n = gates + 2 * size;
    f32_tanh(n, n, hidden);
    f32_sub(h, hPrev, n, hidden);
    f32_mul(h, h, gates + size, hidden);
    f32_add(h, h, n, hidden);
    h += (<usize>ldh) << 2;
    gates += 3 * size;
    hPrev += (<usize>ldhPrev) << 2;
  }
}

export function f32_gru_blend_bwd(
  dGates: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  hPrev: usize,
  rows: i32,
  hidden: i32,
  ldOut: i32,
  ldhPrev: i32,
): void {
  const size = (<usize>hidden) << 2;
  if (dOut) f32_add_strided(dh, dOut, rows, hidden, hidden, 1, ldOut, 1);
  for (; rows > 0; rows--) {
    const z = gates + size;
    const n = z + size;
    const dz = dGates + size;
    const dn = dz + size;
    f32_mul_add(dz, dh, hPrev, hidden, 1, 0);
    f32_mul_add(dz, dh, n, hidden, -1, 1);
    f32_sigmoid_bwd(dz, dz, z, hidden, 0);
    f32_mul_add(dn, dh, z, hidden, -1, 0);
    f32_add_strided(dn, dh, 1, hidden, hidden, 1, hidden, 1);
    f32_tanh_bwd(dn, dn, n, hidden, 0);
    f32_mul_add(dh, dh, z, hidden, 1, 0);
    flushRow(dz, 2 * hidden);
    flushRow(dh, hidden);
    dGates += 3 * size;
    gates += 3 * size;
    dh += size;
    hPrev += (<usize>ldhPrev) << 2;
  }
}

export function f32_gru_reset_bwd(
  dGates: usize,
  dh: usize,
  dRh: usize,
  gates: usize,
  hPrev: usize,
  rows: i32,
  hidden: i32,
  ldhPrev: i32,
): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    f32_mul_add(dh, dRh, gates, hidden, 1, 1);
    f32_mul_add(dRh, dRh, hPrev, hidden, 1, 0);
    f32_sigmoid_bwd(dGates, dRh, gates, hidden, 0);
    flushRow(dGates, hidden);
    dGates += 3 * size;
    gates += 3 * size;
    dh += size;
    dRh += size;
    hPrev += (<usize>ldhPrev) << 2;
  }
}
