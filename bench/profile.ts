/** Share of each kernel and of the host in a workload: every kernel is wrapped by a clock, the rest is the host's. */
import type { Engine } from "../src/index.js";
import { ROWS, type Row } from "./rows.js";
import { prepareRow } from "./systems/workloads.js";

interface Share {
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  readonly share: number;
}

function profile(engine: Engine, row: Row, seconds = 1.5): { ms: number; shares: Share[] } {
  const { run } = prepareRow(engine, row);
  for (let i = 0, start = performance.now(); i < 5 || performance.now() - start < 400; i++) run();
  const kernels = engine.kernels as unknown as Record<string, (...args: number[]) => number>;
  const original = { ...kernels };
  const spent = new Map<string, { calls: number; ms: number }>();
  for (const [name, kernel] of Object.entries(original)) {
    const entry = { calls: 0, ms: 0 };
    spent.set(name, entry);
    kernels[name] = (...args) => {
      const start = performance.now();
      const result = kernel(...args);
      entry.ms += performance.now() - start;
      entry.calls++;
      return result;
    };
  }
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < seconds * 1000) {
    run();
    runs++;
  }
  const total = performance.now() - start;
  Object.assign(kernels, original);
  const inKernels = [...spent.values()].reduce((sum, { ms }) => sum + ms, 0);
  const shares = [...spent]
    .filter(([, { calls }]) => calls > 0)
    .map(([kernel, { calls, ms }]) => ({ kernel, calls: calls / runs, ms: ms / runs, share: ms / total }));
  shares.push({ kernel: "host", calls: 1, ms: (total - inKernels) / runs, share: 1 - inKernels / total });
  return { ms: total / runs, shares: shares.sort((a, b) => b.share - a.share) };
}

export function printProfile(engine: Engine, ids: readonly string[]): void {
  for (const row of ROWS.filter(({ id }) => ids.includes(id))) {
    const { ms, shares } = profile(engine, row);
    console.log(`${row.id}: ${ms.toFixed(3)} ms`);
    for (const { kernel, calls, ms: own, share } of shares.slice(0, 12)) {
      const percent = `${(100 * share).toFixed(1)} %`;
      console.log(`  ${kernel.padEnd(18)}${percent.padStart(8)}${own.toFixed(3).padStart(10)} ms  ${calls.toFixed(0)} calls`);
    }
  }
}
