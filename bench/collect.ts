/** Runs rows on systems and gathers the report. */
import { COLD_ROWS, coldStart } from "./cold.js";
import { ceilingOf, provenanceOf, type Report, type ReportRatio, type ReportRow, ratiosOf, rowOf } from "./report.js";
import { type Effort, measureRow, type RowResult } from "./rounds.js";
import { ROWS, type Row } from "./rows.js";
import { bundleSizes } from "./sizes.js";
import { median } from "./statistics.js";
import { CEILING } from "./systems/ceiling.js";
import { type Started, startSystems } from "./systems/table.js";

export interface Wish {
  readonly root: string;
  /** Ids of rows; all when absent. */
  readonly only: ReadonlySet<string> | undefined;
  readonly systems: readonly string[];
  readonly effort: Effort;
  readonly say: (line: string) => void;
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

/** Rows that are timed in rounds, on every system that runs. */
export async function measureRows(
  rows: readonly Row[],
  wish: Wish,
): Promise<{ results: RowResult[]; systems: Started[]; ceiling: number }> {
  const { ceiling, systems } = await startSystems(wish.systems, wish.root);
  for (const { id, why } of systems) if (why !== null) wish.say(`${id}: not available: ${why}`);
  const running = systems.flatMap((system) => (system.running === null ? [] : [system.running]));
  const results: RowResult[] = [];
  try {
    for (const row of rows) {
      const result = await measureRow(row, [ceiling, ...running], wish.effort);
      results.push(result);
      for (const timing of result.timings) {
        if (timing.id === ceiling.id) continue;
        const { value, unit } = rowOf(row, timing);
        wish.say(`${row.id} ${timing.id}: ${value.toPrecision(4)} ${unit} (ceiling ${ceilingOf(result).toFixed(1)} GFLOP/s)`);
      }
      for (const { id, why } of result.left) wish.say(`${row.id} ${id}: left out: ${why}`);
    }
  } finally {
    for (const { remote } of [ceiling, ...running]) remote.close();
  }
  return { results, systems, ceiling: median(results.map(ceilingOf)) };
}

export async function collect(wish: Wish): Promise<Report> {
  const wanted = (id: string) => wish.only === undefined || wish.only.has(id);
  const known = [...ROWS.map(({ id }) => id), ...COLD_ROWS, "S1"];
  const unknown = [...(wish.only ?? [])].filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`bench: no row ${unknown.join(", ")}, there are ${known.join(", ")}`);
  const { results, systems, ceiling } = await measureRows(
    ROWS.filter(({ id }) => wanted(id)),
    wish,
  );
  const slow = onSlowBlas(systems, ceiling);
  const rows: ReportRow[] = results.flatMap(({ row, timings }) =>
    timings.filter(({ id }) => id !== CEILING).map((timing) => rowOf(row, timing)),
  );
  const ratios: ReportRatio[] = results.flatMap((result) => ratiosOf(result, new Set(slow.keys())));
  const available = systems.filter(({ running }) => running !== null).map(({ id }) => id);
  rows.push(...coldStart(wish.root, available, wanted, wish.say));
  if (wanted("S1")) rows.push(...(await bundleSizes(wish.root, available)));
  return {
    ...provenanceOf(wish.root),
    ceiling: Number.isFinite(ceiling) ? ceiling : null,
    rows,
    ratios,
    systems: systems.map(({ id, title, facts, why }) => ({ id, title, facts, why: why ?? slow.get(id) ?? null })),
    left: results.flatMap(({ row, left }) => left.map(({ id, why, failed }) => ({ id: row.id, system: id, why, failed }))),
  };
}
