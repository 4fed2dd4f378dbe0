/**
 * npm run accuracy -- [NAME…] [options]: trains on real data by the defaults alone, with the built command in a process of its own, and
 * holds the result to what is wanted. Without a name every set is run.
 *   --seeds 1,2,3   one run each            --write   puts the results into bench/accuracy.json and bench/ACCURACY.md
 *   --data DIR      where the sets are (default: ../shared/data beside the repository)
 *   --no-window     leaves the window network out
 *   --list          names the sets
 * Exit code 1 when a wish is not met, 2 when the data are not there.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type AccuracyRun, document, judge, readResults, type SetResult, writeResults } from "./accuracy-results.js";
import { type AccuracySet, SETS } from "./accuracy-sets.js";
import { provenanceOf } from "./provenance.js";

const root = process.env.RECURRA_ROOT ?? process.cwd();
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Summary extends Pick<AccuracyRun, "metrics" | "epochs" | "parameters"> {
  readonly baselines: SetResult["baselines"];
}

/** Runs the command; what it says goes on to standard error. @throws when it fails or ends without its JSON line */
async function train(
  set: AccuracySet,
  data: string,
  seed: number,
  extra: readonly string[] = [],
): Promise<{ run: AccuracyRun; baselines: SetResult["baselines"] }> {
  const scratch = mkdtempSync(path.join(tmpdir(), "recurra-accuracy-"));
  const file = (name: string) => path.join(data, set.folder, name);
  const parts = ["--train", file(set.train), "--dev", file(set.dev), "--test", file(set.test)];
  const columns = set.columns === undefined ? [] : ["--columns", set.columns];
  const args = [
    "train",
    set.task,
    ...parts,
    ...columns,
    "--seed",
    String(seed),
    "--out",
    path.join(scratch, "model.safetensors"),
    ...extra,
  ];
  const start = performance.now();
  const [load] = loadavg();
  try {
    const child = spawn(process.execPath, [path.join(root, "dist/cli.js"), ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    if (code !== 0) throw new Error(`accuracy: ${set.name} with seed ${seed} ended with code ${code}`);
    const { metrics, epochs, parameters, baselines } = JSON.parse(out.trimEnd().split("\n").at(-1)!) as Summary;
    const { spent } = JSON.parse(readFileSync(path.join(scratch, "model.run.json"), "utf8")) as { spent: { cpuSeconds: number } };
    const seconds = (performance.now() - start) / 1000;
    return { run: { seed, metrics, seconds, cpuSeconds: spent.cpuSeconds, load: load!, epochs, parameters }, baselines };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function measure(set: AccuracySet, data: string, seeds: readonly number[], withWindow: boolean): Promise<SetResult> {
  const results = [];
  for (const seed of seeds) {
    say(`\n== ${set.name}, seed ${seed}`);
    results.push(await train(set, data, seed));
  }
  let window: AccuracyRun | null = null;
  if (withWindow) {
    say(`\n== ${set.name}, window network`);
    window = (await train(set, data, seeds[0]!, ["--encoder", "window"])).run;
  }
  return { runs: results.map(({ run }) => run), baselines: results[0]!.baselines, window, provenance: provenanceOf(root) };
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
  const missing = wanted.filter(({ folder, train: file }) => !existsSync(path.join(values.data, folder, file)));
  if (missing.length > 0) {
    say(`accuracy: ${values.data} has not the data of ${missing.map(({ name }) => name).join(", ")}; --data says where they are`);
    return 2;
  }
  const seeds = seedsOf(values.seeds);
  const found: Record<string, SetResult> = {};
  for (const set of wanted) {
    found[set.name] = await measure(set, values.data, seeds, values.window);
    const { value, wanted: least, seconds, met } = judge(set, found[set.name]!);
    say(
      `${set.name}: ${set.metric} ${(value * 100).toFixed(2)} %, wants ${((least ?? Number.NaN) * 100).toFixed(2)} %; ${seconds.toFixed(0)} s: ${met ? "met" : "NOT MET"}`,
    );
    if (values.write) {
      const old = await readResults(root);
      const note = old[set.name]?.note;
      await writeResults(root, { ...old, [set.name]: { ...found[set.name]!, ...(note === undefined ? {} : { note }) } });
    }
  }
  console.log(document(found));
  return wanted.every((set) => judge(set, found[set.name]!).met) ? 0 : 1;
}

process.exitCode = await main();
