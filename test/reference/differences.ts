/** Derivatives by differences, in float64. */

/** d f / d values by central differences, at `count` places at most, spread evenly: [place, gradient]. */
export function numericGradient(f: (values: Float64Array) => number, values: ArrayLike<number>, count: number): [number, number][] {
  const distance = 1e-5;
  const moved = Float64Array.from(values);
  const tried = Math.min(count, moved.length);
  return Array.from({ length: tried }, (_, i) => {
    const place = Math.floor((i * moved.length) / tried);
    const own = moved[place]!;
    moved[place] = own + distance;
    const above = f(moved);
    moved[place] = own - distance;
    const below = f(moved);
    moved[place] = own;
    return [place, (above - below) / (2 * distance)];
  });
}
