/** Multi-head attention of one row in float64, after PyTorch's formulas. */
import { dense, type Vector } from "./sequence.js";

export interface AttentionWeights {
  readonly heads: number;
  readonly q: ArrayLike<number>;
  readonly k: ArrayLike<number>;
  readonly v: ArrayLike<number>;
  readonly out: ArrayLike<number>;
  /** of q, k, v. */
  readonly biases: readonly [Vector, Vector, Vector] | null;
  readonly outBias: ArrayLike<number> | undefined;
}

/**
 * @param added score of head h, step t and key s: what a mask adds, -Infinity where it hides
 * @returns output [T][E], and weights [heads][T][S]; a step that sees nothing has weights 0
 */
export function attend(
  w: AttentionWeights,
  query: readonly Vector[],
  key: readonly Vector[],
  value: readonly Vector[],
  added: (head: number, t: number, s: number) => number,
): { output: number[][]; weights: number[][][] } {
  const project = (x: readonly Vector[], matrix: ArrayLike<number>, index: number) => x.map((row) => dense(row, matrix, w.biases?.[index]));
  const [q, k, v] = [project(query, w.q, 0), project(key, w.k, 1), project(value, w.v, 2)];
  const width = q[0]!.length / w.heads;
  const head = (row: Vector, h: number) => row.slice(h * width, (h + 1) * width);
  const weights = Array.from({ length: w.heads }, (_, h) =>
    q.map((row, t) => {
      const scores = k.map((other, s) => {
        const hidden = added(h, t, s);
        if (hidden === Number.NEGATIVE_INFINITY) return hidden;
        return head(row, h).reduce((sum, x, i) => sum + x * head(other, h)[i]!, 0) / Math.sqrt(width) + hidden;
      });
      const top = Math.max(...scores);
      if (top === Number.NEGATIVE_INFINITY) return scores.map(() => 0);
      const exps = scores.map((score) => Math.exp(score - top));
      const total = exps.reduce((a, b) => a + b, 0);
      return exps.map((e) => e / total);
    }),
  );
  const output = q.map((_, t) => {
    const joined = weights.flatMap((own, h) =>
      Array.from({ length: width }, (_, i) => own[t]!.reduce((sum, a, s) => sum + (a === 0 ? 0 : a * head(v[s]!, h)[i]!), 0)),
    );
    return dense(joined, w.out, w.outBias);
  });
  return { output, weights };
}
