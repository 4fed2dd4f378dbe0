/**
 * npm run bench [-- --json] [--only M256,T1] [--profile T1] [--seconds 1.5]
 * Runs the workloads on this machine, systems in turn, and prints a table or one JSON object.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { instantiateSync } from "@assemblyscript/loader";
import { createEngine, type Engine } from "../src/index.js";
import { coldStart } from "./cold.js";
import { measure } from "./measure.js";
import { profile } from "./profile.js";
import { bundleSizes } from "./sizes.js";
import { WORKLOADS } from "./workloads.js";

interface Row {
  readonly id: string;
  readonly system: string;
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly n: number;
}

const root = process.env.RECURRA_ROOT ?? process.cwd();

/** A mul+add loop in wasm: what 128-bit SIMD can do here and now, GFLOP/s. */
function ceiling(): () => void {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { exports } = instantiateSync(readFileSync(path.join(root, "build/wasm/ceiling-baseline.wasm")), { env: { memory } });
  const loop = exports.f32_ceiling as (turns: number, factor: number, summand: number) => number;
  return () => {
    sink += loop(CEILING_TURNS, 0.999, 0.001);
  };
}
const CEILING_TURNS = 100_000;
const CEILING_FLOPS = CEILING_TURNS * 12 * 8;
let sink = 0;

function machine(): object {
  const [first] = cpus();
  return { cpu: first?.model.trim(), cores: cpus().length, arch: process.arch, platform: process.platform };
}

const gflops = (flops: number, ms: number): number => flops / ms / 1e6;

async function rows(only: ReadonlySet<string> | undefined, milliseconds: number): Promise<{ ceiling: number; rows: Row[] }> {
  const wanted = (id: string) => only === undefined || only.has(id);
  const systems: [string, Engine][] = [
    ["recurra", await createEngine({ seed: 1 })],
    ["recurra-js", await createEngine({ seed: 1, backend: "js" })],
  ];
  const result: Row[] = [];
  const ceilings: number[] = [];
  for (const workload of WORKLOADS.filter(({ id }) => wanted(id))) {
    const runs = systems.map(([, engine]) => workload.prepare(engine));
    const [top, ...samples] = measure([ceiling(), ...runs], milliseconds);
    ceilings.push(gflops(CEILING_FLOPS, top!.median));
    systems.forEach(([system], i) => {
      const { median, min, n } = samples[i]!;
      const value = (ms: number) => (workload.unit === "ms" ? ms : gflops(workload.flops!, ms));
      result.push({ id: workload.id, system, value: value(median), unit: workload.unit, min: value(min), n });
      process.stderr.write(
        `${workload.id} ${system}: ${value(median).toPrecision(4)} ${workload.unit} (ceiling ${ceilings.at(-1)!.toFixed(1)} GFLOP/s)\n`,
      );
    });
  }
  if (wanted("C1")) result.push(...coldStart(root));
  if (wanted("S1")) result.push(...(await bundleSizes(root)));
  ceilings.sort((a, b) => a - b);
  return { ceiling: ceilings[ceilings.length >> 1] ?? Number.NaN, rows: result };
}

function table({ ceiling: top, rows: all }: { ceiling: number; rows: Row[] }): string {
  const lines = all.map(({ id, system, value, unit, n }) => {
    const share = unit === "GFLOP/s" ? `${((100 * value) / top).toFixed(0)} %` : "";
    return `${id.padEnd(14)}${system.padEnd(14)}${value.toPrecision(4).padStart(10)} ${unit.padEnd(8)} ${share.padStart(6)}  n ${n}`;
  });
  return [`ceiling ${top.toFixed(1)} GFLOP/s (128-bit multiply and add in wasm, this run)`, ...lines].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      only: { type: "string" },
      profile: { type: "string" },
      seconds: { type: "string", default: "1.5" },
    },
  });
  if (values.profile !== undefined) {
    const engine = await createEngine({ seed: 1 });
    for (const workload of WORKLOADS.filter(({ id }) => values.profile!.split(",").includes(id))) {
      const { ms, shares } = profile(engine, workload);
      console.log(`${workload.id}: ${ms.toFixed(3)} ms`);
      for (const { kernel, calls, ms: own, share } of shares.slice(0, 12)) {
        console.log(
          `  ${kernel.padEnd(18)}${(100 * share).toFixed(1).padStart(6)} %${own.toFixed(3).padStart(10)} ms  ${calls.toFixed(0)} calls`,
        );
      }
    }
    return;
  }
  const only = values.only === undefined ? undefined : new Set(values.only.split(","));
  const report = await rows(only, Number(values.seconds) * 1000);
  if (!Number.isFinite(sink)) throw new Error("the ceiling loop lost its way");
  console.log(
    values.json
      ? JSON.stringify({ machine: machine(), runtime: `node ${process.version}`, commit: commit(), ...report }, null, 1)
      : table(report),
  );
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}

await main();
