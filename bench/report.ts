/** What a run found out: rows as bench/run.ts prints them, ratios, and what was left out. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import type { Facts } from "./protocol.js";
import { type Ratio, type RowResult, ratio, type Timing } from "./rounds.js";
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

export interface Report extends Provenance {
  /** Median over the rows, GFLOP/s; null when no row had it beside it. */
  readonly ceiling: number | null;
  readonly rows: readonly ReportRow[];
  readonly ratios: readonly ReportRatio[];
  readonly systems: readonly { readonly id: string; readonly title: string; readonly facts: Facts | null; readonly why: string | null }[];
  readonly left: readonly { readonly id: string; readonly system: string; readonly why: string; readonly failed: boolean }[];
}

export const gflops = (flops: number, ms: number): number => flops / ms / 1e6;

function commitOf(root: string): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}

export function provenanceOf(root: string): Provenance {
  const [first] = cpus();
  return {
    machine: { cpu: first?.model.trim() ?? "unknown", cores: cpus().length, arch: process.arch, platform: process.platform },
    runtime: `node ${process.version}`,
    commit: commitOf(root),
    date: new Date().toISOString().slice(0, 10),
  };
}

export function rowOf(row: Row, { id, rounds, runs }: Timing): ReportRow {
  const value = (ms: number) => (row.unit === "ms" ? ms : gflops(row.flops!, ms));
  return { id: row.id, system: id, value: value(median(rounds)), unit: row.unit, min: value(Math.min(...rounds)), n: rounds.length * runs };
}

/** The machine's 128-bit rate beside a row: the median of its rounds. */
export function ceilingOf({ timings }: RowResult): number {
  const timing = timings.find(({ id }) => id === CEILING);
  return timing === undefined ? Number.NaN : gflops(CEILING_FLOPS, median(timing.rounds));
}

/** Every system's ratio to the first of ours, where both ran; none to systems in `refused`. */
export function ratiosOf({ row, timings }: RowResult, refused: ReadonlySet<string>): ReportRatio[] {
  const base = timings.find(({ id }) => id === "recurra");
  if (base === undefined) return [];
  return timings
    .filter(({ id }) => id !== base.id && id !== CEILING && !refused.has(id))
    .map((timing) => ({ id: row.id, system: timing.id, ...ratio(timing, base) }));
}
