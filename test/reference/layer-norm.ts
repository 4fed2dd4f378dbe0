/** Layer normalisation of one row in float64, and its gradient. */
export function normalizeRow(x: ArrayLike<number>, eps: number): { y: number[]; scale: number } {
  const values = Array.from(x);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const scale = 1 / Math.sqrt(variance + eps);
  return { y: values.map((v) => (v - mean) * scale), scale };
}

/** d sum(dy·y) / dx by the Jacobian: dy_j/dx_i = s·(δ_ij - 1/n - y_i·y_j/n). */
export function normalizeRowGrad(x: ArrayLike<number>, dy: ArrayLike<number>, eps: number): number[] {
  const { y, scale } = normalizeRow(x, eps);
  const n = y.length;
  return y.map((yi, i) => y.reduce((sum, yj, j) => sum + dy[j]! * scale * ((i === j ? 1 : 0) - 1 / n - (yi * yj) / n), 0));
}

/** normalizeRow times weight plus bias. */
export const layerNormRow = (x: ArrayLike<number>, weight: ArrayLike<number>, bias: ArrayLike<number>, eps: number): number[] =>
  normalizeRow(x, eps).y.map((v, i) => v * weight[i]! + bias[i]!);
