/**
 * Matrix products in TypeScript, the twin of assembly/gemm: the same layout of packed B (panels of 8 columns, k in blocks of KC) and
 * one accumulator an element, to which the rounded products are added for k = 0, 1, ….
 *
 * Products are taken in float64 and rounded, so the panels are widened once instead of at every use (6 % at 256 on Node 20). The
 * conversions of the two roundings set the pace: tiles from 2x4 to 4x8 all reach 2.2 to 2.5 GFLOP/s there.
 */
import type { Heap } from "../heap.js";
import type { Kernels, Ptr } from "../kernels.js";

const f = Math.fround;

const KC = 256;
/** Rows of A that are widened at a time. */
const MC = 128;

type Gemm = Pick<Kernels, "gemm" | "packB" | "gemmPacked">;

/** Private memory of one set of kernels. */
interface Scratch {
  /** Rows of A in panels of 4. */
  readonly rows: Float64Array;
  /** Four columns of B. */
  readonly columns: Float64Array;
  /** A tile over the edge of C. */
  readonly edge: Float32Array;
}

/** Four columns of op(B) in the heap: element (p, j) lies at start + p·alongK + j·across. */
interface Columns {
  readonly start: number;
  readonly alongK: number;
  readonly across: number;
}

// In the helpers a, b, c, … are element indices.

/** `width` (up to 4) values for every k, `alongK` apart from k to k and `across` from lane to lane; the other lanes are 0. */
function widen(
  m: Float32Array,
  out: Float64Array,
  to: number,
  from: number,
  k: number,
  alongK: number,
  across: number,
  width: number,
): void {
  if (width === 4) {
    const second = 2 * across;
    const third = 3 * across;
    for (const end = to + 4 * k; to < end; to += 4, from += alongK) {
      out[to] = m[from] as number;
      out[to + 1] = m[from + across] as number;
      out[to + 2] = m[from + second] as number;
      out[to + 3] = m[from + third] as number;
    }
    return;
  }
  for (let p = 0; p < k; p++, to += 4, from += alongK) {
    for (let j = 0; j < width; j++) out[to + j] = m[from + j * across] as number;
    for (let j = width; j < 4; j++) out[to + j] = 0;
  }
}

/** C [4, 4] = beta·C + A·B over widened panels of 4 rows and 4 columns. */
function tile4x4(
  m: Float32Array,
  k: number,
  rows: Float64Array,
  a: number,
  columns: Float64Array,
  c: number,
  ldc: number,
  beta: number,
): void {
  const c1 = c + ldc;
  const c2 = c1 + ldc;
  const c3 = c2 + ldc;
  let r00 = 0;
  let r01 = 0;
  let r02 = 0;
  let r03 = 0;
  let r10 = 0;
  let r11 = 0;
  let r12 = 0;
  let r13 = 0;
  let r20 = 0;
  let r21 = 0;
  let r22 = 0;
  let r23 = 0;
  let r30 = 0;
  let r31 = 0;
  let r32 = 0;
  let r33 = 0;
  if (beta !== 0) {
    r00 = f((m[c] as number) * beta);
    r01 = f((m[c + 1] as number) * beta);
    r02 = f((m[c + 2] as number) * beta);
    r03 = f((m[c + 3] as number) * beta);
    r10 = f((m[c1] as number) * beta);
    r11 = f((m[c1 + 1] as number) * beta);
    r12 = f((m[c1 + 2] as number) * beta);
    r13 = f((m[c1 + 3] as number) * beta);
    r20 = f((m[c2] as number) * beta);
    r21 = f((m[c2 + 1] as number) * beta);
    r22 = f((m[c2 + 2] as number) * beta);
    r23 = f((m[c2 + 3] as number) * beta);
    r30 = f((m[c3] as number) * beta);
    r31 = f((m[c3 + 1] as number) * beta);
    r32 = f((m[c3 + 2] as number) * beta);
    r33 = f((m[c3 + 3] as number) * beta);
  }
  for (let b = 0, end = 4 * k; b < end; a += 4, b += 4) {
    const b0 = columns[b] as number;
    const b1 = columns[b + 1] as number;
    const b2 = columns[b + 2] as number;
    const b3 = columns[b + 3] as number;
    const a0 = rows[a] as number;
    r00 = f(r00 + f(a0 * b0));
    r01 = f(r01 + f(a0 * b1));
    r02 = f(r02 + f(a0 * b2));
    r03 = f(r03 + f(a0 * b3));
    const a1 = rows[a + 1] as number;
    r10 = f(r10 + f(a1 * b0));
    r11 = f(r11 + f(a1 * b1));
    r12 = f(r12 + f(a1 * b2));
    r13 = f(r13 + f(a1 * b3));
    const a2 = rows[a + 2] as number;
    r20 = f(r20 + f(a2 * b0));
    r21 = f(r21 + f(a2 * b1));
    r22 = f(r22 + f(a2 * b2));
    r23 = f(r23 + f(a2 * b3));
    const a3 = rows[a + 3] as number;
    r30 = f(r30 + f(a3 * b0));
    r31 = f(r31 + f(a3 * b1));
    r32 = f(r32 + f(a3 * b2));
    r33 = f(r33 + f(a3 * b3));
  }
  m[c] = r00;
  m[c + 1] = r01;
  m[c + 2] = r02;
  m[c + 3] = r03;
  m[c1] = r10;
  m[c1 + 1] = r11;
  m[c1 + 2] = r12;
  m[c1 + 3] = r13;
  m[c2] = r20;
  m[c2 + 1] = r21;
  m[c2 + 2] = r22;
  m[c2 + 3] = r23;
  m[c3] = r30;
  m[c3 + 1] = r31;
  m[c3 + 2] = r32;
  m[c3 + 3] = r33;
}

/** One row: y [4] = beta·y + a·B over half a packed panel; y lies in `out`. */
function row4(m: Float32Array, k: number, a: number, b: number, out: Float32Array, y: number, beta: number): void {
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  if (beta !== 0) {
    r0 = f((out[y] as number) * beta);
    r1 = f((out[y + 1] as number) * beta);
    r2 = f((out[y + 2] as number) * beta);
    r3 = f((out[y + 3] as number) * beta);
  }
  for (const end = a + k; a < end; a++, b += 8) {
    const x = m[a] as number;
    r0 = f(r0 + f(x * (m[b] as number)));
    r1 = f(r1 + f(x * (m[b + 1] as number)));
    r2 = f(r2 + f(x * (m[b + 2] as number)));
    r3 = f(r3 + f(x * (m[b + 3] as number)));
  }
  out[y] = r0;
  out[y + 1] = r1;
  out[y + 2] = r2;
  out[y + 3] = r3;
}

function copyTile(
  out: Float32Array,
  to: number,
  ldTo: number,
  m: Float32Array,
  from: number,
  ldFrom: number,
  rows: number,
  columns: number,
): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[to + i * ldTo + j] = m[from + i * ldFrom + j] as number;
}

/** C [rows, n] = beta·C + A·B for one block of k; `panel` says where four columns of B lie. */
function block(
  m: Float32Array,
  { rows: left, columns: right, edge }: Scratch,
  c: number,
  a: number,
  panel: (j: number) => Columns,
  rows: number,
  n: number,
  k: number,
  lda: number,
  ldc: number,
  transA: number,
  beta: number,
): void {
  const [alongK, across] = transA ? [lda, 1] : [1, lda];
  for (let i = 0; i < rows; i += MC) {
    const inBlock = Math.min(MC, rows - i);
    for (let r = 0; r < inBlock; r += 4) widen(m, left, r * k, a + (i + r) * across, k, alongK, across, Math.min(4, inBlock - r));
    for (let j = 0; j < n; j += 4) {
      const width = Math.min(4, n - j);
      const { start, alongK: step, across: gap } = panel(j);
      widen(m, right, 0, start, k, step, gap, width);
      for (let r = 0; r < inBlock; r += 4) {
        const count = Math.min(4, inBlock - r);
        const to = c + (i + r) * ldc + j;
        if (count === 4 && width === 4) tile4x4(m, k, left, r * k, right, to, ldc, beta);
        else {
          if (beta !== 0) copyTile(edge, 0, 4, m, to, ldc, count, width);
          tile4x4(edge, k, left, r * k, right, 0, 4, beta);
          copyTile(m, to, ldc, edge, 0, 4, count, width);
        }
      }
    }
  }
}

/** One row against packed panels: nothing is widened that is used once. */
function rowBlock(m: Float32Array, edge: Float32Array, c: number, a: number, panels: number, n: number, k: number, beta: number): void {
  for (let j = 0; j < n; j += 4) {
    const width = Math.min(4, n - j);
    const panel = panels + (j & ~7) * k + (j & 4);
    if (width === 4) row4(m, k, a, panel, m, c + j, beta);
    else {
      if (beta !== 0) copyTile(edge, 0, 4, m, c + j, 4, 1, width);
      row4(m, k, a, panel, edge, 0, beta);
      copyTile(m, c + j, 4, edge, 0, 4, 1, width);
    }
  }
}

/** beta·C where there is nothing to add. */
function scale(m: Float32Array, c: number, rows: number, n: number, ldc: number, beta: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) m[c + i * ldc + j] = beta === 0 ? 0 : (m[c + i * ldc + j] as number) * beta;
}

/** Rows [0, k) of op(B) in panels of 8 columns, the last filled with zeros. */
function packBlock(m: Float32Array, to: number, b: number, k: number, n: number, alongK: number, across: number): void {
  for (let j = 0; j < n; j += 8) {
    const width = Math.min(8, n - j);
    for (let p = 0; p < k; p++, to += 8) {
      for (let i = 0; i < 8; i++) m[to + i] = i < width ? (m[b + p * alongK + (j + i) * across] as number) : 0;
    }
  }
}

export function createGemm(heap: Heap): Gemm {
  const at = (ptr: Ptr) => ptr >>> 2;
  const scratch: Scratch = { rows: new Float64Array(MC * KC), columns: new Float64Array(4 * KC), edge: new Float32Array(16) };
  return {
    packB(packed, b, k, n, ldb, transB) {
      let to = at(packed);
      for (let p = 0; p < k; p += KC) {
        const rows = Math.min(KC, k - p);
        packBlock(heap.f32, to, at(b) + (transB ? p : p * ldb), rows, n, transB ? 1 : ldb, transB ? ldb : 1);
        to += rows * ((n + 7) & ~7);
      }
    },
    gemmPacked(c, a, packed, m, n, k, lda, ldc, bias, beta) {
      const { f32 } = heap;
      let seed = f(beta);
      if (bias !== 0) {
        for (let i = 0; i < m; i++) f32.copyWithin(at(c) + i * ldc, at(bias), at(bias) + n);
        seed = 1;
      }
      if (k === 0) scale(f32, at(c), m, n, ldc, seed);
      let panels = at(packed);
      for (let p = 0; p < k; p += KC) {
        const depth = Math.min(KC, k - p);
        const first = panels;
        if (m < 4) {
          for (let i = 0; i < m; i++) rowBlock(f32, scratch.edge, at(c) + i * ldc, at(a) + i * lda + p, panels, n, depth, seed);
        } else {
          const panel = (j: number) => ({ start: first + (j & ~7) * depth + (j & 4), alongK: 8, across: 1 });
          block(f32, scratch, at(c), at(a) + p, panel, m, n, depth, lda, ldc, 0, seed);
        }
        panels += depth * ((n + 7) & ~7);
        seed = 1;
      }
    },
    gemm(c, a, b, m, n, k, lda, ldb, ldc, transA, transB, beta) {
      const { f32 } = heap;
      let seed = f(beta);
      if (k === 0) scale(f32, at(c), m, n, ldc, seed);
      for (let p = 0; p < k; p += KC) {
        const depth = Math.min(KC, k - p);
        const panel = (j: number) => ({
          start: at(b) + (transB ? j * ldb + p : p * ldb + j),
          alongK: transB ? 1 : ldb,
          across: transB ? ldb : 1,
        });
        block(f32, scratch, at(c), at(a) + (transA ? p * lda : p), panel, m, n, depth, lda, ldc, transA, seed);
        seed = 1;
      }
    },
  };
}
