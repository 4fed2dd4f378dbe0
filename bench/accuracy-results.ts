/** What accuracy runs found, kept by set in accuracy.json, and the document made from it. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type AccuracySet, METRICS, SETS } from "./accuracy-sets.js";
import type { Provenance } from "./report.js";

/** Last line of `recurra train`, with what was measured around it. */
export interface AccuracyRun {
  readonly seed: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the whole command: by the clock, and of the processor, which other work on the machine lengthens less. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the training, where the run said how many. */
  readonly threads?: number;
  /** Other processes that wanted the machine when it began: its load average, where it was seen. */
  readonly load?: number;
  readonly epochs: number;
  readonly parameters: number;
}

/** The model of a set's contrast, and the metric of both on the longer rows. */
export interface Contrast {
  readonly run: AccuracyRun;
  readonly own: number;
  readonly other: number;
}

export interface SetResult {
  readonly runs: readonly AccuracyRun[];
  readonly baselines: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The fully connected network over the concatenated vectors of words; null where it did not run. */
  readonly window: AccuracyRun | null;
  readonly contrast?: Contrast;
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

/** A value of the set's metric. */
export const showValue = ({ metric }: AccuracySet, value: number): string => {
  const { scale, digits } = METRICS[metric];
  return (value * scale).toFixed(digits);
};

/** Mean and the ends of the seeds. */
function spread(set: AccuracySet, values: readonly number[]): string {
  const show = (value: number) => showValue(set, value);
  if (values.length === 1) return show(values[0]!);
  return `${show(mean(values))} (${show(Math.min(...values))} … ${show(Math.max(...values))})`;
}

/** A metric of a run, under its name; shares as per cent. */
function named(name: string, value: number): string {
  const { scale, digits } = METRICS[name as keyof typeof METRICS] ?? { scale: SHARES.has(name) ? 100 : 1, digits: 3 };
  return `${name} ${(value * scale).toFixed(digits)}`;
}

const SHARES: ReadonlySet<string> = new Set(["macroF1", "microF1", "precision", "recall", "tokenErrorRate"]);

/** The best baseline by the set's metric. */
function bestBaseline({ metric }: AccuracySet, { baselines }: SetResult): { name: string; value: number } | undefined {
  const rows = Object.entries(baselines).flatMap(([name, metrics]) =>
    metrics[metric] === undefined ? [] : [{ name, value: metrics[metric] }],
  );
  const sign = METRICS[metric].least ? 1 : -1;
  return rows.sort((a, b) => sign * (a.value - b.value))[0];
}

export interface Judgement {
  readonly value: number;
  readonly wanted: number | undefined;
  readonly seconds: number;
  readonly met: boolean;
}

/** Means over the seeds against what is wanted; the slowest seed against the time. */
export function judge(set: AccuracySet, result: SetResult): Judgement {
  const { wanted: wish, metric, contrast } = set;
  const value = mean(result.runs.map(({ metrics }) => metrics[metric] ?? Number.NaN));
  const seconds = Math.max(...result.runs.map((run) => run.seconds));
  const baseline = bestBaseline(set, result)?.value;
  const wanted = typeof wish === "number" ? wish : baseline === undefined ? undefined : baseline + wish.aboveBaseline;
  const ahead = wanted === undefined ? Number.NaN : METRICS[metric].least ? wanted - value : value - wanted;
  const enough = typeof wish === "number" ? ahead >= 0 : ahead > 0;
  const outdoes =
    contrast === undefined || (result.contrast !== undefined && result.contrast.own - result.contrast.other >= contrast.points);
  return { value, wanted, seconds, met: enough && outdoes && seconds <= set.seconds };
}

function row(set: AccuracySet, result: SetResult): string {
  const { wanted, seconds, met } = judge(set, result);
  const best = bestBaseline(set, result);
  const window = result.window?.metrics[set.metric];
  const cells = [
    set.name,
    METRICS[set.metric].name,
    spread(
      set,
      result.runs.map(({ metrics }) => metrics[set.metric] ?? Number.NaN),
    ),
    wanted === undefined ? "-" : `${typeof set.wanted === "number" ? "" : "above "}${showValue(set, wanted)}`,
    `${seconds.toFixed(0)} of ${set.seconds}`,
    Math.max(...result.runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(0),
    met ? "yes" : "**no**",
    best === undefined ? "-" : `${showValue(set, best.value)} (${best.name})`,
    window === undefined ? "-" : showValue(set, window),
    String(result.runs.length),
  ];
  return `| ${cells.join(" | ")} |`;
}

function line({ metrics, seconds, cpuSeconds, threads, load, epochs, parameters }: AccuracyRun): string {
  const shown = Object.entries(metrics).map(([name, value]) => named(name, value));
  const busy = load === undefined ? "" : `, load ${load.toFixed(1)} at the start`;
  const split = threads === undefined ? "" : `, ${threads === 1 ? "one thread" : `${threads} threads`}`;
  const time = `${seconds.toFixed(0)} s (${cpuSeconds.toFixed(0)} s of the processor${split}${busy})`;
  return `${shown.join(", ")}; ${time}, ${epochs} epochs, ${parameters} parameters`;
}

function details(set: AccuracySet, result: SetResult): string {
  const { machine, runtime, commit, date } = result.provenance;
  const { contrast } = result;
  const lines = result.runs.map((run) => `- seed ${run.seed}: ${line(run)}`);
  if (contrast !== undefined && set.contrast !== undefined) {
    const { options, words, points } = set.contrast;
    lines.push(
      `- ${options.join(" ")}: ${line(contrast.run)}`,
      `- of more than ${words} words: ${showValue(set, contrast.own)}, with ${options.join(" ")} ${showValue(set, contrast.other)}; wanted ${points} more`,
    );
  }
  const baselines = Object.entries(result.baselines).map(
    ([name, metrics]) => `${name} ${metrics[set.metric] === undefined ? "-" : showValue(set, metrics[set.metric]!)}`,
  );
  return [
    `### ${set.name}`,
    "",
    ...(set.options === undefined ? [] : [`- read with ${set.options.join(" ")}`]),
    ...lines,
    `- baselines, ${METRICS[set.metric].name}: ${baselines.join(", ")}`,
    ...set.published.map((text) => `- published: ${text}`),
    ...(result.note === undefined ? [] : [`- ${result.note}`]),
    `- ${machine.cpu}, ${machine.cores} cores, ${runtime}, ${commit}, ${date}`,
  ].join("\n");
}

/** The document: a table, then every run. */
export function document(results: Results): string {
  const known = SETS.filter(({ name }) => results[name] !== undefined);
  return `# Accuracy

What \`recurra train\` reaches by its defaults alone on real data, in a process of its own each time: mean over the seeds (lowest …
highest). Seconds are those of the whole command, reading and baselines included, of the slowest seed: by the clock, on a machine whose
other work the load beside each run tells of, and of the processor. "window" is the fully connected network over the concatenated vectors
of words, by its defaults, with the first seed. F1 counts whole entities; exact match counts all targets of a source, and of one word a
source is 100 % less the word error rate, where the token error rate is that of its letters or sounds. \`npm run accuracy -- NAME --write\`
measures a set anew (it wants the data beside the repository) and writes this file.

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
