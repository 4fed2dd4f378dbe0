// The inner products: accumulators are seeded with beta·C before the loop (added afterwards, V8 spills one of them), and get one
// product after the other for k = 0, 1, …: the same chain, so the same bits, in the 4x8 tile and in the one-row form.
//
// The loops are unrolled by k with a way out after every part. V8 of Node 20 moves all loads of a basic block to its top, so that a part
// must need no more than its 15 registers (tile: 8 accumulators, 4 broadcasts, 2 vectors, a scratch), and checks for interrupts once
// a turn: parts that end in a branch stay blocks of their own, where plain unrolling joins their loads and spills. Four parts against one,
// tile over k = 256, GFLOP/s at a ceiling of 58: Node 20 54 (46), Node 22 55 (56), Node 24 54 (54), Deno 2.9 51 (42), Bun 1.4 45 (45).
import { madd } from "../simd/madd";
import { load4, loadTail, store4, storeTail } from "../simd/tail";

/** C [4, 8] = beta·C + A·B, A row-major, B a packed panel, k >= 1; lda and ldc in bytes. */
export function tile4x8(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, beta: f32): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  let r00 = f32x4.splat(0);
  let r01 = r00;
  let r10 = r00;
  let r11 = r00;
  let r20 = r00;
  let r21 = r00;
  let r30 = r00;
  let r31 = r00;
  if (beta != 0) {
    const s = f32x4.splat(beta);
    r00 = f32x4.mul(v128.load(c), s);
    r01 = f32x4.mul(v128.load(c, 16), s);
    r10 = f32x4.mul(v128.load(c1), s);
    r11 = f32x4.mul(v128.load(c1, 16), s);
    r20 = f32x4.mul(v128.load(c2), s);
    r21 = f32x4.mul(v128.load(c2, 16), s);
    r30 = f32x4.mul(v128.load(c3), s);
    r31 = f32x4.mul(v128.load(c3, 16), s);
  }
  let b0: v128;
  let b1: v128;
  let x: v128;
  for (;;) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    x = v128.load32_splat(a1);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    x = v128.load32_splat(a2);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    x = v128.load32_splat(a3);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (--k == 0) break;
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load32_splat(a, 4);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    x = v128.load32_splat(a1, 4);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    x = v128.load32_splat(a2, 4);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    x = v128.load32_splat(a3, 4);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (--k == 0) break;
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    x = v128.load32_splat(a, 8);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    x = v128.load32_splat(a1, 8);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    x = v128.load32_splat(a2, 8);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    x = v128.load32_splat(a3, 8);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (--k == 0) break;
    b0 = v128.load(b, 96);
    b1 = v128.load(b, 112);
    x = v128.load32_splat(a, 12);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    x = v128.load32_splat(a1, 12);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    x = v128.load32_splat(a2, 12);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    x = v128.load32_splat(a3, 12);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (--k == 0) break;
    a += 16;
    a1 += 16;
    a2 += 16;
    a3 += 16;
    b += 128;
  }
  v128.store(c, r00);
  v128.store(c, r01, 16);
  v128.store(c1, r10);
  v128.store(c1, r11, 16);
  v128.store(c2, r20);
  v128.store(c2, r21, 16);
  v128.store(c3, r30);
  v128.store(c3, r31, 16);
}

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

/** One row: y [8] = beta·y + a·B over one panel, k >= 1. */
export function row8(k: i32, a: usize, b: usize, y: usize, beta: f32): void {
  let r0 = f32x4.splat(0);
  let r1 = r0;
  if (beta != 0) {
    const s = f32x4.splat(beta);
    r0 = f32x4.mul(v128.load(y), s);
    r1 = f32x4.mul(v128.load(y, 16), s);
  }
  do {
    const x = v128.load32_splat(a);
    r0 = madd(x, v128.load(b), r0);
    r1 = madd(x, v128.load(b, 16), r1);
    a += 4;
    b += 32;
  } while (--k);
  v128.store(y, r0);
  v128.store(y, r1, 16);
}

/**
 * One row over three panels that lie `panel` bytes apart: y [24] = beta·y + a·B, k >= 1. Four panels are 8 loads beside 8
 * accumulators, more than the registers: k 128, n 512, GFLOP/s, medians on Node 20 by parts of 1, 2, 4: two panels 19.9, 22.0, 22.3; three
 * 21.8, 22.6, 24.8; four 19.6, 21.2, 21.0; six 13.7, 17.0, 15.8.
 */
export function row24(k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
  let b1 = b + panel;
  let b2 = b1 + panel;
  let r0 = f32x4.splat(0);
  let r1 = r0;
  let r2 = r0;
  let r3 = r0;
  let r4 = r0;
  let r5 = r0;
  if (beta != 0) {
    const s = f32x4.splat(beta);
    r0 = f32x4.mul(v128.load(y), s);
    r1 = f32x4.mul(v128.load(y, 16), s);
    r2 = f32x4.mul(v128.load(y, 32), s);
    r3 = f32x4.mul(v128.load(y, 48), s);
    r4 = f32x4.mul(v128.load(y, 64), s);
    r5 = f32x4.mul(v128.load(y, 80), s);
  }
  let x: v128;
  for (;;) {
    x = v128.load32_splat(a);
    r0 = madd(x, v128.load(b), r0);
    r1 = madd(x, v128.load(b, 16), r1);
    r2 = madd(x, v128.load(b1), r2);
    r3 = madd(x, v128.load(b1, 16), r3);
    r4 = madd(x, v128.load(b2), r4);
    r5 = madd(x, v128.load(b2, 16), r5);
    if (--k == 0) break;
    x = v128.load32_splat(a, 4);
    r0 = madd(x, v128.load(b, 32), r0);
    r1 = madd(x, v128.load(b, 48), r1);
    r2 = madd(x, v128.load(b1, 32), r2);
    r3 = madd(x, v128.load(b1, 48), r3);
    r4 = madd(x, v128.load(b2, 32), r4);
    r5 = madd(x, v128.load(b2, 48), r5);
    if (--k == 0) break;
    x = v128.load32_splat(a, 8);
    r0 = madd(x, v128.load(b, 64), r0);
    r1 = madd(x, v128.load(b, 80), r1);
    r2 = madd(x, v128.load(b1, 64), r2);
    r3 = madd(x, v128.load(b1, 80), r3);
    r4 = madd(x, v128.load(b2, 64), r4);
    r5 = madd(x, v128.load(b2, 80), r5);
    if (--k == 0) break;
    x = v128.load32_splat(a, 12);
    r0 = madd(x, v128.load(b, 96), r0);
    r1 = madd(x, v128.load(b, 112), r1);
    r2 = madd(x, v128.load(b1, 96), r2);
    r3 = madd(x, v128.load(b1, 112), r3);
    r4 = madd(x, v128.load(b2, 96), r4);
    r5 = madd(x, v128.load(b2, 112), r5);
    if (--k == 0) break;
    a += 16;
    b += 128;
    b1 += 128;
    b2 += 128;
  }
  v128.store(y, r0);
  v128.store(y, r1, 16);
  v128.store(y, r2, 32);
  v128.store(y, r3, 48);
  v128.store(y, r4, 64);
  v128.store(y, r5, 80);
}
