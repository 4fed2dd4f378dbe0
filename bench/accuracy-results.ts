/** What accuracy runs found, kept by set in accuracy.json, and the document made from it. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type AccuracySet, SETS } from "./accuracy-sets.js";
import type { Provenance } from "./report.js";

/** Last line of `recurra train`, with what was measured around it. */
export interface AccuracyRun {
  readonly seed: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the whole command: by the clock, and of the processor, which other work on the machine lengthens less. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Other processes that wanted the machine when it began: its load average. */
  readonly load: number;
  readonly epochs: number;
  readonly parameters: number;
}

export interface SetResult {
  readonly runs: readonly AccuracyRun[];
  readonly baselines: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The fully connected network over the concatenated vectors of words; null where it did not run. */
  readonly window: AccuracyRun | null;
  readonly provenance: Provenance;
  /** Why a wish is not met, by people; kept when the set is run anew. */
  readonly note?: string;
}

export type Results = Readonly<Record<string, SetResult>>;

const fileOf = (root: string) => path.join(root, "bench/accuracy.json");

export async function readResults(root: string): Promise<Results> {
  try {
    return JSON.parse(await readFile(fileOf(root), "utf8")) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const percent = (share: number): string => (share * 100).toFixed(2);

/** Mean and the ends of the seeds. */
function spread(values: readonly number[]): string {
  if (values.length === 1) return `${percent(values[0]!)}`;
  return `${percent(mean(values))} (${percent(Math.min(...values))} … ${percent(Math.max(...values))})`;
}

/** The best baseline by the set's metric. */
function bestBaseline({ metric }: AccuracySet, { baselines }: SetResult): { name: string; value: number } | undefined {
  const rows = Object.entries(baselines).flatMap(([name, metrics]) =>
    metrics[metric] === undefined ? [] : [{ name, value: metrics[metric] }],
  );
  return rows.sort((a, b) => b.value - a.value)[0];
}

export interface Judgement {
  readonly value: number;
  readonly wanted: number | undefined;
  readonly seconds: number;
  readonly met: boolean;
}

/** Means over the seeds against what is wanted; the slowest seed against the time. */
export function judge(set: AccuracySet, result: SetResult): Judgement {
  const value = mean(result.runs.map(({ metrics }) => metrics[set.metric] ?? Number.NaN));
  const seconds = Math.max(...result.runs.map((run) => run.seconds));
  const wanted = set.wanted === "baseline" ? bestBaseline(set, result)?.value : set.wanted;
  const enough = wanted !== undefined && (set.wanted === "baseline" ? value > wanted : value >= wanted);
  return { value, wanted, seconds, met: enough && seconds <= set.seconds };
}

function row(set: AccuracySet, result: SetResult): string {
  const { wanted, seconds, met } = judge(set, result);
  const best = bestBaseline(set, result);
  const window = result.window?.metrics[set.metric];
  const cells = [
    set.name,
    set.metric,
    spread(result.runs.map(({ metrics }) => metrics[set.metric] ?? Number.NaN)),
    wanted === undefined ? "-" : `${set.wanted === "baseline" ? "above " : ""}${percent(wanted)}`,
    `${seconds.toFixed(0)} of ${set.seconds}`,
    Math.max(...result.runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(0),
    met ? "yes" : "**no**",
    best === undefined ? "-" : `${percent(best.value)} (${best.name})`,
    window === undefined ? "-" : percent(window),
    String(result.runs.length),
  ];
  return `| ${cells.join(" | ")} |`;
}

function details(set: AccuracySet, result: SetResult): string {
  const { machine, runtime, commit, date } = result.provenance;
  const lines = result.runs.map(
    ({ seed, metrics, seconds, cpuSeconds, load, epochs, parameters }) =>
      `- seed ${seed}: ${Object.entries(metrics)
        .map(([name, value]) => `${name} ${percent(value)}`)
        .join(", ")}; ` +
      `${seconds.toFixed(0)} s (${cpuSeconds.toFixed(0)} s of the processor, load ${load.toFixed(1)} at the start), ${epochs} epochs, ${parameters} parameters`,
  );
  const baselines = Object.entries(result.baselines).map(
    ([name, metrics]) => `${name} ${metrics[set.metric] === undefined ? "-" : percent(metrics[set.metric]!)}`,
  );
  return [
    `### ${set.name}`,
    "",
    ...lines,
    `- baselines, ${set.metric}: ${baselines.join(", ")}`,
    ...set.published.map((text) => `- published: ${text}`),
    ...(result.note === undefined ? [] : [`- ${result.note}`]),
    `- ${machine.cpu}, ${machine.cores} cores, ${runtime}, ${commit}, ${date}`,
  ].join("\n");
}

/** The document: a table, then every run. */
export function document(results: Results): string {
  const known = SETS.filter(({ name }) => results[name] !== undefined);
  return `# Accuracy

What \`recurra train\` reaches by its defaults alone on real data, in a process of its own each time: mean over the seeds (lowest … highest), per
cent. Seconds are those of the whole command, reading and baselines included, of the slowest seed: by the clock, on a machine whose other work the
load beside each run tells of, and of the processor. "window" is the fully connected network over the
concatenated vectors of words, by its defaults, with the first seed. F1 counts whole entities. \`npm run accuracy -- NAME --write\` measures a set anew (it wants the data
beside the repository) and writes this file.

| set | metric | recurra | wanted | seconds | of the processor | met | best baseline | window | seeds |
|---|---|---|---|---|---|---|---|---|---|
${known.map((set) => row(set, results[set.name]!)).join("\n")}

## Runs

${known.map((set) => details(set, results[set.name]!)).join("\n\n")}
`;
}

/** Keeps the notes that a result of the same set had. */
export async function writeResults(root: string, results: Results): Promise<void> {
  await writeFile(fileOf(root), `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(path.join(root, "bench/ACCURACY.md"), document(results));
}
