// The inner products: accumulators are seeded with beta·C, or beta times one row (seed.ts), before the loop (added afterwards, V8 spills one of them), and get one
// product after the other for k = 0, 1, …: the same chain, so the same bits, in the 4x8 tile and in the one-row form.
//
// The loops are unrolled by k with a way out after every part. V8 of Node 20 moves all loads of a basic block to its top, so that a part
// must need no more than its 15 registers (tile: 8 accumulators, 4 broadcasts, 2 vectors, a scratch), and checks for interrupts once
// a turn: parts that end in a branch stay blocks of their own, where plain unrolling joins their loads and spills. Four parts against one,
// tile over k = 256, GFLOP/s at a ceiling of 58: Node 20 54 (46), Node 22 55 (56), Node 24 54 (54), Deno 2.9 51 (42), Bun 1.4 45 (45).
import { madd } from "../simd/madd";
import { fence } from "./fence";

/**
 * C [rows, 8·panels] = beta·(the row at `seed`, or C where that is 0) + A·B, A row-major, B packed panels that lie `panel` bytes apart, k >= 1; lda and ldc in bytes. `rows`, 4 or 6,
 * `panels`, 1 or 2, and `fenced` are constants at every call.
 */
function tile(
  rows: i32,
  panels: i32,
  fenced: bool,
  k: i32,
  a: usize,
  lda: usize,
  b: usize,
  panel: usize,
  c: usize,
  ldc: usize,
  seed: usize,
  beta: f32,
): void {
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
  let q = b + panel;
  const from = seed ? seed : c;
  const step: usize = seed ? 0 : ldc;
  const from1 = from + step;
  const from2 = from1 + step;
  const from3 = from2 + step;
  const from4 = from3 + step;
  const from5 = from4 + step;
  const s = f32x4.splat(beta);
  const none = f32x4.splat(0);
  let r00 = f32x4.mul(v128.load(from), s);
  let r01 = f32x4.mul(v128.load(from, 16), s);
  let r02 = panels > 1 ? f32x4.mul(v128.load(from, 32), s) : none;
  let r03 = panels > 1 ? f32x4.mul(v128.load(from, 48), s) : none;
  let r10 = f32x4.mul(v128.load(from1), s);
  let r11 = f32x4.mul(v128.load(from1, 16), s);
  let r12 = panels > 1 ? f32x4.mul(v128.load(from1, 32), s) : none;
  let r13 = panels > 1 ? f32x4.mul(v128.load(from1, 48), s) : none;
  let r20 = f32x4.mul(v128.load(from2), s);
  let r21 = f32x4.mul(v128.load(from2, 16), s);
  let r22 = panels > 1 ? f32x4.mul(v128.load(from2, 32), s) : none;
  let r23 = panels > 1 ? f32x4.mul(v128.load(from2, 48), s) : none;
  let r30 = f32x4.mul(v128.load(from3), s);
  let r31 = f32x4.mul(v128.load(from3, 16), s);
  let r32 = panels > 1 ? f32x4.mul(v128.load(from3, 32), s) : none;
  let r33 = panels > 1 ? f32x4.mul(v128.load(from3, 48), s) : none;
  let r40 = rows > 4 ? f32x4.mul(v128.load(from4), s) : none;
  let r41 = rows > 4 ? f32x4.mul(v128.load(from4, 16), s) : none;
  let r42 = rows > 4 && panels > 1 ? f32x4.mul(v128.load(from4, 32), s) : none;
  let r43 = rows > 4 && panels > 1 ? f32x4.mul(v128.load(from4, 48), s) : none;
  let r50 = rows > 4 ? f32x4.mul(v128.load(from5), s) : none;
  let r51 = rows > 4 ? f32x4.mul(v128.load(from5, 16), s) : none;
  let r52 = rows > 4 && panels > 1 ? f32x4.mul(v128.load(from5, 32), s) : none;
  let r53 = rows > 4 && panels > 1 ? f32x4.mul(v128.load(from5, 48), s) : none;
  let b0: v128;
  let b1: v128;
  let b2 = none;
  let b3 = none;
  let x: v128;
  for (;;) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    if (panels > 1) {
      b2 = v128.load(q);
      b3 = v128.load(q, 16);
    }
    x = v128.load32_splat(a);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    if (panels > 1) {
      r02 = madd(x, b2, r02);
      r03 = madd(x, b3, r03);
    }
    x = v128.load32_splat(a1);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    if (panels > 1) {
      r12 = madd(x, b2, r12);
      r13 = madd(x, b3, r13);
    }
    x = v128.load32_splat(a2);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    if (panels > 1) {
      r22 = madd(x, b2, r22);
      r23 = madd(x, b3, r23);
    }
    x = v128.load32_splat(a3);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (panels > 1) {
      r32 = madd(x, b2, r32);
      r33 = madd(x, b3, r33);
    }
    if (rows > 4) {
      x = v128.load32_splat(a4);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      if (panels > 1) {
        r42 = madd(x, b2, r42);
        r43 = madd(x, b3, r43);
      }
      x = v128.load32_splat(a5);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
      if (panels > 1) {
        r52 = madd(x, b2, r52);
        r53 = madd(x, b3, r53);
      }
    }
    if (--k == 0) break;
    inline.always(fence(fenced, k, c));
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    if (panels > 1) {
      b2 = v128.load(q, 32);
      b3 = v128.load(q, 48);
    }
    x = v128.load32_splat(a, 4);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    if (panels > 1) {
      r02 = madd(x, b2, r02);
      r03 = madd(x, b3, r03);
    }
    x = v128.load32_splat(a1, 4);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    if (panels > 1) {
      r12 = madd(x, b2, r12);
      r13 = madd(x, b3, r13);
    }
    x = v128.load32_splat(a2, 4);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    if (panels > 1) {
      r22 = madd(x, b2, r22);
      r23 = madd(x, b3, r23);
    }
    x = v128.load32_splat(a3, 4);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (panels > 1) {
      r32 = madd(x, b2, r32);
      r33 = madd(x, b3, r33);
    }
    if (rows > 4) {
      x = v128.load32_splat(a4, 4);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      if (panels > 1) {
        r42 = madd(x, b2, r42);
        r43 = madd(x, b3, r43);
      }
      x = v128.load32_splat(a5, 4);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
      if (panels > 1) {
        r52 = madd(x, b2, r52);
        r53 = madd(x, b3, r53);
      }
    }
    if (--k == 0) break;
    inline.always(fence(fenced, k, c));
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    if (panels > 1) {
      b2 = v128.load(q, 64);
      b3 = v128.load(q, 80);
    }
    x = v128.load32_splat(a, 8);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    if (panels > 1) {
      r02 = madd(x, b2, r02);
      r03 = madd(x, b3, r03);
    }
    x = v128.load32_splat(a1, 8);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    if (panels > 1) {
      r12 = madd(x, b2, r12);
      r13 = madd(x, b3, r13);
    }
    x = v128.load32_splat(a2, 8);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    if (panels > 1) {
      r22 = madd(x, b2, r22);
      r23 = madd(x, b3, r23);
    }
    x = v128.load32_splat(a3, 8);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (panels > 1) {
      r32 = madd(x, b2, r32);
      r33 = madd(x, b3, r33);
    }
    if (rows > 4) {
      x = v128.load32_splat(a4, 8);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      if (panels > 1) {
        r42 = madd(x, b2, r42);
        r43 = madd(x, b3, r43);
      }
      x = v128.load32_splat(a5, 8);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
      if (panels > 1) {
        r52 = madd(x, b2, r52);
        r53 = madd(x, b3, r53);
      }
    }
    if (--k == 0) break;
    inline.always(fence(fenced, k, c));
    b0 = v128.load(b, 96);
    b1 = v128.load(b, 112);
    if (panels > 1) {
      b2 = v128.load(q, 96);
      b3 = v128.load(q, 112);
    }
    x = v128.load32_splat(a, 12);
    r00 = madd(x, b0, r00);
    r01 = madd(x, b1, r01);
    if (panels > 1) {
      r02 = madd(x, b2, r02);
      r03 = madd(x, b3, r03);
    }
    x = v128.load32_splat(a1, 12);
    r10 = madd(x, b0, r10);
    r11 = madd(x, b1, r11);
    if (panels > 1) {
      r12 = madd(x, b2, r12);
      r13 = madd(x, b3, r13);
    }
    x = v128.load32_splat(a2, 12);
    r20 = madd(x, b0, r20);
    r21 = madd(x, b1, r21);
    if (panels > 1) {
      r22 = madd(x, b2, r22);
      r23 = madd(x, b3, r23);
    }
    x = v128.load32_splat(a3, 12);
    r30 = madd(x, b0, r30);
    r31 = madd(x, b1, r31);
    if (panels > 1) {
      r32 = madd(x, b2, r32);
      r33 = madd(x, b3, r33);
    }
    if (rows > 4) {
      x = v128.load32_splat(a4, 12);
      r40 = madd(x, b0, r40);
      r41 = madd(x, b1, r41);
      if (panels > 1) {
        r42 = madd(x, b2, r42);
        r43 = madd(x, b3, r43);
      }
      x = v128.load32_splat(a5, 12);
      r50 = madd(x, b0, r50);
      r51 = madd(x, b1, r51);
      if (panels > 1) {
        r52 = madd(x, b2, r52);
        r53 = madd(x, b3, r53);
      }
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
    if (panels > 1) q += 128;
  }
  v128.store(c, r00);
  v128.store(c, r01, 16);
  if (panels > 1) {
    v128.store(c, r02, 32);
    v128.store(c, r03, 48);
  }
  v128.store(c1, r10);
  v128.store(c1, r11, 16);
  if (panels > 1) {
    v128.store(c1, r12, 32);
    v128.store(c1, r13, 48);
  }
  v128.store(c2, r20);
  v128.store(c2, r21, 16);
  if (panels > 1) {
    v128.store(c2, r22, 32);
    v128.store(c2, r23, 48);
  }
  v128.store(c3, r30);
  v128.store(c3, r31, 16);
  if (panels > 1) {
    v128.store(c3, r32, 32);
    v128.store(c3, r33, 48);
  }
  if (rows > 4) {
    v128.store(c4, r40);
    v128.store(c4, r41, 16);
    if (panels > 1) {
      v128.store(c4, r42, 32);
      v128.store(c4, r43, 48);
    }
    v128.store(c5, r50);
    v128.store(c5, r51, 16);
    if (panels > 1) {
      v128.store(c5, r52, 32);
      v128.store(c5, r53, 48);
    }
  }
}

export function tile4x8(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  inline.always(tile(4, 1, false, k, a, lda, b, 0, c, ldc, seed, beta));
}

export function tile4x8Fenced(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  inline.always(tile(4, 1, true, k, a, lda, b, 0, c, ldc, seed, beta));
}

export function tile6x8(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  inline.always(tile(6, 1, false, k, a, lda, b, 0, c, ldc, seed, beta));
}

export function tile6x8Fenced(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  inline.always(tile(6, 1, true, k, a, lda, b, 0, c, ldc, seed, beta));
}

export function tile4x16(k: i32, a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  inline.always(tile(4, 2, false, k, a, lda, b, panel, c, ldc, seed, beta));
}

export function tile6x16(k: i32, a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  inline.always(tile(6, 2, false, k, a, lda, b, panel, c, ldc, seed, beta));
}
