// C [m, n] = beta·C + op(A)·op(B) without SIMD. B is packed in panels of 4 columns, each k·4 floats, zeros in the last one; tiles of
// 2 x 4: eight accumulators, four values of B and one of A stay within V8's fifteen registers. Elements are seeded with beta·C, then
// added to for k = 0, 1, …, as in assembly/gemm, so no cut of k is seen in the bits.

/** Rows of B that are packed at once: 4096 · 16 bytes fit the workspace. */
const KC: i32 = 4096;

function stride(count: i32): usize {
  return (<usize>count) << 2;
}

/** Columns [0, width) of a block of op(B) with `k` rows: `row` bytes from row to row, `column` from column to column. */
function packPanel(to: usize, b: usize, k: i32, row: usize, column: usize, width: i32): void {
  for (; k > 0; k--) {
    for (let j = 0; j < 4; j++) store<f32>(to + stride(j), j < width ? load<f32>(b + <usize>j * column) : 0);
    to += 16;
    b += row;
  }
}

function seed(c: usize, there: bool, beta: f32): f32 {
  return there && beta != 0 ? load<f32>(c) * beta : 0;
}

/** Two rows (or one: `two` is false) by `width` columns. */
function tile(c: usize, a: usize, panel: usize, k: i32, ldc: usize, rowA: usize, stepA: usize, two: bool, width: i32, beta: f32): void {
  const d = c + ldc;
  let c0 = seed(c, true, beta);
  let c1 = seed(c + 4, width > 1, beta);
  let c2 = seed(c + 8, width > 2, beta);
  let c3 = seed(c + 12, width > 3, beta);
  let d0 = seed(d, two, beta);
  let d1 = seed(d + 4, two && width > 1, beta);
  let d2 = seed(d + 8, two && width > 2, beta);
  let d3 = seed(d + 12, two && width > 3, beta);
  const other: usize = two ? rowA : 0;
  do {
    const b0 = load<f32>(panel);
    const b1 = load<f32>(panel, 4);
    const b2 = load<f32>(panel, 8);
    const b3 = load<f32>(panel, 12);
    const x = load<f32>(a);
    c0 += x * b0;
    c1 += x * b1;
    c2 += x * b2;
    c3 += x * b3;
    const y = load<f32>(a + other);
    d0 += y * b0;
    d1 += y * b1;
    d2 += y * b2;
    d3 += y * b3;
    a += stepA;
    panel += 16;
  } while (--k);
  store<f32>(c, c0);
  if (width > 1) store<f32>(c, c1, 4);
  if (width > 2) store<f32>(c, c2, 8);
  if (width > 3) store<f32>(c, c3, 12);
  if (!two) return;
  store<f32>(d, d0);
  if (width > 1) store<f32>(d, d1, 4);
  if (width > 2) store<f32>(d, d2, 8);
  if (width > 3) store<f32>(d, d3, 12);
}

/** All rows of one panel. */
function column(c: usize, a: usize, panel: usize, m: i32, width: i32, k: i32, lda: i32, ldc: i32, transA: i32, beta: f32): void {
  const row = transA ? <usize>4 : stride(lda);
  const step = transA ? stride(lda) : <usize>4;
  for (let i = 0; i < m; i += 2) {
    tile(c, a, panel, k, stride(ldc), row, step, i + 1 < m, width, beta);
    c += 2 * stride(ldc);
    a += 2 * row;
  }
}

/** beta·C where there is nothing to add. */
function scale(c: usize, m: i32, n: i32, ldc: i32, beta: f32): void {
  for (let i = 0; i < m; i++) {
    for (let j: usize = 0; j < stride(n); j += 4) store<f32>(c + j, beta == 0 ? 0 : load<f32>(c + j) * beta);
    c += stride(ldc);
  }
}

export function packB(packed: usize, b: usize, k: i32, n: i32, ldb: i32, transB: i32): void {
  const row = transB ? <usize>4 : stride(ldb);
  const across = transB ? stride(ldb) : <usize>4;
  for (let j = 0; j < n; j += 4) {
    packPanel(packed, b + <usize>j * across, k, row, across, min(4, n - j));
    packed += (<usize>k) << 4;
  }
}

export function gemmPacked(
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
  _work: usize,
): void {
  if (bias) {
    for (let i = 0; i < m; i++) memory.copy(c + <usize>i * stride(ldc), bias, stride(n));
    beta = 1;
  }
  if (k == 0) {
    scale(c, m, n, ldc, beta);
    return;
  }
  for (let j = 0; j < n; j += 4) {
    column(c + stride(j), a, packed, m, min(4, n - j), k, lda, ldc, 0, beta);
    packed += (<usize>k) << 4;
  }
}

export function gemm(
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
  if (k == 0) {
    scale(c, m, n, ldc, beta);
    return;
  }
  const row = transB ? <usize>4 : stride(ldb);
  const across = transB ? stride(ldb) : <usize>4;
  for (let j = 0; j < n; j += 4) {
    let factor = beta;
    for (let p = 0; p < k; p += KC) {
      const depth = min(KC, k - p);
      const width = min(4, n - j);
      packPanel(work, b + <usize>j * across + <usize>p * row, depth, row, across, width);
      const left = a + <usize>p * (transA ? stride(lda) : <usize>4);
      column(c + stride(j), left, work, m, width, depth, lda, ldc, transA, factor);
      factor = 1;
    }
  }
}
