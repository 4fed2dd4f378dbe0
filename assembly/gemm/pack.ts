// Packing for the tiles: B in panels of 8 columns; per k the panel's values are neighbours. The last panel is filled with zeros, whose
// products land in the scratch tile and are dropped. A is read as it lies, by rows, and brought into rows where it is stored the other way.

/** Rows of a k block: packs of B are cut into blocks of KC, so that a panel stays in the first cache. */
export const KC: i32 = 256;
/** Rows of B that are cut into panels at a time: few enough that a line is still in the first cache for the next panel, whatever the stride. */
const CHUNK: i32 = 8;
/** Bytes from row to row of a block of A that was brought into rows: KC values and a line, so that rows do not meet in one set of the cache. */
export const ROW: usize = 1088;

/** Copies a panel whose values for one k are neighbours in the source: `width` (1 … 8) of them, then zeros. */
function copyPanel(dst: usize, src: usize, k: i32, stride: usize, width: i32): void {
  for (; k > 0; k--) {
    if (width == 8) {
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
    } else {
      for (let j = 0; j < 8; j++) store<f32>(dst + ((<usize>j) << 2), j < width ? load<f32>(src + ((<usize>j) << 2)) : 0);
    }
    dst += 32;
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

/** Packs a panel of `width` (1 … 8) rows that are contiguous along k. */
function transposePanel(dst: usize, src: usize, k: i32, stride: usize, width: i32): void {
  if (width == 8) {
    transpose4(dst, src, k, stride, 32);
    transpose4(dst + 16, src + 4 * stride, k, stride, 32);
    return;
  }
  for (let p = 0; p < k; p++) {
    for (let j = 0; j < 8; j++) {
      store<f32>(dst + ((<usize>j) << 2), j < width ? load<f32>(src + <usize>j * stride + ((<usize>p) << 2)) : 0);
    }
    dst += 32;
  }
}

/** A block of A that is stored [k, m], as rows [m, k] that lie ROW bytes apart. */
export function transposeA(dst: usize, a: usize, m: i32, k: i32, lda: i32): void {
  const stride = (<usize>lda) << 2;
  for (; k >= 4; k -= 4) {
    transpose4(dst, a, m, stride, ROW);
    dst += 16;
    a += 4 * stride;
  }
  for (; k > 0; k--) {
    for (let i = 0; i < m; i++) store<f32>(dst + <usize>i * ROW, load<f32>(a + ((<usize>i) << 2)));
    dst += 4;
    a += stride;
  }
}

/** Rows [0, k) x columns [0, n) of op(B) into panels of 8; `b` points at the block's first element. */
export function packBlockB(dst: usize, b: usize, k: i32, n: i32, ldb: i32, transB: i32): void {
  const stride = (<usize>ldb) << 2;
  const chunk = transB ? k : CHUNK;
  for (let p = 0; p < k; p += chunk) {
    const depth = min(chunk, k - p);
    for (let j = 0; j < n; j += 8) {
      const columns = min(8, n - j);
      const to = dst + ((<usize>(j * k + 8 * p)) << 2);
      if (transB) transposePanel(to, b + <usize>j * stride, depth, stride, columns);
      else copyPanel(to, b + <usize>p * stride + ((<usize>j) << 2), depth, stride, columns);
    }
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
