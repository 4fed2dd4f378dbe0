/**
 * How the benchmark talks to a system that it measures. Every system runs in a process (in a page: a worker) of its own, so that none
 * disturbs another, and answers one request after the other; whoever asks takes them in turn.
 */
import type { Row } from "./rows.js";

export type Request =
  /** First of all: what is measured, or why it cannot be. */
  | { readonly op: "describe" }
  /** Makes everything that is not timed, and gives the numbers that a right result has (see Prepared.check). */
  | { readonly op: "prepare"; readonly row: Row }
  /** Runs for at least so long and so often; answers the milliseconds of one run afterwards. */
  | { readonly op: "warm"; readonly ms: number; readonly runs: number }
  /** Milliseconds of so many runs. */
  | { readonly op: "time"; readonly runs: number }
  | { readonly op: "memory" }
  /** Frees what the row took. */
  | { readonly op: "release" };

export type Facts = Readonly<Record<string, string | number>>;

export interface Memory {
  /** Bytes handed out by the system, and how many of them a step takes at its peak. */
  readonly inUse: number;
  readonly step: number;
}

export interface Replies {
  readonly describe: { readonly facts: Facts };
  readonly prepare: { readonly check: readonly number[] };
  readonly warm: { readonly ms: number };
  /** `cpuMs`: what the process took of all cores together; null where the runtime does not tell (a page). */
  readonly time: { readonly ms: number; readonly cpuMs: number | null };
  readonly memory: { readonly memory: Memory | null };
  readonly release: Record<string, never>;
}

/** What a request comes to: its reply, or why it cannot be done here. */
export type Answer<Op extends Request["op"] = Request["op"]> = Replies[Op] | { readonly cannot: string };

/** Something that answers requests, one after the other. */
export interface Remote {
  call<Op extends Request["op"]>(request: Extract<Request, { op: Op }>): Promise<Answer<Op>>;
  close(): void;
}

/** A process's answers are lines that begin so. */
export const ANSWER = "bench-answer ";

/** A row made ready by a system. */
export interface Prepared {
  run(): unknown;
  /**
   * Numbers that tell a right result from a wrong one, computed before anything is timed: the product or the outputs, in order (strided),
   * or the losses of the first three training steps. None where a system's model is not that of the row.
   */
  check(): ArrayLike<number> | Promise<ArrayLike<number>>;
  memory?(): Memory;
  release?(): void;
}

export interface System {
  readonly facts: Facts;
  /** @throws Cannot when the system has no way to run the row */
  prepare(row: Row): Prepared | Promise<Prepared>;
}

/** A system or a row that cannot be run: reported, not a failure. */
export class Cannot extends Error {}

const isThenable = (value: unknown): value is PromiseLike<unknown> => typeof (value as PromiseLike<unknown> | null)?.then === "function";

async function times(run: () => unknown, runs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    const pending = run();
    if (isThenable(pending)) await pending;
  }
  return performance.now() - start;
}

async function timed(run: () => unknown, runs: number): Promise<Replies["time"]> {
  const before = processorTime();
  const ms = await times(run, runs);
  return { ms, cpuMs: before === null ? null : processorTime()! - before };
}

const CALIBRATION_MS = 2;

/** Milliseconds of all cores that this process has taken so far. */
function processorTime(): number | null {
  const used = globalThis.process?.cpuUsage?.();
  return used === undefined ? null : (used.user + used.system) / 1000;
}

async function warm(run: () => unknown, ms: number, runs: number): Promise<number> {
  let spent = 0;
  for (let done = 0; done < runs || spent < ms; done++) spent += await times(run, 1);
  // Clocks are coarse: as many runs as it takes to be seen.
  for (let count = 1; ; count *= 2) {
    const elapsed = await times(run, count);
    if (elapsed >= CALIBRATION_MS) return elapsed / count;
  }
}

/** Answers the requests to a system; `start` is called by the first one. */
export function respond(start: () => System | Promise<System>): (request: Request) => Promise<Answer> {
  let system: System | undefined;
  let prepared: Prepared | undefined;
  const current = (): Prepared => {
    if (prepared === undefined) throw new Error("bench: no row is prepared");
    return prepared;
  };
  const answer = async (request: Request): Promise<Answer> => {
    switch (request.op) {
      case "describe":
        system = await start();
        return { facts: system.facts };
      case "prepare":
        if (system === undefined) throw new Error("bench: prepare before describe");
        prepared = await system.prepare(request.row);
        return { check: Array.from(await prepared.check()) };
      case "warm":
        return { ms: await warm(current().run, request.ms, request.runs) };
      case "time":
        return timed(current().run, request.runs);
      case "memory":
        return { memory: prepared?.memory?.() ?? null };
      case "release":
        prepared?.release?.();
        prepared = undefined;
        return {};
    }
  };
  return (request) =>
    answer(request).catch((error: unknown) => {
      if (error instanceof Cannot) return { cannot: error.message };
      throw error;
    });
}
