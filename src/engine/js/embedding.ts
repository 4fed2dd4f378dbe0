/** Embedding lookup and its gradient in TypeScript: the twins of assembly/embedding. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";

export function createEmbedding(heap: Heap): Pick<Kernels, "gatherRows" | "scatterAddRows"> {
  return {
    gatherRows(y, table, ids, count, dim, ldy) {
      const m = heap.i32;
      for (let i = 0; i < count; i++) {
        const from = (table >>> 2) + (m[(ids >>> 2) + i] as number) * dim;
        const to = (y >>> 2) + i * ldy;
        for (let j = 0; j < dim; j++) m[to + j] = m[from + j] as number;
      }
    },
    scatterAddRows(table, x, ids, count, dim, ldx, skip) {
      const m = heap.f32;
      for (let i = 0; i < count; i++) {
        const id = heap.i32[(ids >>> 2) + i] as number;
        if (id === skip) continue;
        const to = (table >>> 2) + id * dim;
        const from = (x >>> 2) + i * ldx;
        for (let j = 0; j < dim; j++) m[to + j] = (m[to + j] as number) + (m[from + j] as number);
      }
    },
  };
}
