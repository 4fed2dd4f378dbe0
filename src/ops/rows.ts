/** Walking a parameter by the rows of its row-sparse gradient. */
import type { Ptr } from "../engine/kernels.js";
import type { RowSparse } from "../tensor/row-sparse.js";

/** Zeros that stand for the gradient of other rows, so many elements at a time: they stay in the cache. */
const ZEROS = 4096;

/**
 * Calls `visit` with the gradient's address, the first element of the parameter and their number: for each run of neighbouring rows
 * that the gradient has, and, unless `lazy`, for what lies between them, with zeros.
 */
export function overRows(where: string, gradient: RowSparse, lazy: boolean, visit: (g: Ptr, start: number, n: number) => void): void {
  const { engine, shape, count, dim } = gradient;
  const values = gradient.address(where);
  const rows = gradient.rows();
  engine.scoped(() => {
    const zeros = lazy ? 0 : engine.scratch(ZEROS * 4);
    if (!lazy) engine.memory.f32.fill(0, zeros >>> 2, (zeros >>> 2) + ZEROS);
    let done = 0;
    const passTo = (start: number) => {
      for (; !lazy && done < start; done += ZEROS) visit(zeros, done, Math.min(ZEROS, start - done));
    };
    for (let i = 0; i < count; ) {
      const first = i++;
      while (i < count && rows[i] === rows[i - 1]! + 1) i++;
      const start = rows[first]! * dim;
      passTo(start);
      visit(values + first * dim * 4, start, (i - first) * dim);
      done = start + (i - first) * dim;
    }
    passTo(shape[0]! * dim);
  });
}
