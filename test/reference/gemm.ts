/** Float64 product beta·C + op(A)·op(B), and the sum of absolute values that bounds its error. */
export interface GemmArguments {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly c: Float32Array;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lda: number;
  readonly ldb: number;
  readonly ldc: number;
  readonly transA: number;
  readonly transB: number;
  readonly beta: number;
}

export function gemmReference({ a, b, c, m, n, k, lda, ldb, ldc, transA, transB, beta }: GemmArguments) {
  const values = new Float64Array(c.length);
  const sizes = new Float64Array(c.length);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * ldc + j;
      values[at] = beta === 0 ? 0 : beta * c[at]!;
      sizes[at] = Math.abs(values[at]!);
      for (let p = 0; p < k; p++) {
        const product = a[transA ? p * lda + i : i * lda + p]! * b[transB ? j * ldb + p : p * ldb + j]!;
        values[at]! += product;
        sizes[at]! += Math.abs(product);
      }
    }
  }
  return { values, sizes };
}
