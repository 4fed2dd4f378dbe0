/** Least squares in float64: each value from the `order` before it and a constant, by the normal equations. */

function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let i = 0; i < n; i++) {
    const pivot = rows.reduce((best, row, r) => (r >= i && Math.abs(row[i]!) > Math.abs(rows[best]![i]!) ? r : best), i);
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const factor = rows[r]![i]! / rows[i]![i]!;
      for (let c = i; c <= n; c++) rows[r]![c]! -= factor * rows[i]![c]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}

/** @returns foretells the value at t from those before */
export function fitAutoregression(series: readonly number[], order: number): (known: readonly number[], t: number) => number {
  const features = (known: readonly number[], t: number) => [1, ...Array.from({ length: order }, (_, i) => known[t - 1 - i]!)];
  const size = order + 1;
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const right = new Array<number>(size).fill(0);
  for (let t = order; t < series.length; t++) {
    const x = features(series, t);
    for (let i = 0; i < size; i++) {
      right[i]! += x[i]! * series[t]!;
      for (let j = 0; j < size; j++) matrix[i]![j]! += x[i]! * x[j]!;
    }
  }
  const weights = solve(matrix, right);
  return (known, t) => features(known, t).reduce((sum, x, i) => sum + x * weights[i]!, 0);
}
