// Packing for the tiles: A in panels of 4 or 6 rows, B in panels of 8 columns; per k the panel's values are neighbours.
// The last panel is filled with zeros, whose products land in the scratch tile and are dropped.

/** Rows of a k block: packs of B are cut into blocks of KC, so that a panel stays in the first cache. */
export const KC: i32 = 256;

/** Values of k at a time when A lies transposed: its lines are then still in the first cache when the next panel reads on in them. */
const CHUNK: i32 = 16;

/**
 * Height of the panel, and of the tile, at which `left` rows of A begin: 4, or in the relaxed build 6, with no more rows in all than panels
 * of 4 would take. A tile of 6 is 12 chains, what two units of fused multiply-add with a latency of 4 keep full; 4 rows are 8, the very
 * least. Without fusing there is no register left for it, and nothing to gain.
 */
export function panelRows(left: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return left <= 4 || left == 7 || left == 8 ? 4 : 6;
  return 4;
}

/** Copies a panel whose values for one k are neighbours in the source: `width` (1 … lanes) of them, zeros up to `lanes` (4, 6 or 8). */
function copyPanel(dst: usize, src: usize, k: i32, stride: usize, width: i32, lanes: i32): void {
  if (width == lanes) {
    for (; k > 0; k--) {
      v128.store(dst, v128.load(src));
      if (lanes == 8) v128.store(dst, v128.load(src, 16), 16);
      else if (ASC_FEATURE_RELAXED_SIMD && lanes == 6) store<u64>(dst, load<u64>(src, 16), 16);
      dst += (<usize>lanes) << 2;
      src += stride;
    }
    return;
  }
  for (; k > 0; k--) {
    for (let j = 0; j < lanes; j++) store<f32>(dst + ((<usize>j) << 2), j < width ? load<f32>(src + ((<usize>j) << 2)) : 0);
    dst += (<usize>lanes) << 2;
    src += stride;
  }
}

/** Four rows that are contiguous along k into four lanes a k, `step` bytes from k to k: 4x4 blocks are transposed by shuffles. */
function transpose4(dst: usize, src: usize, k: i32, stride: usize, step: usize): void {
  let s1 = src + stride;
  let s2 = s1 + stride;
  let s3 = s2 + stride;
  for (; k >= 4; k -= 4) {
    const r0 = v128.load(src);
    const r1 = v128.load(s1);
    const r2 = v128.load(s2);
    const r3 = v128.load(s3);
    const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const b = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const c = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<f32>(a, b, 0, 1, 4, 5));
    v128.store(dst + step, v128.shuffle<f32>(a, b, 2, 3, 6, 7));
    v128.store(dst + 2 * step, v128.shuffle<f32>(c, d, 0, 1, 4, 5));
    v128.store(dst + 3 * step, v128.shuffle<f32>(c, d, 2, 3, 6, 7));
    dst += 4 * step;
    src += 16;
    s1 += 16;
    s2 += 16;
    s3 += 16;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(src));
    store<f32>(dst, load<f32>(s1), 4);
    store<f32>(dst, load<f32>(s2), 8);
    store<f32>(dst, load<f32>(s3), 12);
    dst += step;
    src += 4;
    s1 += 4;
    s2 += 4;
    s3 += 4;
  }
}

/** Two rows as in transpose4. */
function transpose2(dst: usize, src: usize, k: i32, stride: usize, step: usize): void {
  let s1 = src + stride;
  for (; k >= 4; k -= 4) {
    const r0 = v128.load(src);
    const r1 = v128.load(s1);
    const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    v128.store64_lane(dst, a, 0);
    v128.store64_lane(dst + step, a, 1);
    v128.store64_lane(dst + 2 * step, b, 0);
    v128.store64_lane(dst + 3 * step, b, 1);
    dst += 4 * step;
    src += 16;
    s1 += 16;
  }
  for (; k > 0; k--) {
    store<f32>(dst, load<f32>(src));
    store<f32>(dst, load<f32>(s1), 4);
    dst += step;
    src += 4;
    s1 += 4;
  }
}

/** Packs a panel of `width` (1 … lanes) rows that are contiguous along k. */
function transposePanel(dst: usize, src: usize, k: i32, stride: usize, width: i32, lanes: i32): void {
  const step = (<usize>lanes) << 2;
  if (width == lanes) {
    transpose4(dst, src, k, stride, step);
    if (lanes == 8) transpose4(dst + 16, src + 4 * stride, k, stride, step);
    else if (ASC_FEATURE_RELAXED_SIMD && lanes == 6) transpose2(dst + 16, src + 4 * stride, k, stride, step);
    return;
  }
  for (let p = 0; p < k; p++) {
    for (let j = 0; j < lanes; j++) {
      store<f32>(dst + ((<usize>j) << 2), j < width ? load<f32>(src + <usize>j * stride + ((<usize>p) << 2)) : 0);
    }
    dst += step;
  }
}

/** Rows [0, m) x [0, k) of op(A) into panels; `a` points at the block's first element. */
export function packA(dst: usize, a: usize, m: i32, k: i32, lda: i32, transA: i32): void {
  const stride = (<usize>lda) << 2;
  const chunk = transA ? CHUNK : k;
  for (let p = 0; p < k; p += chunk) {
    const depth = min(chunk, k - p);
    for (let i = 0; i < m; ) {
      const lanes = panelRows(m - i);
      const rows = min(lanes, m - i);
      const to = dst + ((<usize>(i * k + p * lanes)) << 2);
      if (transA) copyPanel(to, a + <usize>p * stride + ((<usize>i) << 2), depth, stride, rows, lanes);
      else transposePanel(to, a + <usize>i * stride, depth, stride, rows, lanes);
      i += lanes;
    }
  }
}

/** Rows [0, k) x columns [0, n) of op(B) into panels of 8; `b` points at the block's first element. */
export function packBlockB(dst: usize, b: usize, k: i32, n: i32, ldb: i32, transB: i32): void {
  const stride = (<usize>ldb) << 2;
  for (let j = 0; j < n; j += 8) {
    const columns = min(8, n - j);
    if (transB) transposePanel(dst, b + <usize>j * stride, k, stride, columns, 8);
    else copyPanel(dst, b + ((<usize>j) << 2), k, stride, columns, 8);
    dst += (<usize>k) << 5;
  }
}

// f32_gemm_pack_b8: op(B) [k, n] for f32_gemm_packed: blocks of KC rows, in each panels of 8 columns. Writes k·ceil8(n) floats.
export function f32_gemm_pack_b8(packed: usize, b: usize, k: i32, n: i32, ldb: i32, transB: i32): void {
  const columns = (<usize>((n + 7) & ~7)) << 2;
  for (let p = 0; p < k; p += KC) {
    const rows = min(KC, k - p);
    packBlockB(packed, b + (transB ? (<usize>p) << 2 : (<usize>p * <usize>ldb) << 2), rows, n, ldb, transB);
    packed += <usize>rows * columns;
  }
}
