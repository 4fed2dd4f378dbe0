/**
 * npm run --silent golden -- DIR [--families a,b] [--backend wasm|js] [--numerics fast|reproducible] [--threads n] [--tile table|measured]
 * Runs every golden family of a folder and prints one JSON object. Exit code 0: everything within; 1: something failed; 2: could not run.
 */
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { createEngine, type EngineOptions } from "../../src/index.js";
import { runProgram } from "../program.js";
import type { FamilyReport } from "./compare.js";
import { runFamily } from "./families.js";

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      families: { type: "string" },
      backend: { type: "string" },
      numerics: { type: "string" },
      threads: { type: "string" },
      tile: { type: "string" },
    },
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1)
    throw new Error(
      "usage: golden DIR [--families a,b] [--backend wasm|js] [--numerics fast|reproducible] [--threads n] [--tile table|measured]",
    );
  const present = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -5))
    .sort();
  const families = values.families?.split(",") ?? present;
  const missing = families.filter((family) => !present.includes(family));
  if (missing.length > 0) throw new Error(`golden: family ${missing.join(", ")} is not in ${folder}, wants ${present.join(", ")}`);
  const threads = Number(values.threads ?? 1);
  const { backend = "wasm", numerics = "fast", tile = "table" } = values;
  const engine = await createEngine({ backend, numerics, threads, tile } as EngineOptions);
  if (engine.info.threads !== threads) throw new Error(`golden: ${engine.info.notes.join("; ")}, wants ${threads} threads`);
  const report: Record<string, FamilyReport> = {};
  for (const family of families) {
    const start = performance.now();
    const result = runFamily(engine, folder, family);
    report[family] = result;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    process.stderr.write(
      `${family}: ${result.within} of ${result.tensors} tensors within, rms ratio ${result.rmsRatio.toFixed(3)}, ${seconds} s\n`,
    );
  }
  process.stdout.write(`${JSON.stringify({ families: report }, null, 1)}\n`);
  engine.dispose();
  return Object.values(report).every(({ tensors, within }) => tensors === within) ? 0 : 1;
}

runProgram(main);
