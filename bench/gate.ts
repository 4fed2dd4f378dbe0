/**
 * npm run bench -- --gate: refuses a build that has become slower. Nothing is held to seconds: a product or a network to its share of the
 * ceiling measured beside it, and to how many times faster than the TypeScript kernels it is. gate.json has the least of each. Best of the
 * rounds counts, and a row that fails is measured again, for a busy machine makes everything look slow and nothing fast.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Wish } from "./collect.js";
import { gflops } from "./report.js";
import { measureRow, type RowResult, type Running, type Timing } from "./rounds.js";
import { ROWS } from "./rows.js";
import { CEILING, CEILING_FLOPS } from "./systems/ceiling.js";
import { startSystems } from "./systems/table.js";

interface Limits {
  /** Least share of the ceiling by row. */
  readonly shareOfCeiling: Readonly<Record<string, number>>;
  /** Least time of recurra-js as a multiple of recurra's by row. */
  readonly timesFasterThanJs: Readonly<Record<string, number>>;
}

const TRIES = 4;
const [OWN, JS] = ["recurra", "recurra-js"];

const best = ({ rounds }: Timing): number => Math.min(...rounds);

/** Judgements over one measurement: what was found, what is wanted. */
function judge({ row, timings }: RowResult, limits: Limits): { what: string; found: number; wanted: number }[] {
  const of = (system: string) => {
    const timing = timings.find(({ id }) => id === system);
    if (timing === undefined) throw new Error(`gate: ${system} did not run ${row.id}`);
    return best(timing);
  };
  const share = limits.shareOfCeiling[row.id];
  const faster = limits.timesFasterThanJs[row.id];
  return [
    ...(share === undefined
      ? []
      : [{ what: "share of the ceiling", found: gflops(row.flops!, of(OWN)) / gflops(CEILING_FLOPS, of(CEILING)), wanted: share }]),
    ...(faster === undefined ? [] : [{ what: "times faster than TypeScript", found: of(JS) / of(OWN), wanted: faster }]),
  ];
}

/** Measures until all holds, or TRIES times; each judgement keeps its best. */
async function gateRow(id: string, limits: Limits, systems: readonly Running[], wish: Wish): Promise<boolean> {
  const row = ROWS.find((entry) => entry.id === id);
  if (row === undefined) throw new Error(`gate: gate.json names ${id}, which is no row`);
  const wanted = systems.filter(({ id: system }) => system !== JS || limits.timesFasterThanJs[id] !== undefined);
  const found = new Map<string, number>();
  for (let attempt = 1; ; attempt++) {
    const judgements = judge(await measureRow(row, wanted, wish.effort), limits);
    for (const { what, found: value } of judgements) found.set(what, Math.max(value, found.get(what) ?? 0));
    const holds = judgements.every(({ what, wanted: least }) => found.get(what)! >= least);
    if (!holds && attempt < TRIES) continue;
    for (const { what, wanted: least } of judgements) {
      const verdict = found.get(what)! >= least ? "holds" : "TOO SLOW";
      wish.say(
        `${id.padEnd(14)}${what.padEnd(30)}${found.get(what)!.toPrecision(3).padStart(8)}, wants ${least}: ${verdict} (try ${attempt})`,
      );
    }
    return holds;
  }
}

/** True when every row holds. */
export async function gate(wish: Wish): Promise<boolean> {
  const limits = JSON.parse(await readFile(path.join(wish.root, "bench/gate.json"), "utf8")) as Limits;
  const { ceiling, systems } = await startSystems([OWN, JS], wish.root);
  const running = systems.map(({ id, running: system, why }) => {
    if (system === null) throw new Error(`gate: ${id} does not run: ${why}`);
    return system;
  });
  const ids = [...new Set([...Object.keys(limits.shareOfCeiling), ...Object.keys(limits.timesFasterThanJs)])];
  let holds = true;
  try {
    for (const id of ids) holds = (await gateRow(id, limits, [ceiling, ...running], wish)) && holds;
  } finally {
    for (const { remote } of [ceiling, ...running]) remote.close();
  }
  return holds;
}
