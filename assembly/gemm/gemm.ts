// C [m, n] = beta·C + op(A)·op(B), row-major. Every element of C is one accumulator, seeded with beta·C (0: C is not read), to which
// the products are added for k = 0, 1, …, whatever the path: packed or not, tile or edge, one row or many give the same bits.
// work: MC x KC floats of packed A, KC x NC of packed B, then the scratch tile of the edges. C must not overlap A, B or work.
import { row8, row24, streamRow, tile4x8 } from "./micro";
import { KC, packA, packBlockB, panelRows } from "./pack";
import { row48, tile6x8 } from "./relaxed";

const MC: i32 = 128;
const NC: i32 = 1024;
const WORK_B: usize = 128 * 256 * 4;
const WORK_TILE: usize = 128 * 256 * 4 + 256 * 1024 * 4;

/** Copies `rows` x `columns` floats between matrices with row strides in bytes. */
function copyTile(dst: usize, dstStride: usize, src: usize, srcStride: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < (<usize>columns) << 2; j += 4) store<f32>(dst + j, load<f32>(src + j));
    dst += dstStride;
    src += srcStride;
  }
}

/** beta·C where there is nothing to add. */
function scale(c: usize, m: i32, n: i32, ldc: i32, beta: f32): void {
  for (let i = 0; i < m; i++) {
    const row = c + ((<usize>i * <usize>ldc) << 2);
    for (let j: usize = 0; j < (<usize>n) << 2; j += 4) store<f32>(row + j, beta == 0 ? 0 : load<f32>(row + j) * beta);
  }
}

/** C [height, 8] = beta·C + A·B over packed panels. */
function runTile(height: i32, k: i32, a: usize, b: usize, c: usize, ldc: usize, beta: f32): void {
  if (ASC_FEATURE_RELAXED_SIMD && height == 6) tile6x8(k, a, b, c, ldc, beta);
  else tile4x8(k, a, b, c, ldc, beta);
}

/** A block of op(A) [m, k] that is not yet packed against packed panels [k, n]: packs A by MC rows and runs the tiles. */
function block(c: usize, a: usize, panels: usize, m: i32, n: i32, k: i32, lda: i32, ldc: i32, transA: i32, beta: f32, work: usize): void {
  const stride = (<usize>ldc) << 2;
  const tile = work + WORK_TILE;
  for (let i = 0; i < m; i += MC) {
    const rows = min(MC, m - i);
    packA(work, a + (transA ? (<usize>i) << 2 : (<usize>i * <usize>lda) << 2), rows, k, lda, transA);
    for (let j = 0; j < n; j += 8) {
      const columns = min(8, n - j);
      const panel = panels + ((<usize>j * <usize>k) << 2);
      for (let r = 0; r < rows; ) {
        const height = panelRows(rows - r);
        const count = min(height, rows - r);
        const to = c + <usize>(i + r) * stride + ((<usize>j) << 2);
        const from = work + ((<usize>r * <usize>k) << 2);
        if (count == height && columns == 8) {
          runTile(height, k, from, panel, to, stride, beta);
        } else {
          if (beta != 0) copyTile(tile, 32, to, stride, count, columns);
          runTile(height, k, from, panel, tile, 32, beta);
          copyTile(to, stride, tile, 32, count, columns);
        }
        r += height;
      }
    }
  }
}

/** One row of A against packed panels [k, n]. */
function rowBlock(c: usize, a: usize, panels: usize, n: i32, k: i32, beta: f32, tile: usize): void {
  const panel = (<usize>k) << 5;
  let j = 0;
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (; j + 48 <= n; j += 48) {
      row48(k, a, panels, panel, c, beta);
      panels += 6 * panel;
      c += 192;
    }
  }
  for (; j + 24 <= n; j += 24) {
    row24(k, a, panels, panel, c, beta);
    panels += 3 * panel;
    c += 96;
  }
  for (; j + 8 <= n; j += 8) {
    row8(k, a, panels, c, beta);
    panels += panel;
    c += 32;
  }
  if (j < n) {
    if (beta != 0) copyTile(tile, 32, c, 32, 1, n - j);
    row8(k, a, panels, tile, beta);
    copyTile(c, 32, tile, 32, 1, n - j);
  }
}

export function f32_gemm_packed(
  c: usize,
  a: usize,
  packed: usize,
  m: i32,
  n: i32,
  k: i32,
  lda: i32,
  ldc: i32,
  transA: i32,
  beta: f32,
  work: usize,
): void {
  if (k == 0) {
    scale(c, m, n, ldc, beta);
    return;
  }
  const columns = (<usize>((n + 7) & ~7)) << 2;
  for (let p = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    if (m < 4 && !transA) {
      for (let i = 0; i < m; i++) {
        rowBlock(
          c + ((<usize>i * <usize>ldc) << 2),
          a + ((<usize>i * <usize>lda + <usize>p) << 2),
          packed,
          n,
          depth,
          beta,
          work + WORK_TILE,
        );
      }
    } else {
      block(c, a + (transA ? (<usize>p * <usize>lda) << 2 : (<usize>p) << 2), packed, m, n, depth, lda, ldc, transA, beta, work);
    }
    packed += <usize>depth * columns;
    beta = 1;
  }
}

export function f32_gemm(
  c: usize,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  transA: i32,
  transB: i32,
  beta: f32,
  work: usize,
): void {
  const streams = m < 4 && !transB;
  if (k == 0 || streams) scale(c, m, n, ldc, beta);
  if (k == 0) return;
  if (streams) {
    const stepA: usize = transA ? (<usize>lda) << 2 : 4;
    for (let i = 0; i < m; i++) {
      const from = a + ((<usize>i * <usize>(transA ? 1 : lda)) << 2);
      streamRow(n, k, from, stepA, b, (<usize>ldb) << 2, c + ((<usize>i * <usize>ldc) << 2));
    }
    return;
  }
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    let seed = beta;
    for (let p = 0; p < k; p += KC) {
      const depth = min(KC, k - p);
      const from = transB ? <usize>j * <usize>ldb + <usize>p : <usize>p * <usize>ldb + <usize>j;
      packBlockB(work + WORK_B, b + (from << 2), depth, columns, ldb, transB);
      const left = a + (transA ? (<usize>p * <usize>lda) << 2 : (<usize>p) << 2);
      block(c + ((<usize>j) << 2), left, work + WORK_B, m, columns, depth, lda, ldc, transA, seed, work);
      seed = 1;
    }
  }
}
