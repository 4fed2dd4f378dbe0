/** Strided copies and sums in TypeScript: the twins of assembly/copy. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";

export function createCopy(heap: Heap): Pick<Kernels, "copyStrided" | "addStrided"> {
  return {
    copyStrided(y, x, rows, cols, yRow, yCol, xRow, xCol) {
      const m = heap.i32;
      for (let r = 0; r < rows; r++) {
        const to = (y >>> 2) + r * yRow;
        const from = (x >>> 2) + r * xRow;
        if (yCol === 1 && xCol === 1) m.copyWithin(to, from, from + cols);
        else for (let c = 0; c < cols; c++) m[to + c * yCol] = m[from + c * xCol] as number;
      }
    },
    addStrided(y, x, rows, cols, yRow, yCol, xRow, xCol) {
      const m = heap.f32;
      for (let r = 0; r < rows; r++) {
        const to = (y >>> 2) + r * yRow;
        const from = (x >>> 2) + r * xRow;
        for (let c = 0; c < cols; c++) m[to + c * yCol] = (m[to + c * yCol] as number) + (m[from + c * xCol] as number);
      }
    },
  };
}
