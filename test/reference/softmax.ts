/** Softmax and cross-entropy of one row in float64. */
export function logSoftmaxRow(x: ArrayLike<number>): number[] {
  const values = Array.from(x);
  const top = Math.max(...values);
  const logSum = Math.log(values.reduce((sum, v) => sum + Math.exp(v - top), 0));
  return values.map((v) => v - top - logSum);
}

export interface CrossEntropyRow {
  readonly loss: number;
  /** d loss / d logits */
  readonly grad: number[];
}

/** PyTorch's definition before reduction: (1-e)·w[y]·(-log p_y) + e/n·sum_c w_c·(-log p_c). */
export function crossEntropyRow(x: ArrayLike<number>, target: number, weights: ArrayLike<number>, smoothing: number): CrossEntropyRow {
  const logp = logSoftmaxRow(x);
  const n = logp.length;
  // The loss is -sum q_c·log p_c, its gradient p_k·sum(q) - q_k.
  const q = logp.map((_, c) => (smoothing / n) * weights[c]! + (c === target ? (1 - smoothing) * weights[c]! : 0));
  const total = q.reduce((sum, v) => sum + v, 0);
  return { loss: -logp.reduce((sum, v, c) => sum + q[c]! * v, 0), grad: logp.map((v, c) => Math.exp(v) * total - q[c]!) };
}
