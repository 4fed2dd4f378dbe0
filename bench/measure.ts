/** Timing: warm-up past tier-up, then systems in turn, so that a drifting machine hits all alike. */

export interface Sample {
  /** Milliseconds of one run: median and least. */
  readonly median: number;
  readonly min: number;
  readonly n: number;
}

const WARM_UP_MS = 300;
const WARM_UP_RUNS = 3;
/** A timed window holds as many runs as fit, for clocks are coarse. */
const WINDOW_MS = 8;

function warmUp(run: () => void): number {
  const start = performance.now();
  let runs = 0;
  while (runs < WARM_UP_RUNS || performance.now() - start < WARM_UP_MS) {
    run();
    runs++;
  }
  const probe = performance.now();
  run();
  return Math.max(1, Math.round(WINDOW_MS / Math.max(performance.now() - probe, 1e-4)));
}

/** Measures several runs in turn for at least `totalMs` of timed runs each. */
export function measure(runs: readonly (() => void)[], totalMs: number): Sample[] {
  const perWindow = runs.map(warmUp);
  const times: number[][] = runs.map(() => []);
  const spent = runs.map(() => 0);
  while (spent.some((ms, i) => ms < totalMs || times[i]!.length < 3)) {
    for (const [i, run] of runs.entries()) {
      if (spent[i]! >= totalMs && times[i]!.length >= 3) continue;
      const start = performance.now();
      for (let k = 0; k < perWindow[i]!; k++) run();
      const elapsed = performance.now() - start;
      spent[i]! += elapsed;
      times[i]!.push(elapsed / perWindow[i]!);
    }
  }
  return times.map((list, i) => {
    const sorted = [...list].sort((a, b) => a - b);
    return { median: sorted[sorted.length >> 1]!, min: sorted[0]!, n: list.length * perWindow[i]! };
  });
}
