/**
 * Matrix products in TypeScript, the twin of assembly/gemm: the same packs (A in panels of 4 rows, B in panels of 8 columns, k in
 * blocks of KC) and one accumulator an element, to which the rounded products are added for k = 0, 1, ….
 * The tile is 4x4: 2.40 GFLOP/s at 256 on Node 20, against 2.35 for 2x4 and 2.34 for 4x2.
 */
import type { Heap } from "../heap.js";
import type { Kernels, Ptr } from "../kernels.js";

const f = Math.fround;

const KC = 256;
const MC = 128;
const NC = 1024;
/** Floats of the workspace before packed B and before the 4x8 tile of the edges. */
const WORK_B = MC * KC;
const WORK_TILE = MC * KC + KC * NC;

type Gemm = Pick<Kernels, "gemm" | "packB" | "gemmPacked">;

// In the helpers a, b, c, … are element indices.

/** `width` (up to `lanes`) values for every k, `alongK` apart from k to k and `across` from lane to lane; the other lanes are 0. */
function packPanel(
  m: Float32Array, to: number, from: number, k: number, alongK: number, across: number, width: number, lanes: number,
): void {
  for (let p = 0; p < k; p++, to += lanes, from += alongK) {
    for (let j = 0; j < width; j++) m[to + j] = m[from + j * across] as number;
    for (let j = width; j < lanes; j++) m[to + j] = 0;
  }
}

function packA(m: Float32Array, to: number, a: number, rows: number, k: number, lda: number, transA: number): void {
  const [alongK, across] = transA ? [lda, 1] : [1, lda];
  for (let i = 0; i < rows; i += 4, to += 4 * k) packPanel(m, to, a + i * across, k, alongK, across, Math.min(4, rows - i), 4);
}

function packBlockB(m: Float32Array, to: number, b: number, k: number, n: number, ldb: number, transB: number): void {
  const [alongK, across] = transB ? [1, ldb] : [ldb, 1];
  for (let j = 0; j < n; j += 8, to += 8 * k) packPanel(m, to, b + j * across, k, alongK, across, Math.min(8, n - j), 8);
}

/** C [4, 4] = beta·C + A·B over a panel of A and half a panel of B. */
function tile4x4(m: Float32Array, k: number, a: number, b: number, c: number, ldc: number, beta: number): void {
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
  for (const end = a + 4 * k; a < end; a += 4, b += 8) {
    const b0 = m[b] as number;
    const b1 = m[b + 1] as number;
    const b2 = m[b + 2] as number;
    const b3 = m[b + 3] as number;
    const a0 = m[a] as number;
    r00 = f(r00 + f(a0 * b0));
    r01 = f(r01 + f(a0 * b1));
    r02 = f(r02 + f(a0 * b2));
    r03 = f(r03 + f(a0 * b3));
    const a1 = m[a + 1] as number;
    r10 = f(r10 + f(a1 * b0));
    r11 = f(r11 + f(a1 * b1));
    r12 = f(r12 + f(a1 * b2));
    r13 = f(r13 + f(a1 * b3));
    const a2 = m[a + 2] as number;
    r20 = f(r20 + f(a2 * b0));
    r21 = f(r21 + f(a2 * b1));
    r22 = f(r22 + f(a2 * b2));
    r23 = f(r23 + f(a2 * b3));
    const a3 = m[a + 3] as number;
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

/** One row: y [4] = beta·y + a·B over half a panel. */
function row4(m: Float32Array, k: number, a: number, b: number, y: number, beta: number): void {
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  if (beta !== 0) {
    r0 = f((m[y] as number) * beta);
    r1 = f((m[y + 1] as number) * beta);
    r2 = f((m[y + 2] as number) * beta);
    r3 = f((m[y + 3] as number) * beta);
  }
  for (const end = a + k; a < end; a++, b += 8) {
    const x = m[a] as number;
    r0 = f(r0 + f(x * (m[b] as number)));
    r1 = f(r1 + f(x * (m[b + 1] as number)));
    r2 = f(r2 + f(x * (m[b + 2] as number)));
    r3 = f(r3 + f(x * (m[b + 3] as number)));
  }
  m[y] = r0;
  m[y + 1] = r1;
  m[y + 2] = r2;
  m[y + 3] = r3;
}

function copyTile(m: Float32Array, to: number, ldTo: number, from: number, ldFrom: number, rows: number, columns: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) m[to + i * ldTo + j] = m[from + i * ldFrom + j] as number;
}

/** Rows of A that are not yet packed against packed panels. */
function block(
  m: Float32Array, c: number, a: number, panels: number, rows: number, n: number, k: number, lda: number, ldc: number,
  transA: number, beta: number, work: number,
): void {
  const tile = work + WORK_TILE;
  for (let i = 0; i < rows; i += MC) {
    const inBlock = Math.min(MC, rows - i);
    packA(m, work, a + (transA ? i : i * lda), inBlock, k, lda, transA);
    for (let j = 0; j < n; j += 4) {
      const columns = Math.min(4, n - j);
      const panel = panels + (j & ~7) * k + (j & 4);
      for (let r = 0; r < inBlock; r += 4) {
        const count = Math.min(4, inBlock - r);
        const to = c + (i + r) * ldc + j;
        if (count === 4 && columns === 4) tile4x4(m, k, work + r * k, panel, to, ldc, beta);
        else {
          if (beta !== 0) copyTile(m, tile, 4, to, ldc, count, columns);
          tile4x4(m, k, work + r * k, panel, tile, 4, beta);
          copyTile(m, to, ldc, tile, 4, count, columns);
        }
      }
    }
  }
}

function rowBlock(m: Float32Array, c: number, a: number, panels: number, n: number, k: number, beta: number, tile: number): void {
  for (let j = 0; j < n; j += 4) {
    const columns = Math.min(4, n - j);
    const panel = panels + (j & ~7) * k + (j & 4);
    if (columns === 4) row4(m, k, a, panel, c + j, beta);
    else {
      if (beta !== 0) copyTile(m, tile, 4, c + j, 4, 1, columns);
      row4(m, k, a, panel, tile, beta);
      copyTile(m, c + j, 4, tile, 4, 1, columns);
    }
  }
}

/** beta·C where there is nothing to add. */
function scale(m: Float32Array, c: number, rows: number, n: number, ldc: number, beta: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) m[c + i * ldc + j] = beta === 0 ? 0 : (m[c + i * ldc + j] as number) * beta;
}

export function createGemm(heap: Heap): Gemm {
  const at = (ptr: Ptr) => ptr >>> 2;
  return {
    packB(packed, b, k, n, ldb, transB) {
      let to = at(packed);
      for (let p = 0; p < k; p += KC) {
        const rows = Math.min(KC, k - p);
        packBlockB(heap.f32, to, at(b) + (transB ? p : p * ldb), rows, n, ldb, transB);
        to += rows * ((n + 7) & ~7);
      }
    },
    gemmPacked(c, a, packed, m, n, k, lda, ldc, transA, beta, work) {
      const { f32 } = heap;
      let seed = f(beta);
      if (k === 0) scale(f32, at(c), m, n, ldc, seed);
      let panels = at(packed);
      for (let p = 0; p < k; p += KC) {
        const depth = Math.min(KC, k - p);
        if (m < 4 && !transA) {
          for (let i = 0; i < m; i++) rowBlock(f32, at(c) + i * ldc, at(a) + i * lda + p, panels, n, depth, seed, at(work) + WORK_TILE);
        } else block(f32, at(c), at(a) + (transA ? p * lda : p), panels, m, n, depth, lda, ldc, transA, seed, at(work));
        panels += depth * ((n + 7) & ~7);
        seed = 1;
      }
    },
    gemm(c, a, b, m, n, k, lda, ldb, ldc, transA, transB, beta, work) {
      const { f32 } = heap;
      if (k === 0) scale(f32, at(c), m, n, ldc, f(beta));
      for (let j = 0; j < n; j += NC) {
        const columns = Math.min(NC, n - j);
        let seed = f(beta);
        for (let p = 0; p < k; p += KC) {
          const depth = Math.min(KC, k - p);
          packBlockB(f32, at(work) + WORK_B, at(b) + (transB ? j * ldb + p : p * ldb + j), depth, columns, ldb, transB);
          block(f32, at(c) + j, at(a) + (transA ? p * lda : p), at(work) + WORK_B, m, columns, depth, lda, ldc, transA, seed, at(work));
          seed = 1;
        }
      }
    },
  };
}
