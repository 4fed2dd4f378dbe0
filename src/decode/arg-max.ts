/** Index, counted from `start`, of the highest of `count` values (all behind `start` by default); of equal ones the first. */
export function argMax(values: ArrayLike<number>, start = 0, count = values.length - start): number {
  let best = 0;
  for (let i = 1; i < count; i++) best = values[start + i]! > values[start + best]! ? i : best;
  return best;
}
