/** One row on several systems in turn, round after round, so that a drifting machine hits all alike. Runs in Node and in a page. */
import type { Facts, Memory, Remote } from "./protocol.js";
import type { Row } from "./rows.js";
import { median } from "./statistics.js";

/** A system that answered "describe". */
export interface Running {
  readonly id: string;
  readonly remote: Remote;
  /** How many it says it works with. */
  readonly threads: number;
}

/** A system that was asked for: running, or not to be had. */
export interface Started {
  readonly id: string;
  readonly title: string;
  readonly peer: boolean;
  readonly facts: Facts | null;
  readonly why: string | null;
  readonly running: Running | null;
}

/** Asks a system what it is; one that cannot run says why and is closed. */
export async function describeSystem(entry: Pick<Started, "id" | "title" | "peer">, remote: Remote): Promise<Started> {
  let why: string;
  try {
    const answer = await remote.call<"describe">({ op: "describe" });
    if ("facts" in answer) {
      const { facts } = answer;
      return { ...entry, facts, why: null, running: { id: entry.id, remote, threads: Number(facts.threads ?? 1) } };
    }
    why = answer.cannot;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  remote.close();
  return { ...entry, facts: null, why, running: null };
}

export interface Timing {
  readonly id: string;
  /** Milliseconds of one run, a number a round (a round is a window of `runs` runs). */
  readonly rounds: readonly number[];
  readonly runs: number;
  readonly memory: Memory | null;
}

export interface RowResult {
  readonly row: Row;
  readonly timings: readonly Timing[];
  /** What was not timed, and why. */
  readonly left: readonly { readonly id: string; readonly why: string; readonly failed: boolean }[];
}

export interface Effort {
  /** Timed milliseconds of each system at least, over at least MIN_ROUNDS rounds. */
  readonly ms: number;
  readonly warmMs: number;
}

const WARM_RUNS = 3;
const MIN_ROUNDS = 3;
/** A window holds as many runs as fit: clocks are coarse, and the processes' caches have to be filled again after each turn. */
const WINDOW_MS = 25;

/**
 * How far a sum of `terms` products in float32 may be off another order of summation, as a share of the largest result: a random walk of
 * roundings would be sqrt(terms)·2^-24; 16 times that also covers the activations. Losses after Adam's steps: 1e-4.
 */
function tolerance(row: Row): number {
  if (row.kind === "train" || row.kind === "dense") return 1e-4;
  const terms = row.kind === "product" ? row.k : row.inputSize + row.hiddenSize;
  return 16 * Math.sqrt(terms) * 2 ** -24;
}

/** Why `got` is not the result that `wanted` is; undefined when it is. */
export function difference(row: Row, got: readonly number[], wanted: readonly number[]): string | undefined {
  if (got.length !== wanted.length) return `${got.length} values, wants ${wanted.length}`;
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const allowed = tolerance(row) * scale;
  let worst = 0;
  let at = -1;
  got.forEach((value, i) => {
    const error = Math.abs(value - wanted[i]!);
    if (error <= worst) return;
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    at = i;
  });
  if (worst <= allowed) return undefined;
  return `value ${at} is ${got[at]}, wants ${wanted[at]} within ${allowed.toExponential(1)}`;
}

/** A garbage collector or a compiler beside the work is no second thread of it. */
const SPARE_CORES = 0.5;

/** Why a system's times are not those of the threads it says it works with; undefined when they are. */
function undeclaredThreads({ threads, spent, cpuSpent }: Contestant): string | undefined {
  const cores = cpuSpent / spent;
  return cores > threads + SPARE_CORES ? `keeps ${cores.toFixed(1)} cores busy, says it works with ${threads} of them` : undefined;
}

interface Contestant extends Running {
  runs: number;
  spent: number;
  cpuSpent: number;
  readonly rounds: number[];
}

/** Prepares the row everywhere and leaves out who cannot, fails, or has another result than the first that has one. */
async function prepare(row: Row, systems: readonly Running[], left: { id: string; why: string; failed: boolean }[]): Promise<Running[]> {
  const ready: Running[] = [];
  let wanted: readonly number[] | undefined;
  for (const system of systems) {
    try {
      const answer = await system.remote.call<"prepare">({ op: "prepare", row });
      if ("cannot" in answer) {
        left.push({ id: system.id, why: answer.cannot, failed: false });
        continue;
      }
      if (answer.check.length > 0) {
        wanted ??= answer.check;
        const wrong = difference(row, answer.check, wanted);
        if (wrong !== undefined) {
          left.push({ id: system.id, why: `wrong result: ${wrong}`, failed: true });
          await system.remote.call<"release">({ op: "release" });
          continue;
        }
      }
      ready.push(system);
    } catch (error) {
      left.push({ id: system.id, why: String(error), failed: true });
    }
  }
  return ready;
}

export async function measureRow(row: Row, systems: readonly Running[], { ms, warmMs }: Effort): Promise<RowResult> {
  const left: { id: string; why: string; failed: boolean }[] = [];
  const contestants: Contestant[] = [];
  for (const system of await prepare(row, systems, left)) {
    const warm = await system.remote.call<"warm">({ op: "warm", ms: warmMs, runs: WARM_RUNS });
    if ("cannot" in warm) throw new Error(`${system.id} ${row.id}: ${warm.cannot}`);
    contestants.push({ ...system, runs: Math.max(1, Math.round(WINDOW_MS / Math.max(warm.ms, 1e-4))), spent: 0, cpuSpent: 0, rounds: [] });
  }
  const unfinished = () => contestants.filter(({ spent, rounds }) => spent < ms || rounds.length < MIN_ROUNDS);
  for (let turn = unfinished(); turn.length > 0; turn = unfinished()) {
    for (const contestant of turn) {
      const answer = await contestant.remote.call<"time">({ op: "time", runs: contestant.runs });
      if ("cannot" in answer) throw new Error(`${contestant.id} ${row.id}: ${answer.cannot}`);
      contestant.spent += answer.ms;
      contestant.cpuSpent += answer.cpuMs ?? 0;
      contestant.rounds.push(answer.ms / contestant.runs);
    }
  }
  const timings: Timing[] = [];
  for (const contestant of contestants) {
    const { id, remote, rounds, runs } = contestant;
    const answer = await remote.call<"memory">({ op: "memory" });
    await remote.call<"release">({ op: "release" });
    const why = undeclaredThreads(contestant);
    if (why === undefined) timings.push({ id, rounds, runs, memory: "memory" in answer ? answer.memory : null });
    else left.push({ id, why, failed: true });
  }
  return { row, timings, left };
}

export interface Ratio {
  readonly median: number;
  /** The middle half of the rounds. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** Time of `other` as a multiple of the time of `base`, round by round: what both did within the same moments. */
export function ratio(other: Timing, base: Timing): Ratio {
  const rounds = Math.min(other.rounds.length, base.rounds.length);
  const ratios = Array.from({ length: rounds }, (_, i) => other.rounds[i]! / base.rounds[i]!);
  const sorted = [...ratios].sort((a, b) => a - b);
  return { median: median(ratios), low: sorted[rounds >> 2]!, high: sorted[Math.ceil((3 * (rounds - 1)) / 4)]!, rounds };
}
