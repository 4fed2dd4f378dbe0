/** Runs rows on systems and gathers the report. */
import { COLD_ROWS, coldStart } from "./cold.js";
import { provenanceOf } from "./provenance.js";
import { findingsOf, measureRows, type Report } from "./report.js";
import type { Effort, RowResult, Started } from "./rounds.js";
import { ROWS, type Row } from "./rows.js";
import { bundleSizes } from "./sizes.js";
import { startSystems } from "./systems/table.js";

export interface Wish {
  readonly root: string;
  /** Ids of rows; all when absent. */
  readonly only: ReadonlySet<string> | undefined;
  readonly systems: readonly string[];
  readonly effort: Effort;
  readonly say: (line: string) => void;
}

/** The rows and curves of a wish, on the systems it names. */
export async function measure(rows: readonly Row[], wish: Wish): Promise<{ results: RowResult[]; systems: Started[] }> {
  const { ceiling, systems } = await startSystems(wish.systems, wish.root);
  return { results: await measureRows(rows, ceiling, systems, wish.effort, wish.say), systems };
}

export async function collect(wish: Wish): Promise<Report> {
  const wanted = (id: string) => wish.only === undefined || wish.only.has(id);
  const known = [...ROWS.map(({ id }) => id), ...COLD_ROWS, "S1"];
  const unknown = [...(wish.only ?? [])].filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`bench: no row ${unknown.join(", ")}, there are ${known.join(", ")}`);
  const timed = ROWS.filter(({ id }) => wanted(id));
  const { results, systems } = await measure(timed, wish);
  const findings = findingsOf(results, systems);
  const available = systems.filter(({ running }) => running !== null).map(({ id }) => id);
  const others = [...coldStart(wish.root, available, wanted, wish.say), ...(wanted("S1") ? await bundleSizes(wish.root, available) : [])];
  return { ...provenanceOf(wish.root), ...findings, rows: [...findings.rows, ...others] };
}
