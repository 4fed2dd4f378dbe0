/** Normalising rows in TypeScript: the twin of assembly/norm. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";

const f = Math.fround;

/** Sum of term(i), i < n, in float64 over four lanes that end as (l0 + l1) + (l2 + l3). */
function total(n: number, term: (i: number) => number): number {
  const lanes = new Float64Array(4);
  for (let i = 0; i < n; i++) lanes[i & 3]! += term(i);
  return lanes[0]! + lanes[1]! + (lanes[2]! + lanes[3]!);
}

export function createNormalize(heap: Heap): Pick<Kernels, "normalize" | "normalizeGrad"> {
  return {
    normalize(y, scales, x, rows, n, eps) {
      const v = heap.f32;
      for (let r = 0; r < rows; r++) {
        const [from, to] = [(x >>> 2) + r * n, (y >>> 2) + r * n];
        const m = f(total(n, (i) => v[from + i]!) / n);
        const square = (i: number) => {
          const d = f(v[from + i]! - m);
          return d * d;
        };
        const s = f(1 / Math.sqrt(total(n, square) / n + f(eps)));
        v[(scales >>> 2) + r] = s;
        for (let i = 0; i < n; i++) v[to + i] = f(v[from + i]! - m) * s;
      }
    },
    normalizeGrad(dx, dy, y, scales, rows, n, beta) {
      const v = heap.f32;
      for (let r = 0; r < rows; r++) {
        const [to, gradient, normal] = [dx, dy, y].map((ptr) => (ptr >>> 2) + r * n) as [number, number, number];
        const s = v[(scales >>> 2) + r]!;
        const c = f(total(n, (i) => v[gradient + i]!) / n);
        const d = f(total(n, (i) => v[gradient + i]! * v[normal + i]!) / n);
        for (let i = 0; i < n; i++) {
          const value = f(s * f(f(v[gradient + i]! - c) - f(v[normal + i]! * d)));
          v[to + i] = beta === 0 ? value : f(f(beta) * v[to + i]!) + value;
        }
      }
    },
  };
}
