/**
 * npm run --silent golden -- DIR [--families a,b] [--backend wasm|js] [--numerics fast|reproducible]
 * Runs every golden family of a folder and prints one JSON object. Exit code 0: everything within; 1: something failed; 2: could not run.
 */
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { createEngine, type Engine, isRecurraError } from "../../src/index.js";
import { compareTensor, type FamilyReport, FamilyTally } from "./compare.js";
import { type Runner, Unknown } from "./context.js";
import { type GoldenCase, loadFamily } from "./load.js";
import { runErrorCase } from "./ops/errors.js";
import { embedding, linear, math, rnn } from "./ops/layers.js";
import { clip_grad_norm, cross_entropy, optimizer } from "./ops/losses.js";

const MATH = ["exp", "tanh", "sigmoid", "relu", "softplus", "elu", "leaky_relu", "gelu", "hardsigmoid", "hardtanh", "log", "sqrt"];
const RUNNERS: Readonly<Record<string, Runner>> = {
  linear, embedding, rnn, cross_entropy, optimizer, clip_grad_norm,
  ...Object.fromEntries(MATH.map((name) => [name, math])),
};

export function runCase(engine: Engine, family: string, item: GoldenCase, tally: FamilyTally): void {
  tally.startCase();
  if (family === "errors") {
    tally.add(runErrorCase(engine, item));
    return;
  }
  const runner = RUNNERS[item.manifest.op];
  const refs = Object.entries(item.manifest.refs ?? { sequence: { shape: [], rms32: 0 } });
  let results: ReturnType<Runner> | undefined;
  let refusal = runner === undefined ? `operation ${item.manifest.op ?? item.manifest.scheduler} is not known` : "";
  try {
    results = runner?.(engine, item);
  } catch (error) {
    if (!(error instanceof Unknown) && !isRecurraError(error)) throw error;
    refusal = (error as Error).message;
  }
  for (const [name, ref] of refs) {
    if (results === undefined) tally.add({ failure: { case: item.manifest.id, tensor: name, error: refusal, tol: ref.tol ?? "a result" } });
    else tally.add(compareTensor(item, name, ref, results[name]));
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { families: { type: "string" }, backend: { type: "string" }, numerics: { type: "string" } },
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) throw new Error("usage: golden DIR [--families a,b] [--backend wasm|js] [--numerics fast|reproducible]");
  const present = readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).sort();
  const families = values.families?.split(",") ?? present;
  const missing = families.filter((family) => !present.includes(family));
  if (missing.length > 0) throw new Error(`golden: family ${missing.join(", ")} is not in ${folder}, wants ${present.join(", ")}`);
  const options = { backend: values.backend ?? "wasm", numerics: values.numerics ?? "fast" } as Parameters<typeof createEngine>[0];
  const engine = await createEngine(options);
  const report: Record<string, FamilyReport> = {};
  for (const family of families) {
    const tally = new FamilyTally();
    const start = performance.now();
    for (const item of loadFamily(folder, family)) runCase(engine, family, item, tally);
    const result = tally.report();
    report[family] = result;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    process.stderr.write(`${family}: ${result.within} of ${result.tensors} tensors within, rms ratio ${result.rmsRatio.toFixed(3)}, ${seconds} s\n`);
  }
  process.stdout.write(`${JSON.stringify({ families: report }, null, 1)}\n`);
  return Object.values(report).every(({ tensors, within }) => tensors === within) ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
