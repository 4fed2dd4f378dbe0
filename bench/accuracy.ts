/**
 * npm run accuracy -- [NAME…] [options]: trains on real data by the defaults alone, with the built command in a process of its own, and
 * holds the result to what is wanted. Without a name every set is run.
 *   --seeds 1,2,3   one run each            --write   puts the results into bench/accuracy.json and bench/ACCURACY.md
 *   --data DIR      where the sets are (default: ../shared/data beside the repository)
 *   --no-window     does not run the window network
 *   --records FILES records of runs that the command made of one set by its defaults, in place of running it (a contrast's last, where there are two)
 *   --list          names the sets
 * Exit code 1 when a wish is not met, 2 when the data are not there.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { decodeModelFile } from "../src/io/model-file.js";
import { filesOf, isThere, longerThan, type SetFiles } from "./accuracy-data.js";
import {
  type AccuracyRun,
  type Contrast,
  document,
  judge,
  readResults,
  type SetResult,
  showValue,
  writeResults,
} from "./accuracy-results.js";
import { type AccuracySet, SETS } from "./accuracy-sets.js";
import { provenanceOf } from "./provenance.js";

const root = process.env.RECURRA_ROOT ?? process.cwd();
const cli = path.join(root, "dist/cli.js");
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Finished {
  readonly run: AccuracyRun;
  readonly baselines: SetResult["baselines"];
  readonly model: string;
}

/** What a record that `recurra train` wrote says, and its model. */
function finished(record: string, load?: number): Finished {
  const { seed, engine, metrics, spent, result, baselines, model } = JSON.parse(readFileSync(record, "utf8")) as {
    readonly seed: number;
    readonly engine: { readonly threads: number };
    readonly metrics: { readonly test: AccuracyRun["metrics"] };
    readonly spent: { readonly seconds: number; readonly cpuSeconds: number };
    readonly result: { readonly epochs: number };
    readonly baselines: SetResult["baselines"];
    readonly model: { readonly path: string };
  };
  const file = path.resolve(path.dirname(record), model.path);
  const { tensors } = decodeModelFile(new Uint8Array(readFileSync(file)));
  const parameters = [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((size, extent) => size * extent, 1), 0);
  const run = {
    seed,
    metrics: metrics.test,
    ...spent,
    threads: engine.threads,
    ...(load === undefined ? {} : { load }),
    epochs: result.epochs,
    parameters,
  };
  return { run, baselines, model: file };
}

/** Runs the command; what it says goes on to standard error. @throws when it fails */
async function train(set: AccuracySet, files: SetFiles, seed: number, scratch: string, extra: readonly string[] = []): Promise<Finished> {
  const parts = ["--train", files.train, ...(files.dev === undefined ? [] : ["--dev", files.dev]), "--test", files.test];
  const columns = set.columns === undefined ? [] : ["--columns", set.columns];
  const model = path.join(scratch, `model-${seed}${extra.join("")}.safetensors`);
  const args = ["train", set.task, ...parts, ...columns, ...(set.options ?? []), "--seed", String(seed), "--out", model, ...extra];
  const [load] = loadavg();
  const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`accuracy: ${set.name} with seed ${seed} ended with code ${code}`);
  return finished(model.replace(/\.safetensors$/, ".run.json"), load);
}

/** Both models on the rows of more words. */
function contrasted({ contrast, metric }: AccuracySet, files: SetFiles, models: readonly Finished[], scratch: string): Contrast {
  const table = longerThan(files.test, contrast!.words, scratch);
  const [own, other] = models.map(({ model }) => {
    const { metrics } = JSON.parse(execFileSync(process.execPath, [cli, "eval", model, table, "--json"], { encoding: "utf8" })) as {
      readonly metrics: AccuracyRun["metrics"];
    };
    return metrics[metric]!;
  });
  return { run: models[1]!.run, own: own!, other: other! };
}

interface Wishes {
  readonly seeds: readonly number[];
  readonly withWindow: boolean;
  readonly records: readonly string[];
}

async function measure(set: AccuracySet, data: string, { seeds, withWindow, records }: Wishes): Promise<SetResult> {
  const scratch = mkdtempSync(path.join(tmpdir(), "recurra-accuracy-"));
  try {
    const files = filesOf(path.join(data, set.folder), set.data, scratch);
    const run = (seed: number, extra?: readonly string[]) => {
      say(`\n== ${set.name}, seed ${seed}${extra === undefined ? "" : `, ${extra.join(" ")}`}`);
      return train(set, files, seed, scratch, extra);
    };
    const known = records.map((file) => finished(file));
    const contrast =
      set.contrast && (known.length > 0 ? (known.length > 1 ? known.pop() : undefined) : await run(seeds[0]!, set.contrast.options));
    if (known.length === 0) for (const seed of seeds) known.push(await run(seed));
    const hasWindow = withWindow && records.length === 0 && (set.task === "classify" || set.task === "tag");
    return {
      runs: known.map((one) => one.run),
      baselines: known[0]!.baselines,
      window: hasWindow ? (await run(seeds[0]!, ["--encoder", "window"])).run : null,
      ...(contrast === undefined ? {} : { contrast: contrasted(set, files, [known[0]!, contrast], scratch) }),
      provenance: provenanceOf(root),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function seedsOf(text: string): number[] {
  const seeds = text.split(",").map(Number);
  if (!seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)) throw new Error(`accuracy: --seeds ${text}, wants whole numbers`);
  return seeds;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      seeds: { type: "string", default: "1,2,3" },
      data: { type: "string", default: path.join(root, "../shared/data") },
      write: { type: "boolean", default: false },
      window: { type: "boolean", default: true },
      records: { type: "string", default: "" },
      list: { type: "boolean", default: false },
    },
  });
  if (values.list) {
    console.log(SETS.map(({ name, task, metric }) => `${name}: ${task}, ${metric}`).join("\n"));
    return 0;
  }
  const unknown = positionals.find((name) => !SETS.some((set) => set.name === name));
  if (unknown !== undefined) {
    say(`accuracy: no set ${unknown}, wants one of ${SETS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const wanted = SETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const missing = wanted.filter(({ folder, data }) => !isThere(path.join(values.data, folder), data));
  if (missing.length > 0) {
    say(`accuracy: ${values.data} has not the data of ${missing.map(({ name }) => name).join(", ")}; --data says where they are`);
    return 2;
  }
  const records = values.records.split(",").filter((file) => file !== "");
  if (records.length > 0 && wanted.length !== 1) {
    say(`accuracy: records of ${wanted.length} sets, wants the name of one`);
    return 2;
  }
  const wishes = { seeds: seedsOf(values.seeds), withWindow: values.window, records };
  const found: Record<string, SetResult> = {};
  for (const set of wanted) {
    found[set.name] = await measure(set, values.data, wishes);
    const { value, wanted: least, seconds, met } = judge(set, found[set.name]!);
    say(
      `${set.name}: ${set.metric} ${showValue(set, value)}, wants ${least === undefined ? "a baseline" : showValue(set, least)}; ${seconds.toFixed(0)} s: ${met ? "met" : "NOT MET"}`,
    );
    if (values.write) {
      const old = await readResults(root);
      // What was not run anew stays.
      const { note, window = null } = old[set.name] ?? {};
      const own = found[set.name]!;
      await writeResults(root, { ...old, [set.name]: { ...own, window: own.window ?? window, ...(note === undefined ? {} : { note }) } });
    }
  }
  console.log(document(found));
  return wanted.every((set) => judge(set, found[set.name]!).met) ? 0 : 1;
}

process.exitCode = await main();
