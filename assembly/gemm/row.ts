// Single rows of a product. An element's chain is that of the tiles (tile.ts), so the bits are the same; the loop over panels is in parts as theirs.
import { madd } from "../simd/madd";
import { load4, loadTail, store4, storeTail } from "../simd/tail";
import { fence } from "./fence";

/** Four columns (or n, when `full` is false) of streamRow: y += x0·b0 + x1·b1 + x2·b2 + x3·b3, rows `step` bytes apart. */
function stream4(full: bool, y: usize, b: usize, step: usize, n: i32, x0: v128, x1: v128, x2: v128, x3: v128): void {
  let r = madd(x0, load4(full, b, n), load4(full, y, n));
  r = madd(x1, load4(full, b + step, n), r);
  r = madd(x2, load4(full, b + 2 * step, n), r);
  r = madd(x3, load4(full, b + 3 * step, n), r);
  store4(full, y, r, n);
}

/**
 * One row over B as it lies: y [n] += a·B, B [k, n] with rows `step` bytes apart, a's elements `stepA` bytes apart. Four rows of B a pass, so
 * that y is read and written once for four products; an element's chain is that of the tile. Nothing is packed for a single use.
 */
export function streamRow(n: i32, k: i32, a: usize, stepA: usize, b: usize, step: usize, y: usize): void {
  for (; k >= 4; k -= 4) {
    const x0 = v128.load32_splat(a);
    const x1 = v128.load32_splat(a + stepA);
    const x2 = v128.load32_splat(a + 2 * stepA);
    const x3 = v128.load32_splat(a + 3 * stepA);
    let j: usize = 0;
    const end = (<usize>(n & ~3)) << 2;
    for (; j < end; j += 16) inline.always(stream4(true, y + j, b + j, step, 4, x0, x1, x2, x3));
    if (n & 3) inline.always(stream4(false, y + j, b + j, step, n & 3, x0, x1, x2, x3));
    a += 4 * stepA;
    b += 4 * step;
  }
  for (; k > 0; k--, a += stepA, b += step) {
    const x = v128.load32_splat(a);
    for (let j = 0; j < n; j += 4) {
      const at = (<usize>j) << 2;
      const left = min(4, n - j);
      const r = left == 4 ? madd(x, v128.load(b + at), v128.load(y + at)) : madd(x, loadTail(b + at, left), loadTail(y + at, left));
      if (left == 4) v128.store(y + at, r);
      else storeTail(y + at, r, left);
    }
  }
}

/**
 * One row over panels that lie `panel` bytes apart: y [8·panels] = beta·(what is at `seed`, or y where that is 0) + a·B, k >= 1. `panels`, 1, 3,
 * 4 or 6, and `fenced` are constants at every call.
 * In the baseline build four are 8 loads beside 8 accumulators, more than the registers: k 128, n 512, GFLOP/s, medians on Node 20 by
 * parts of 1, 2, 4: two panels 19.9, 22.0, 22.3; three 21.8, 22.6, 24.8; four 19.6, 21.2, 21.0; six 13.7, 17.0, 15.8.
 */
function row(panels: i32, fenced: bool, k: i32, a: usize, b: usize, panel: usize, y: usize, seed: usize, beta: f32): void {
  let b1 = b + panel;
  let b2 = b1 + panel;
  let b3 = b2 + panel;
  let b4 = b3 + panel;
  let b5 = b4 + panel;
  const from = seed ? seed : y;
  const s = f32x4.splat(beta);
  const none = f32x4.splat(0);
  let r0 = f32x4.mul(v128.load(from), s);
  let r1 = f32x4.mul(v128.load(from, 16), s);
  let r2 = panels > 1 ? f32x4.mul(v128.load(from, 32), s) : none;
  let r3 = panels > 1 ? f32x4.mul(v128.load(from, 48), s) : none;
  let r4 = panels > 1 ? f32x4.mul(v128.load(from, 64), s) : none;
  let r5 = panels > 1 ? f32x4.mul(v128.load(from, 80), s) : none;
  let r6 = panels > 3 ? f32x4.mul(v128.load(from, 96), s) : none;
  let r7 = panels > 3 ? f32x4.mul(v128.load(from, 112), s) : none;
  let r8 = panels > 4 ? f32x4.mul(v128.load(from, 128), s) : none;
  let r9 = panels > 4 ? f32x4.mul(v128.load(from, 144), s) : none;
  let r10 = panels > 4 ? f32x4.mul(v128.load(from, 160), s) : none;
  let r11 = panels > 4 ? f32x4.mul(v128.load(from, 176), s) : none;
  let x: v128;
  for (;;) {
    x = v128.load32_splat(a);
    r0 = madd(x, v128.load(b), r0);
    r1 = madd(x, v128.load(b, 16), r1);
    if (panels > 1) {
      r2 = madd(x, v128.load(b1), r2);
      r3 = madd(x, v128.load(b1, 16), r3);
      r4 = madd(x, v128.load(b2), r4);
      r5 = madd(x, v128.load(b2, 16), r5);
    }
    if (panels > 3) {
      r6 = madd(x, v128.load(b3), r6);
      r7 = madd(x, v128.load(b3, 16), r7);
    }
    if (panels > 4) {
      r8 = madd(x, v128.load(b4), r8);
      r9 = madd(x, v128.load(b4, 16), r9);
      r10 = madd(x, v128.load(b5), r10);
      r11 = madd(x, v128.load(b5, 16), r11);
    }
    if (--k == 0) break;
    inline.always(fence(fenced, k, y));
    x = v128.load32_splat(a, 4);
    r0 = madd(x, v128.load(b, 32), r0);
    r1 = madd(x, v128.load(b, 48), r1);
    if (panels > 1) {
      r2 = madd(x, v128.load(b1, 32), r2);
      r3 = madd(x, v128.load(b1, 48), r3);
      r4 = madd(x, v128.load(b2, 32), r4);
      r5 = madd(x, v128.load(b2, 48), r5);
    }
    if (panels > 3) {
      r6 = madd(x, v128.load(b3, 32), r6);
      r7 = madd(x, v128.load(b3, 48), r7);
    }
    if (panels > 4) {
      r8 = madd(x, v128.load(b4, 32), r8);
      r9 = madd(x, v128.load(b4, 48), r9);
      r10 = madd(x, v128.load(b5, 32), r10);
      r11 = madd(x, v128.load(b5, 48), r11);
    }
    if (--k == 0) break;
    // Two sums wait for one another: two parts are enough.
    if (panels > 1) {
      inline.always(fence(fenced, k, y));
      x = v128.load32_splat(a, 8);
      r0 = madd(x, v128.load(b, 64), r0);
      r1 = madd(x, v128.load(b, 80), r1);
      r2 = madd(x, v128.load(b1, 64), r2);
      r3 = madd(x, v128.load(b1, 80), r3);
      r4 = madd(x, v128.load(b2, 64), r4);
      r5 = madd(x, v128.load(b2, 80), r5);
      if (panels > 3) {
        r6 = madd(x, v128.load(b3, 64), r6);
        r7 = madd(x, v128.load(b3, 80), r7);
      }
      if (panels > 4) {
        r8 = madd(x, v128.load(b4, 64), r8);
        r9 = madd(x, v128.load(b4, 80), r9);
        r10 = madd(x, v128.load(b5, 64), r10);
        r11 = madd(x, v128.load(b5, 80), r11);
      }
      if (--k == 0) break;
      inline.always(fence(fenced, k, y));
      x = v128.load32_splat(a, 12);
      r0 = madd(x, v128.load(b, 96), r0);
      r1 = madd(x, v128.load(b, 112), r1);
      r2 = madd(x, v128.load(b1, 96), r2);
      r3 = madd(x, v128.load(b1, 112), r3);
      r4 = madd(x, v128.load(b2, 96), r4);
      r5 = madd(x, v128.load(b2, 112), r5);
      if (panels > 3) {
        r6 = madd(x, v128.load(b3, 96), r6);
        r7 = madd(x, v128.load(b3, 112), r7);
      }
      if (panels > 4) {
        r8 = madd(x, v128.load(b4, 96), r8);
        r9 = madd(x, v128.load(b4, 112), r9);
        r10 = madd(x, v128.load(b5, 96), r10);
        r11 = madd(x, v128.load(b5, 112), r11);
      }
      if (--k == 0) break;
    }
    a += panels > 1 ? 16 : 8;
    b += panels > 1 ? 128 : 64;
    if (panels > 1) {
      b1 += 128;
      b2 += 128;
    }
    if (panels > 3) {
      b3 += 128;
    }
    if (panels > 4) {
      b4 += 128;
      b5 += 128;
    }
  }
  v128.store(y, r0);
  v128.store(y, r1, 16);
  if (panels > 1) {
    v128.store(y, r2, 32);
    v128.store(y, r3, 48);
    v128.store(y, r4, 64);
    v128.store(y, r5, 80);
  }
  if (panels > 3) {
    v128.store(y, r6, 96);
    v128.store(y, r7, 112);
  }
  if (panels > 4) {
    v128.store(y, r8, 128);
    v128.store(y, r9, 144);
    v128.store(y, r10, 160);
    v128.store(y, r11, 176);
  }
}

export function row8(k: i32, a: usize, b: usize, y: usize, seed: usize, beta: f32): void {
  inline.always(row(1, false, k, a, b, 0, y, seed, beta));
}

export function row24(k: i32, a: usize, b: usize, panel: usize, y: usize, seed: usize, beta: f32): void {
  inline.always(row(3, false, k, a, b, panel, y, seed, beta));
}

export function row32(k: i32, a: usize, b: usize, panel: usize, y: usize, seed: usize, beta: f32): void {
  inline.always(row(4, false, k, a, b, panel, y, seed, beta));
}

export function row32Fenced(k: i32, a: usize, b: usize, panel: usize, y: usize, seed: usize, beta: f32): void {
  inline.always(row(4, true, k, a, b, panel, y, seed, beta));
}

export function row48(k: i32, a: usize, b: usize, panel: usize, y: usize, seed: usize, beta: f32): void {
  inline.always(row(6, false, k, a, b, panel, y, seed, beta));
}
