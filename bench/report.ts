/** What a run found out: rows as bench/run.ts prints them, ratios, and what was left out. */
import type { Facts } from "./protocol.js";
import { type Effort, measureRow, type Ratio, type RowResult, type Running, ratio, type Started, type Timing } from "./rounds.js";
import type { Row } from "./rows.js";
import { median } from "./statistics.js";
import { CEILING, CEILING_FLOPS } from "./systems/ceiling.js";

/** One measured number. `min` is the best of the rounds, `n` the number of runs. */
export interface ReportRow {
  readonly id: string;
  readonly system: string;
  readonly value: number;
  readonly unit: "GFLOP/s" | "ms" | "bytes";
  readonly min: number;
  readonly n: number;
}

/** Time of a system as a multiple of recurra's, of the same rounds. */
export interface ReportRatio extends Ratio {
  readonly id: string;
  readonly system: string;
}

/** Where and of what a number was made. */
export interface Provenance {
  readonly machine: Facts;
  readonly runtime: string;
  readonly commit: string;
  readonly date: string;
}

/** What was measured, without where. */
export interface Findings {
  /** Median over the rows, GFLOP/s; null when no row had it beside it. */
  readonly ceiling: number | null;
  readonly rows: readonly ReportRow[];
  readonly ratios: readonly ReportRatio[];
  readonly systems: readonly { readonly id: string; readonly title: string; readonly facts: Facts | null; readonly why: string | null }[];
  readonly left: readonly { readonly id: string; readonly system: string; readonly why: string; readonly failed: boolean }[];
}

export type Report = Provenance & Findings;

export const gflops = (flops: number, ms: number): number => flops / ms / 1e6;

export function rowOf(row: Row, { id, rounds, runs }: Timing): ReportRow {
  const value = (ms: number) => (row.unit === "ms" ? ms : gflops(row.flops!, ms));
  return { id: row.id, system: id, value: value(median(rounds)), unit: row.unit, min: value(Math.min(...rounds)), n: rounds.length * runs };
}

/** The machine's 128-bit rate beside a row: the median of its rounds. */
function ceilingOf({ timings }: RowResult): number {
  const timing = timings.find(({ id }) => id === CEILING);
  return timing === undefined ? Number.NaN : gflops(CEILING_FLOPS, median(timing.rounds));
}

/** Every system's ratio to the first of ours, where both ran; none to systems in `refused`. */
function ratiosOf({ row, timings }: RowResult, refused: ReadonlySet<string>): ReportRatio[] {
  const base = timings.find(({ id }) => id === "recurra");
  if (base === undefined) return [];
  return timings
    .filter(({ id }) => id !== base.id && id !== CEILING && !refused.has(id))
    .map((timing) => ({ id: row.id, system: timing.id, ...ratio(timing, base) }));
}

/** Measures rows on systems that were started, the ceiling among them, and says what came out of each. */
export async function measureRows(
  rows: readonly Row[],
  ceiling: Running,
  systems: readonly Started[],
  effort: Effort,
  say: (line: string) => void,
): Promise<RowResult[]> {
  for (const { id, why } of systems) if (why !== null) say(`${id}: not available: ${why}`);
  const running = systems.flatMap((system) => (system.running === null ? [] : [system.running]));
  const results: RowResult[] = [];
  try {
    for (const row of rows) {
      const result = await measureRow(row, [ceiling, ...running], effort);
      results.push(result);
      for (const timing of result.timings) {
        if (timing.id === CEILING) continue;
        const { value, unit } = rowOf(row, timing);
        say(`${row.id} ${timing.id}: ${value.toPrecision(4)} ${unit} (ceiling ${ceilingOf(result).toFixed(1)} GFLOP/s)`);
      }
      for (const { id, why } of result.left) say(`${row.id} ${id}: left out: ${why}`);
    }
  } finally {
    for (const { remote } of [ceiling, ...running]) remote.close();
  }
  return results;
}

/**
 * PyTorch on a slow BLAS is no measure of PyTorch: below half of what 256-bit vectors could do, which is what 128-bit ones can (half the
 * lanes), it gets no ratio.
 */
function onSlowBlas(systems: readonly Started[], ceiling: number): Map<string, string> {
  const slow = systems.filter(({ id, facts }) => id === "pytorch" && facts !== null && Number(facts.gemm512) < ceiling);
  return new Map(
    slow.map(({ id, facts }) => [
      id,
      `no ratios: its 512 x 512 product runs at ${facts!.gemm512} GFLOP/s, wants ${ceiling.toFixed(1)} (BLAS: ${facts!.blas})`,
    ]),
  );
}

export function findingsOf(results: readonly RowResult[], systems: readonly Started[]): Findings {
  const ceiling = median(results.map(ceilingOf));
  const slow = onSlowBlas(systems, ceiling);
  return {
    ceiling: Number.isFinite(ceiling) ? ceiling : null,
    rows: results.flatMap(({ row, timings }) => timings.filter(({ id }) => id !== CEILING).map((timing) => rowOf(row, timing))),
    ratios: results.flatMap((result) => ratiosOf(result, new Set(slow.keys()))),
    systems: systems.map(({ id, title, facts, why }) => ({ id, title, facts, why: why ?? slow.get(id) ?? null })),
    left: results.flatMap(({ row, left }) => left.map(({ id, why, failed }) => ({ id: row.id, system: id, why, failed }))),
  };
}
