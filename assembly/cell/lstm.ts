// f32_lstm_cell_fwd: one time step, gates i f g o.  c = s(f)·cPrev + s(i)·tanh(g);  h = s(o)·tanh(c)
//   gates [rows, 4H] pre-activations, OVERWRITTEN by the activated gates, which the backward pass reads.
//   c, tanhC (0: not kept), cPrev [rows, H] dense; c may be cPrev where no backward pass follows; h has row stride ldh.
// f32_lstm_cell_bwd: with a = dh + dOut (0: absent, row stride ldOut) and dc' = dc + (a·o)·(1 - tanhC·tanhC):
//   di = dc'·g·(i·(1-i))   df = dc'·cPrev·(f·(1-f))   dg = dc'·i·(1-g·g)   do = a·tanhC·(o·(1-o))   dc = dc'·f
//   dGates [rows, 4H] gradients of the pre-activations, may be gates; dc [rows, H] is read and overwritten; dh [rows, H]. Gradients below
//   2^-100 become 0 (simd/tiny.ts).
// Forward a row at a time, function by function: all of a cell at once has more values alive than registers (32 x 256 cells, Node 24,
// relaxed: 66 µs instead of 87).

import { f32_mul } from "../elementwise/binary";
import { f32_sigmoid, f32_tanh } from "../elementwise/unary";
import { throughSigmoid4, throughTanh4 } from "../simd/slopes";
import { load4, store4 } from "../simd/tail";
import { floor4, TINY } from "../simd/tiny";

function remember(full: bool, c: usize, gates: usize, cPrev: usize, size: usize, n: i32): void {
  const kept = f32x4.mul(load4(full, gates + size, n), load4(full, cPrev, n));
  store4(full, c, f32x4.add(kept, f32x4.mul(load4(full, gates, n), load4(full, gates + 2 * size, n))), n);
}

export function f32_lstm_cell_fwd(h: usize, c: usize, tanhC: usize, gates: usize, cPrev: usize, rows: i32, hidden: i32, ldh: i32): void {
  const size = (<usize>hidden) << 2;
  for (; rows > 0; rows--) {
    f32_sigmoid(gates, gates, 2 * hidden);
    f32_tanh(gates + 2 * size, gates + 2 * size, hidden);
    f32_sigmoid(gates + 3 * size, gates + 3 * size, hidden);
    let at: usize = 0;
    for (; at + 16 <= size; at += 16) inline.always(remember(true, c + at, gates + at, cPrev + at, size, 4));
    if (at < size) inline.always(remember(false, c + at, gates + at, cPrev + at, size, hidden & 3));
    const squashed = tanhC ? tanhC : h;
    f32_tanh(squashed, c, hidden);
    f32_mul(h, gates + 3 * size, squashed, hidden);
    h += (<usize>ldh) << 2;
    c += size;
    if (tanhC) tanhC += size;
    gates += 4 * size;
    cPrev += size;
  }
}

function backward(
  full: bool,
  dGates: usize,
  dc: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  cPrev: usize,
  tanhC: usize,
  size: usize,
  n: i32,
  one: v128,
  tiny: v128,
): void {
  let a = load4(full, dh, n);
  if (dOut) a = f32x4.add(a, load4(full, dOut, n));
  const i = load4(full, gates, n);
  const f = load4(full, gates + size, n);
  const g = load4(full, gates + 2 * size, n);
  const o = load4(full, gates + 3 * size, n);
  const t = load4(full, tanhC, n);
  const d = f32x4.add(load4(full, dc, n), throughTanh4(f32x4.mul(a, o), t, one));
  store4(full, dGates, throughSigmoid4(d, g, i, one, tiny), n);
  store4(full, dGates + size, throughSigmoid4(d, load4(full, cPrev, n), f, one, tiny), n);
  store4(full, dGates + 2 * size, floor4(throughTanh4(f32x4.mul(d, i), g, one), tiny), n);
  store4(full, dGates + 3 * size, throughSigmoid4(a, t, o, one, tiny), n);
  store4(full, dc, floor4(f32x4.mul(d, f), tiny), n);
}

/**
 * As backward of eight cells, neighbours side by side and few values alive at a time: 32 x 128 cells 1.2 to 1.5 times as fast as four by four
 * (Node 24, Node 20 and 22), and 1.5 times where V8 joins neighbours.
 */
function backward8(
  dGates: usize,
  dc: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  cPrev: usize,
  tanhC: usize,
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
  const t0 = v128.load(tanhC);
  const t1 = v128.load(tanhC, 16);
  const o0 = v128.load(gates + 3 * size);
  const o1 = v128.load(gates + 3 * size, 16);
  const do0 = throughSigmoid4(a0, t0, o0, one, tiny);
  const do1 = throughSigmoid4(a1, t1, o1, one, tiny);
  v128.store(dGates + 3 * size, do0);
  v128.store(dGates + 3 * size, do1, 16);
  const d0 = f32x4.add(v128.load(dc), throughTanh4(f32x4.mul(a0, o0), t0, one));
  const d1 = f32x4.add(v128.load(dc, 16), throughTanh4(f32x4.mul(a1, o1), t1, one));
  const i0 = v128.load(gates);
  const i1 = v128.load(gates, 16);
  const g0 = v128.load(gates + 2 * size);
  const g1 = v128.load(gates + 2 * size, 16);
  const di0 = throughSigmoid4(d0, g0, i0, one, tiny);
  const di1 = throughSigmoid4(d1, g1, i1, one, tiny);
  const dg0 = floor4(throughTanh4(f32x4.mul(d0, i0), g0, one), tiny);
  const dg1 = floor4(throughTanh4(f32x4.mul(d1, i1), g1, one), tiny);
  v128.store(dGates, di0);
  v128.store(dGates, di1, 16);
  v128.store(dGates + 2 * size, dg0);
  v128.store(dGates + 2 * size, dg1, 16);
  const f0 = v128.load(gates + size);
  const f1 = v128.load(gates + size, 16);
  const df0 = throughSigmoid4(d0, v128.load(cPrev), f0, one, tiny);
  const df1 = throughSigmoid4(d1, v128.load(cPrev, 16), f1, one, tiny);
  const dc0 = floor4(f32x4.mul(d0, f0), tiny);
  const dc1 = floor4(f32x4.mul(d1, f1), tiny);
  v128.store(dGates + size, df0);
  v128.store(dGates + size, df1, 16);
  v128.store(dc, dc0);
  v128.store(dc, dc1, 16);
}

export function f32_lstm_cell_bwd(
  dGates: usize,
  dc: usize,
  dh: usize,
  dOut: usize,
  gates: usize,
  cPrev: usize,
  tanhC: usize,
  rows: i32,
  hidden: i32,
  ldOut: i32,
): void {
  const size = (<usize>hidden) << 2;
  const one = f32x4.splat(1);
  const tiny = v128.load32_splat(TINY);
  for (; rows > 0; rows--) {
    let j = 0;
    for (; j + 8 <= hidden; j += 8) {
      const k = (<usize>j) << 2;
      inline.always(backward8(dGates + k, dc + k, dh + k, dOut ? dOut + k : 0, gates + k, cPrev + k, tanhC + k, size, one, tiny));
    }
    for (; j < hidden; j += 4) {
      const k = (<usize>j) << 2;
      const left = hidden - j;
      inline.always(
        backward(left >= 4, dGates + k, dc + k, dh + k, dOut ? dOut + k : 0, gates + k, cPrev + k, tanhC + k, size, left, one, tiny),
      );
    }
    dGates += 4 * size;
    gates += 4 * size;
    dc += size;
    dh += size;
    cPrev += size;
    tanhC += size;
    if (dOut) dOut += (<usize>ldOut) << 2;
  }
}
