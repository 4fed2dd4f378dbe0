// Larger inner products of the relaxed build, where multiply and add are one instruction: as in micro.ts, seeded with beta·C and one chain an
// element. Two fused units of latency 4 want more than 8 chains at once. They need all registers, and an engine that leaves each load
// beside its use: the host says so (use_tall). Speed beside tile4x8 and row24, k = 256 and 128, in the caches: Node 24 1.12 to 1.2 and 1.1 to
// 1.25, Deno 2.9 1.09 and 1.06, Bun 1.4 1.05 and 1.08; Node 22 would have 0.85 and 0.73.
import { madd } from "../simd/madd";

/** Whether the larger products are to be used. */
export let tall: bool = false;

// use_tall: from now on this instance's products take the larger forms. The same bits.
export function use_tall(): void {
  tall = true;
}

/** C [6, 8] as tile4x8. */
export function tile6x8(k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, beta: f32): void {
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
    r40 = f32x4.mul(v128.load(c4), s);
    r41 = f32x4.mul(v128.load(c4, 16), s);
    r50 = f32x4.mul(v128.load(c5), s);
    r51 = f32x4.mul(v128.load(c5, 16), s);
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
    x = v128.load32_splat(a4);
    r40 = madd(x, b0, r40);
    r41 = madd(x, b1, r41);
    x = v128.load32_splat(a5);
    r50 = madd(x, b0, r50);
    r51 = madd(x, b1, r51);
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
    x = v128.load32_splat(a4, 4);
    r40 = madd(x, b0, r40);
    r41 = madd(x, b1, r41);
    x = v128.load32_splat(a5, 4);
    r50 = madd(x, b0, r50);
    r51 = madd(x, b1, r51);
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
    x = v128.load32_splat(a4, 8);
    r40 = madd(x, b0, r40);
    r41 = madd(x, b1, r41);
    x = v128.load32_splat(a5, 8);
    r50 = madd(x, b0, r50);
    r51 = madd(x, b1, r51);
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
    x = v128.load32_splat(a4, 12);
    r40 = madd(x, b0, r40);
    r41 = madd(x, b1, r41);
    x = v128.load32_splat(a5, 12);
    r50 = madd(x, b0, r50);
    r51 = madd(x, b1, r51);
    if (--k == 0) break;
    a += 16;
    a1 += 16;
    a2 += 16;
    a3 += 16;
    a4 += 16;
    a5 += 16;
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
  v128.store(c4, r40);
  v128.store(c4, r41, 16);
  v128.store(c5, r50);
  v128.store(c5, r51, 16);
}

/** One row over six panels that lie `panel` bytes apart: y [48] = beta·y + a·B, k >= 1. */
export function row48(k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
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
    r2 = f32x4.mul(v128.load(y, 32), s);
    r3 = f32x4.mul(v128.load(y, 48), s);
    r4 = f32x4.mul(v128.load(y, 64), s);
    r5 = f32x4.mul(v128.load(y, 80), s);
    r6 = f32x4.mul(v128.load(y, 96), s);
    r7 = f32x4.mul(v128.load(y, 112), s);
    r8 = f32x4.mul(v128.load(y, 128), s);
    r9 = f32x4.mul(v128.load(y, 144), s);
    r10 = f32x4.mul(v128.load(y, 160), s);
    r11 = f32x4.mul(v128.load(y, 176), s);
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
    r6 = madd(x, v128.load(b3), r6);
    r7 = madd(x, v128.load(b3, 16), r7);
    r8 = madd(x, v128.load(b4), r8);
    r9 = madd(x, v128.load(b4, 16), r9);
    r10 = madd(x, v128.load(b5), r10);
    r11 = madd(x, v128.load(b5, 16), r11);
    if (--k == 0) break;
    x = v128.load32_splat(a, 4);
    r0 = madd(x, v128.load(b, 32), r0);
    r1 = madd(x, v128.load(b, 48), r1);
    r2 = madd(x, v128.load(b1, 32), r2);
    r3 = madd(x, v128.load(b1, 48), r3);
    r4 = madd(x, v128.load(b2, 32), r4);
    r5 = madd(x, v128.load(b2, 48), r5);
    r6 = madd(x, v128.load(b3, 32), r6);
    r7 = madd(x, v128.load(b3, 48), r7);
    r8 = madd(x, v128.load(b4, 32), r8);
    r9 = madd(x, v128.load(b4, 48), r9);
    r10 = madd(x, v128.load(b5, 32), r10);
    r11 = madd(x, v128.load(b5, 48), r11);
    if (--k == 0) break;
    x = v128.load32_splat(a, 8);
    r0 = madd(x, v128.load(b, 64), r0);
    r1 = madd(x, v128.load(b, 80), r1);
    r2 = madd(x, v128.load(b1, 64), r2);
    r3 = madd(x, v128.load(b1, 80), r3);
    r4 = madd(x, v128.load(b2, 64), r4);
    r5 = madd(x, v128.load(b2, 80), r5);
    r6 = madd(x, v128.load(b3, 64), r6);
    r7 = madd(x, v128.load(b3, 80), r7);
    r8 = madd(x, v128.load(b4, 64), r8);
    r9 = madd(x, v128.load(b4, 80), r9);
    r10 = madd(x, v128.load(b5, 64), r10);
    r11 = madd(x, v128.load(b5, 80), r11);
    if (--k == 0) break;
    x = v128.load32_splat(a, 12);
    r0 = madd(x, v128.load(b, 96), r0);
    r1 = madd(x, v128.load(b, 112), r1);
    r2 = madd(x, v128.load(b1, 96), r2);
    r3 = madd(x, v128.load(b1, 112), r3);
    r4 = madd(x, v128.load(b2, 96), r4);
    r5 = madd(x, v128.load(b2, 112), r5);
    r6 = madd(x, v128.load(b3, 96), r6);
    r7 = madd(x, v128.load(b3, 112), r7);
    r8 = madd(x, v128.load(b4, 96), r8);
    r9 = madd(x, v128.load(b4, 112), r9);
    r10 = madd(x, v128.load(b5, 96), r10);
    r11 = madd(x, v128.load(b5, 112), r11);
    if (--k == 0) break;
    a += 16;
    b += 128;
    b1 += 128;
    b2 += 128;
    b3 += 128;
    b4 += 128;
    b5 += 128;
  }
  v128.store(y, r0);
  v128.store(y, r1, 16);
  v128.store(y, r2, 32);
  v128.store(y, r3, 48);
  v128.store(y, r4, 64);
  v128.store(y, r5, 80);
  v128.store(y, r6, 96);
  v128.store(y, r7, 112);
  v128.store(y, r8, 128);
  v128.store(y, r9, 144);
  v128.store(y, r10, 160);
  v128.store(y, r11, 176);
}

/** One row over four panels, k >= 1: for the end of a row, where the last panels would each run alone. */
export function row32(k: i32, a: usize, b: usize, panel: usize, y: usize, beta: f32): void {
  let b1 = b + panel;
  let b2 = b1 + panel;
  let b3 = b2 + panel;
  let r0 = f32x4.splat(0);
  let r1 = r0;
  let r2 = r0;
  let r3 = r0;
  let r4 = r0;
  let r5 = r0;
  let r6 = r0;
  let r7 = r0;
  if (beta != 0) {
    const s = f32x4.splat(beta);
    r0 = f32x4.mul(v128.load(y), s);
    r1 = f32x4.mul(v128.load(y, 16), s);
    r2 = f32x4.mul(v128.load(y, 32), s);
    r3 = f32x4.mul(v128.load(y, 48), s);
    r4 = f32x4.mul(v128.load(y, 64), s);
    r5 = f32x4.mul(v128.load(y, 80), s);
    r6 = f32x4.mul(v128.load(y, 96), s);
    r7 = f32x4.mul(v128.load(y, 112), s);
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
    r6 = madd(x, v128.load(b3), r6);
    r7 = madd(x, v128.load(b3, 16), r7);
    if (--k == 0) break;
    x = v128.load32_splat(a, 4);
    r0 = madd(x, v128.load(b, 32), r0);
    r1 = madd(x, v128.load(b, 48), r1);
    r2 = madd(x, v128.load(b1, 32), r2);
    r3 = madd(x, v128.load(b1, 48), r3);
    r4 = madd(x, v128.load(b2, 32), r4);
    r5 = madd(x, v128.load(b2, 48), r5);
    r6 = madd(x, v128.load(b3, 32), r6);
    r7 = madd(x, v128.load(b3, 48), r7);
    if (--k == 0) break;
    a += 8;
    b += 64;
    b1 += 64;
    b2 += 64;
    b3 += 64;
  }
  v128.store(y, r0);
  v128.store(y, r1, 16);
  v128.store(y, r2, 32);
  v128.store(y, r3, 48);
  v128.store(y, r4, 64);
  v128.store(y, r5, 80);
  v128.store(y, r6, 96);
  v128.store(y, r7, 112);
}
