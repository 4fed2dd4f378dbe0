/** Sums and maxima in TypeScript: the twins of assembly/reduce, with the same blocks and lanes. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";

const f = Math.fround;
const BLOCK = 256;
const BLOCK_ROWS = 64;
const BLOCK_SQUARES = 1024;

/** Four lanes, lane j takes elements j, j+4, …, ended as (l0 + l1) + (l2 + l3). */
function blockSum(m: Float32Array, x: number, n: number): number {
  let l0 = 0;
  let l1 = 0;
  let l2 = 0;
  let l3 = 0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    l0 = f(l0 + (m[x + i] as number));
    l1 = f(l1 + (m[x + i + 1] as number));
    l2 = f(l2 + (m[x + i + 2] as number));
    l3 = f(l3 + (m[x + i + 3] as number));
  }
  if (i < n) l0 = f(l0 + (m[x + i] as number));
  if (i + 1 < n) l1 = f(l1 + (m[x + i + 1] as number));
  if (i + 2 < n) l2 = f(l2 + (m[x + i + 2] as number));
  return f(f(l0 + l1) + f(l2 + l3));
}

/** Sum of n elements `stride` apart, in blocks of 64. */
function columnSum(m: Float32Array, x: number, n: number, stride: number): number {
  let total = 0;
  for (let k = 0; k < n; k += BLOCK_ROWS) {
    let sum = 0;
    for (let r = k, end = Math.min(n, k + BLOCK_ROWS); r < end; r++) sum = f(sum + (m[x + r * stride] as number));
    total = f(total + sum);
  }
  return total;
}

export function createReduce(heap: Heap): Pick<Kernels, "reduceSum" | "reduceMax" | "sumSquares" | "sumSquaresRows"> {
  return {
    reduceSum(y, x, outer, n, inner, alpha, beta) {
      const m = heap.f32;
      const a = f(alpha);
      const b = f(beta);
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < inner; j++) {
          const from = (x >>> 2) + o * n * inner + j;
          let total = 0;
          if (inner === 1) for (let k = 0; k < n; k += BLOCK) total = f(total + blockSum(m, from + k, Math.min(BLOCK, n - k)));
          else total = columnSum(m, from, n, inner);
          const to = (y >>> 2) + o * inner + j;
          m[to] = b === 0 ? a * total : f(b * (m[to] as number)) + f(a * total);
        }
      }
    },
    reduceMax(y, index, x, outer, n, inner) {
      const m = heap.f32;
      for (let o = 0; o < outer; o++) {
        for (let j = 0; j < inner; j++) {
          const from = (x >>> 2) + o * n * inner + j;
          let best = m[from] as number;
          let place = 0;
          for (let k = 1; k < n && !Number.isNaN(best); k++) {
            const value = m[from + k * inner] as number;
            if (value <= best) continue;
            best = value;
            place = k;
          }
          m[(y >>> 2) + o * inner + j] = best;
          if (index !== 0) heap.i32[(index >>> 2) + o * inner + j] = place;
        }
      }
    },
    sumSquares(x, n) {
      const m = heap.f32;
      let total = 0;
      for (let k = 0; k < n; k += BLOCK_SQUARES) {
        let l0 = 0;
        let l1 = 0;
        const end = Math.min(n, k + BLOCK_SQUARES);
        for (let i = k; i < end; i += 2) {
          const v = m[(x >>> 2) + i] as number;
          l0 += v * v;
          if (i + 1 === end) break;
          const w = m[(x >>> 2) + i + 1] as number;
          l1 += w * w;
        }
        total += l0 + l1;
      }
      return total;
    },
    sumSquaresRows(x, rows, n, dim) {
      const m = heap.f32;
      let [total, even, odd, block] = [0, 0, 0, 0];
      for (let r = 0; r < n; r++) {
        const first = (heap.i32[(rows >>> 2) + r] as number) * dim;
        for (let j = 0; j < dim; j++) {
          const own = Math.floor((first + j) / BLOCK_SQUARES);
          if (own !== block) {
            total += even + odd;
            [even, odd, block] = [0, 0, own];
          }
          const value = m[(x >>> 2) + r * dim + j] as number;
          if ((first + j) % 2 === 1) odd += value * value;
          else even += value * value;
        }
      }
      return total + (even + odd);
    },
  };
}
