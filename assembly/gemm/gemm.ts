// C [m, n] = beta·C + op(A)·op(B), row-major. Every element of C is one accumulator, seeded with beta·C (0: C is not read) or a bias, to which
// the products are added for k = 0, 1, …, whatever the path: packed or not, tile or edge, one row or many give the same bits.
// work: MC rows of A, KC x NC of packed B, then the scratch tile of the edges. C must not overlap A, B or work.
import { KC, packBlockB, ROW, transposeA } from "./pack";
import { row8, row24, row32, row32Fenced, row48, streamRow } from "./row";
import { seedOf } from "./seed";
import { fenced, tilePanels } from "./shape";
import { tile4x8, tile4x8Fenced, tile4x16, tile6x8, tile6x8Fenced, tile6x16 } from "./tile";

/** Whole tiles of 4 and of 6 rows. */
const MC: i32 = 132;
const NC: i32 = 1024;
const WORK_B: usize = <usize>MC * ROW;
/** Bytes of a row of the scratch tile. */
const EDGE: usize = 64;
const WORK_TILE: usize = WORK_B + <usize>KC * <usize>NC * 4;

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

/**
 * Height of the tile at which `left` rows begin: 4, or in the relaxed build 6, with no more rows in all than tiles of 4 would take. A tile of
 * 6 is 12 chains, what two units of fused multiply-add with a latency of 4 keep full; 4 rows are 8, the very least. Without fusing
 * there is no register left for it, and nothing to gain.
 */
function heightFor(left: i32): i32 {
  return ASC_FEATURE_RELAXED_SIMD && left > 4 && left != 7 && left != 8 ? 6 : 4;
}

function runTile(height: i32, panels: i32, k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, seed: usize, beta: f32): void {
  if (ASC_FEATURE_RELAXED_SIMD && panels == 2) {
    if (height == 6) tile6x16(k, a, lda, b, (<usize>k) << 5, c, ldc, seed, beta);
    else tile4x16(k, a, lda, b, (<usize>k) << 5, c, ldc, seed, beta);
  } else if (ASC_FEATURE_RELAXED_SIMD && height == 6) {
    if (fenced) tile6x8Fenced(k, a, lda, b, c, ldc, seed, beta);
    else tile6x8(k, a, lda, b, c, ldc, seed, beta);
  } else if (ASC_FEATURE_RELAXED_SIMD && fenced) tile4x8Fenced(k, a, lda, b, c, ldc, seed, beta);
  else tile4x8(k, a, lda, b, c, ldc, seed, beta);
}

/** Rows of A, row-major, against packed panels [k, n]; lda and ldc in bytes. Rows that fill no tile: A is read on beyond them. */
function tiles(
  c: usize,
  a: usize,
  panels: usize,
  m: i32,
  n: i32,
  k: i32,
  lda: usize,
  ldc: usize,
  bias: usize,
  beta: f32,
  tile: usize,
): void {
  for (let j = 0; j < n; ) {
    const across = ASC_FEATURE_RELAXED_SIMD && tilePanels > 1 && n - j > 8 ? 2 : 1;
    const columns = min(8 * across, n - j);
    for (let r = 0; r < m; ) {
      const height = heightFor(m - r);
      const count = min(height, m - r);
      const to = c + <usize>r * ldc + ((<usize>j) << 2);
      const from = a + <usize>r * lda;
      if (count == height && columns == 8 * across) {
        runTile(height, across, k, from, lda, panels, to, ldc, seedOf(bias, (<usize>j) << 2, beta), beta);
      } else {
        // Copied too, for nothing lies behind a bias.
        if (beta != 0) copyTile(tile, EDGE, bias ? bias + ((<usize>j) << 2) : to, bias ? 0 : ldc, count, columns);
        runTile(height, across, k, from, lda, panels, tile, EDGE, seedOf(0, 0, beta), beta);
        copyTile(to, ldc, tile, EDGE, count, columns);
      }
      r += height;
    }
    j += 8 * across;
    panels += (<usize>(k * across)) << 5;
  }
}

/** Rows that fill tiles of their own. */
function wholeRows(m: i32): i32 {
  let whole = 0;
  while (m - whole >= heightFor(m - whole)) whole += heightFor(m - whole);
  return whole;
}

/**
 * A block of op(A) [m, k] against packed panels [k, n], MC rows after the other. A stored [k, m] is brought into rows; of one that lies in
 * rows the last are copied, for nothing is behind them.
 */
function block(
  c: usize,
  a: usize,
  panels: usize,
  m: i32,
  n: i32,
  k: i32,
  lda: i32,
  ldc: i32,
  transA: i32,
  bias: usize,
  beta: f32,
  work: usize,
): void {
  const step = (<usize>lda) << 2;
  const stride = (<usize>ldc) << 2;
  const tile = work + WORK_TILE;
  for (; m > 0; m -= MC) {
    const rows = min(MC, m);
    const whole = transA ? 0 : wholeRows(rows);
    if (whole > 0) tiles(c, a, panels, whole, n, k, step, stride, bias, beta, tile);
    if (whole < rows) {
      if (transA) transposeA(work, a, rows, k, lda);
      else copyTile(work, ROW, a + <usize>whole * step, step, rows - whole, k);
      tiles(c + <usize>whole * stride, work, panels, rows - whole, n, k, ROW, stride, bias, beta, tile);
    }
    a += transA ? (<usize>MC) << 2 : <usize>MC * step;
    c += <usize>MC * stride;
  }
}

/** Panels to take at once of the `left` that a row still has: so that few are run alone, which takes as long as three or four. */
function panelsAtOnce(left: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD && left > 3) {
    if (fenced) return left == 6 || left == 9 ? 3 : 4;
    if (left == 6 || left > 8) return 6;
    if (left != 7) return 4;
  }
  return left < 3 ? 1 : 3;
}

/** One row of A against packed panels [k, n]. */
function rowBlock(c: usize, a: usize, panels: usize, n: i32, k: i32, bias: usize, beta: f32, tile: usize): void {
  const panel = (<usize>k) << 5;
  for (let left = n >> 3; left > 0; ) {
    const count = panelsAtOnce(left);
    const seed = seedOf(bias, 0, beta);
    if (ASC_FEATURE_RELAXED_SIMD && count == 6) row48(k, a, panels, panel, c, seed, beta);
    else if (ASC_FEATURE_RELAXED_SIMD && count == 4) {
      if (fenced) row32Fenced(k, a, panels, panel, c, seed, beta);
      else row32(k, a, panels, panel, c, seed, beta);
    } else if (count == 3) row24(k, a, panels, panel, c, seed, beta);
    else row8(k, a, panels, c, seed, beta);
    left -= count;
    panels += <usize>count * panel;
    c += (<usize>count) << 5;
    if (bias) bias += (<usize>count) << 5;
  }
  if (n & 7) {
    if (beta != 0) copyTile(tile, 32, bias ? bias : c, 32, 1, n & 7);
    row8(k, a, panels, tile, seedOf(0, 0, beta), beta);
    copyTile(c, 32, tile, 32, 1, n & 7);
  }
}

/** @param bias row [n] that every row of C is seeded with instead of beta·C, or 0; beta is 1 with it */
export function f32_gemm_packed(
  c: usize,
  a: usize,
  packed: usize,
  m: i32,
  n: i32,
  k: i32,
  lda: i32,
  ldc: i32,
  bias: usize,
  beta: f32,
  work: usize,
): void {
  if (bias) beta = 1;
  if (k == 0) {
    if (bias) copyTile(c, (<usize>ldc) << 2, bias, 0, m, n);
    else scale(c, m, n, ldc, beta);
    return;
  }
  const columns = (<usize>((n + 7) & ~7)) << 2;
  for (let p = 0; p < k; p += KC) {
    const depth = min(KC, k - p);
    const from = a + ((<usize>p) << 2);
    if (m < 4) {
      for (let i = 0; i < m; i++) {
        const row = from + ((<usize>i * <usize>lda) << 2);
        rowBlock(c + ((<usize>i * <usize>ldc) << 2), row, packed, n, depth, bias, beta, work + WORK_TILE);
      }
    } else {
      block(c, from, packed, m, n, depth, lda, ldc, 0, bias, beta, work);
    }
    packed += <usize>depth * columns;
    bias = 0;
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
      block(c + ((<usize>j) << 2), left, work + WORK_B, m, columns, depth, lda, ldc, transA, 0, seed, work);
      seed = 1;
    }
  }
}
