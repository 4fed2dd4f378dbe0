/** Linear-chain CRF in float64 by enumeration of all paths, and by the recursions for rows too long for that. */
export interface Chain {
  readonly start: ArrayLike<number>;
  /** [n, n], from row to column. */
  readonly transitions: ArrayLike<number>;
  readonly end: ArrayLike<number>;
}

export interface ScoredPath {
  readonly tags: number[];
  readonly score: number;
}

export function pathScore(emissions: ArrayLike<number>, { start, transitions, end }: Chain, tags: readonly number[]): number {
  const n = start.length;
  return tags.reduce(
    (sum, tag, t) => sum + (t === 0 ? start[tag]! : transitions[tags[t - 1]! * n + tag]!) + emissions[t * n + tag]!,
    end[tags[tags.length - 1]!]!,
  );
}

/** Every path with its score, the best first; of equal ones the lowest tag at the last step where they differ. */
export function allPaths(emissions: ArrayLike<number>, chain: Chain, steps: number): ScoredPath[] {
  const n = chain.start.length;
  // Counted with the last step as the most significant digit: the stable sort keeps the order of equal scores.
  const paths = Array.from({ length: n ** steps }, (_, code) => {
    const tags = Array.from({ length: steps }, (_, t) => Math.floor(code / n ** t) % n);
    return { tags, score: pathScore(emissions, chain, tags) };
  });
  return paths.sort((a, b) => (a.score === b.score ? 0 : b.score - a.score));
}

export function logSumExp(values: readonly number[]): number {
  const top = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log(values.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

/** What the paths expect: log of the sum over them, how often each tag, move, start and end occurs. */
export interface Expectations {
  readonly logPartition: number;
  readonly marginals: Float64Array;
  readonly transitions: Float64Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

export function enumerate(emissions: ArrayLike<number>, chain: Chain, steps: number): Expectations {
  const n = chain.start.length;
  const paths = allPaths(emissions, chain, steps);
  const logPartition = logSumExp(paths.map(({ score }) => score));
  const [marginals, transitions] = [new Float64Array(steps * n), new Float64Array(n * n)];
  const [start, end] = [new Float64Array(n), new Float64Array(n)];
  for (const { tags, score } of paths) {
    const p = Math.exp(score - logPartition);
    tags.forEach((tag, t) => {
      marginals[t * n + tag]! += p;
      if (t > 0) transitions[tags[t - 1]! * n + tag]! += p;
    });
    start[tags[0]!]! += p;
    end[tags[steps - 1]!]! += p;
  }
  return { logPartition, marginals, transitions, start, end };
}

/** The same by the forward-backward recursions. */
export function forwardBackward(emissions: ArrayLike<number>, { start, transitions, end }: Chain, steps: number): Expectations {
  const n = start.length;
  const tags = Array.from({ length: n }, (_, i) => i);
  const e = (t: number, i: number) => emissions[t * n + i]!;
  const forward = [tags.map((i) => start[i]! + e(0, i))];
  for (let t = 1; t < steps; t++)
    forward.push(tags.map((j) => logSumExp(tags.map((i) => forward[t - 1]![i]! + transitions[i * n + j]!)) + e(t, j)));
  const backward = new Array<number[]>(steps);
  backward[steps - 1] = tags.map((i) => end[i]!);
  for (let t = steps - 2; t >= 0; t--)
    backward[t] = tags.map((i) => logSumExp(tags.map((j) => transitions[i * n + j]! + e(t + 1, j) + backward[t + 1]![j]!)));
  const logPartition = logSumExp(tags.map((i) => forward[steps - 1]![i]! + end[i]!));
  const marginals = Float64Array.from({ length: steps * n }, (_, at) => {
    const [t, i] = [Math.floor(at / n), at % n];
    return Math.exp(forward[t]![i]! + backward[t]![i]! - logPartition);
  });
  const moves = new Float64Array(n * n);
  for (let t = 1; t < steps; t++) {
    for (const i of tags) {
      for (const j of tags)
        moves[i * n + j]! += Math.exp(forward[t - 1]![i]! + transitions[i * n + j]! + e(t, j) + backward[t]![j]! - logPartition);
    }
  }
  return { logPartition, marginals, transitions: moves, start: marginals.slice(0, n), end: marginals.slice((steps - 1) * n) };
}

/** Score of the best path into each tag of each step, by the recursion of Viterbi. */
export function bestInto(emissions: ArrayLike<number>, { start, transitions }: Chain, steps: number): number[][] {
  const n = start.length;
  const best = [Array.from({ length: n }, (_, i) => start[i]! + emissions[i]!)];
  for (let t = 1; t < steps; t++) {
    const before = best[t - 1]!;
    best.push(before.map((_, j) => Math.max(...before.map((score, i) => score + transitions[i * n + j]!)) + emissions[t * n + j]!));
  }
  return best;
}
