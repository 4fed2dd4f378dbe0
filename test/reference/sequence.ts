/** Recurrent networks over single rows in float64: the plain loop that layers have to equal. */
export type Vector = readonly number[];
export type States = Readonly<Record<string, Vector>>;
export type ReferenceStep = (x: Vector, state: States) => { output: Vector; state: States };

/** W·x + b; W [out, in] flat. */
export function dense(x: Vector, weight: ArrayLike<number>, bias?: ArrayLike<number>): number[] {
  const rows = weight.length / x.length;
  return Array.from({ length: rows }, (_, r) => x.reduce((sum, v, i) => sum + v * weight[r * x.length + i]!, bias?.[r] ?? 0));
}

/** Runs the steps of one row, backwards when `reverse`; output[t] belongs to x[t]. */
export function runRow(step: ReferenceStep, x: readonly Vector[], initial: States, reverse = false): { output: Vector[]; state: States } {
  const output: Vector[] = new Array(x.length);
  let state = initial;
  for (let i = 0; i < x.length; i++) {
    const t = reverse ? x.length - 1 - i : i;
    const next = step(x[t]!, state);
    output[t] = next.output;
    state = next.state;
  }
  return { output, state };
}

/** Layers of steps over one row: `steps` index layer·D + direction; states likewise. */
export function runLayers(
  steps: readonly ReferenceStep[],
  directions: number,
  x: readonly Vector[],
  initial: readonly States[],
): { output: Vector[]; states: States[] } {
  const states: States[] = [];
  let rows: Vector[] = [...x];
  for (let first = 0; first < steps.length; first += directions) {
    const parts = Array.from({ length: directions }, (_, d) => runRow(steps[first + d]!, rows, initial[first + d]!, d === 1));
    states.push(...parts.map(({ state }) => state));
    rows = rows.map((_, t) => parts.flatMap(({ output }) => [...output[t]!]));
  }
  return { output: rows, states };
}
