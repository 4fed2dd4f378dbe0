// The inner products: accumulators are seeded with beta·C before the loop (added afterwards, V8 spills one of them), and get one
// product after the other for k = 0, 1, …: the same chain, so the same bits, in the 4x8 tile and in the one-row form.
//
// The loops are unrolled by k with a way out after every part. V8 of Node 20 moves all loads of a basic block to its top, so that a part
// must need no more than its 15 registers (tile: 8 accumulators, 4 broadcasts, 2 vectors, a scratch), and checks for interrupts once
// a turn: parts that end in a branch stay blocks of their own, where plain unrolling joins their loads and spills. Four parts against one,
// tile over k = 256, GFLOP/s at a ceiling of 58: Node 20 54 (46), Node 22 55 (56), Node 24 54 (54), Deno 2.9 51 (42), Bun 1.4 45 (45).
import { madd } from "../simd/madd";
import { load4, loadTail, store4, storeTail } from "../simd/tail";

/** C [rows, 8] = beta·C + A·B, A row-major, B a packed panel, k >= 1; lda and ldc in bytes. `rows`, 4 or 6, is a constant at every call. */
function tile(rows: i32, k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, beta: f32): void {
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  let a4 = a3 + lda;
  let a5 = a4 + lda;
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  const c4 = c3 + ldc;
  const c5 = c4 + ldc;
  let r00 = f32x4.splat(0);
  let r01 = r00;
  let r10 = r00;
  let r11 = r00;
  let r20 = r00;
  let r21 = r00;
  let r30 = r00;
  let r31 = r00;
  let r40 = r00;
  let r41 = r00;
  let r50 = r00;
  let r51 = r00;
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
    if (rows > 4) {
      r40 = f32x4.mul(v128.load(c4), s);
      r41 = f32x4.mul(v128.load(c4, 16), s);
      r50 = f32x4.mul(v128.load(c5), s);
      r51 = f32x4.mul(v128.load(c5, 16), s);
    }
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
    if (rows > 4) {
      x = v128.load32_splat(a4);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      x = v128.load32_splat(a5);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
    }
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
    if (rows > 4) {
      x = v128.load32_splat(a4, 4);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      x = v128.load32_splat(a5, 4);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
    }
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
    if (rows > 4) {
      x = v128.load32_splat(a4, 8);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      x = v128.load32_splat(a5, 8);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
    }
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
    if (rows > 4) {
      x = v128.load32_splat(a4, 12);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      x = v128.load32_splat(a5, 12);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
    }
    if (--k == 0) break;
    a += 16;
    a1 += 16;
    a2 += 16;
    a3 += 16;
    if (rows > 4) {
      a4 += 16;
      a5 += 16;
    }
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
  if (rows > 4) {
    v128.store(c4, r40);
    v128.store(c4, r41, 16);
    v128.store(c5, r50);
    v128.store(c5, r51, 16);
  }
}

export function tile4x8(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, beta: f32): void {
  inline.always(tile(4, k, a, lda, b, c, ldc, beta));
}

export function tile6x8(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, beta: f32): void {
  inline.always(tile(6, k, a, lda, b, c, ldc, beta));
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

/**
 * One row over panels that lie `panel` bytes apart: y [8·panels] = beta·y + a·B, k >= 1. `panels`, 1, 3, 4 or 6, is a constant at every call.
 * In the baseline build four are 8 loads beside 8 accumulators, more than the registers: k 128, n 512, GFLOP/s, medians on Node 20 by
 * parts of 1, 2, 4: two panels 19.9, 22.0, 22.3; three 21.8, 22.6, 24.8; four 19.6, 21.2, 21.0; six 13.7, 17.0, 15.8.
 */
function row(panels: i32, k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
  let b1 = b + panel;
  let b2 = b1 + panel;
  let b3 = b2 + panel;
  let b4 = b3 + panel;
  let b5 = b4 + panel;
  let r0 = f32x4.splat(0);
  let r1 = r0;
  let r2 = r0;
  let r3 = r0;
  let r4 = r0;
  let r5 = r0;
  let r6 = r0;
  let r7 = r0;
  let r8 = r0;
  let r9 = r0;
  let r10 = r0;
  let r11 = r0;
  if (beta != 0) {
    const s = f32x4.splat(beta);
    r0 = f32x4.mul(v128.load(y), s);
    r1 = f32x4.mul(v128.load(y, 16), s);
    if (panels > 1) {
      r2 = f32x4.mul(v128.load(y, 32), s);
      r3 = f32x4.mul(v128.load(y, 48), s);
      r4 = f32x4.mul(v128.load(y, 64), s);
      r5 = f32x4.mul(v128.load(y, 80), s);
    }
    if (panels > 3) {
      r6 = f32x4.mul(v128.load(y, 96), s);
      r7 = f32x4.mul(v128.load(y, 112), s);
    }
    if (panels > 4) {
      r8 = f32x4.mul(v128.load(y, 128), s);
      r9 = f32x4.mul(v128.load(y, 144), s);
      r10 = f32x4.mul(v128.load(y, 160), s);
      r11 = f32x4.mul(v128.load(y, 176), s);
    }
  }
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
    x = v128.load32_splat(a, 8);
    r0 = madd(x, v128.load(b, 64), r0);
    r1 = madd(x, v128.load(b, 80), r1);
    if (panels > 1) {
      r2 = madd(x, v128.load(b1, 64), r2);
      r3 = madd(x, v128.load(b1, 80), r3);
      r4 = madd(x, v128.load(b2, 64), r4);
      r5 = madd(x, v128.load(b2, 80), r5);
    }
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
    x = v128.load32_splat(a, 12);
    r0 = madd(x, v128.load(b, 96), r0);
    r1 = madd(x, v128.load(b, 112), r1);
    if (panels > 1) {
      r2 = madd(x, v128.load(b1, 96), r2);
      r3 = madd(x, v128.load(b1, 112), r3);
      r4 = madd(x, v128.load(b2, 96), r4);
      r5 = madd(x, v128.load(b2, 112), r5);
    }
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
    a += 16;
    b += 128;
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

export function row8(k: i32, a: usize, b: usize, y: usize, beta: f32): void {
  inline.always(row(1, k, a, b, 0, y, beta));
}

export function row24(k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
  inline.always(row(3, k, a, b, panel, y, beta));
}

export function row32(k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
  inline.always(row(4, k, a, b, panel, y, beta));
}

export function row48(k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
  inline.always(row(6, k, a, b, panel, y, beta));
}
