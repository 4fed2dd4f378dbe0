/** recurra train: files to a model, beside simple baselines, with a record and a report. */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { ConfigError, StorageError } from "../../errors.js";
import { decodeModelFile } from "../../io/model-file.js";
import { fileSource, folderStore, writeBytes } from "../../platform/node.js";
import { attended } from "../attended.js";
import { type Engines, say } from "../context.js";
import { loadData, type RunData, sha256Of } from "../data.js";
import { Journal } from "../journal.js";
import type { Given } from "../options.js";
import { type PlanFlags, planOf } from "../plan.js";
import { provenance, type RecordedFile, type RunRecord, seenFrom, sha256, spent, weightsHash, writeRecord } from "../record.js";
import { metricsTable } from "../report/format.js";
import { type ReportData, reportHtml, reportText } from "../report/report.js";
import type { RunPlan, Trained } from "../run.js";
import { taskNamed } from "../tasks/index.js";
import type { TaskName } from "../tasks/tables.js";
import type { Metrics, Task } from "../tasks/task.js";

/** What the command line gives besides the options of the tables. */
export interface TrainFlags extends PlanFlags {
  readonly out: string;
  readonly record?: string;
  readonly log?: string;
  readonly report?: string;
  readonly checkpoints?: string;
  readonly resume?: boolean;
}

type Baselines = Readonly<Record<string, Metrics>>;

/** The part of the data that metrics are of. */
interface Judged {
  readonly part: "test" | "dev" | "train";
  readonly examples: readonly unknown[];
}

interface Run {
  readonly task: Task;
  readonly plan: RunPlan;
  readonly data: RunData<unknown>;
  readonly judged: Judged;
  readonly baselines: Baselines;
  readonly flags: TrainFlags;
  readonly journal: Journal;
}

/** Test where there is one, else dev; a training set too small to cut one from judges itself. */
function judgedOf({ train: own, dev, test }: RunData<unknown>): Judged {
  if (test !== undefined) return { part: "test", examples: test };
  return dev.length > 0 ? { part: "dev", examples: dev } : { part: "train", examples: own };
}

/** @returns the exit code */
export async function train(engines: Engines, name: TaskName, flags: TrainFlags & Given): Promise<number> {
  const plan = await planOf(name, flags);
  if (flags.resume === true && flags.checkpoints === undefined)
    throw new ConfigError(`train ${name}: --resume without --checkpoints, wants the folder to go on from`);
  const task = await taskNamed(name);
  for (const file of [flags.out, flags.record, flags.log, flags.report]) await prepare(file);
  const data = await loadData(task, plan.paths, plan.reading, plan.seed);
  announce(task, plan, data);
  const judged = judgedOf(data);
  const baselines = task.baselines(data.train, judged.examples);
  say(`\n${metricsTable(`baselines on ${judged.part}`, baselines)}\n`);
  const run: Run = { task, plan, data, judged, baselines, flags, journal: new Journal(flags.log, flags.resume) };
  try {
    return await attended(engines, async ({ train: learn, signals }) => {
      run.journal.write({ event: "run", ...provenance(), plan: JSON.parse(JSON.stringify(plan)), baselines });
      const trained = await learn(task, plan, data, {
        callbacks: [run.journal.callback],
        log: (record) => run.journal.write(record),
        ...(flags.checkpoints === undefined
          ? {}
          : { checkpoint: { store: folderStore(flags.checkpoints), resume: flags.resume === true } }),
      });
      await finish(run, trained, signals.exitCode !== 0);
      trained.engine.dispose();
      return signals.exitCode;
    });
  } finally {
    run.journal.close();
  }
}

/** Makes the folder of a file that will be written, so that what cannot be saved is refused before it is trained. @throws StorageError */
async function prepare(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  try {
    await mkdir(path.dirname(file), { recursive: true });
  } catch (error) {
    throw new StorageError(`write ${file}: ${(error as Error).message}, wants a writable place`, { cause: error });
  }
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new StorageError(`write ${file}: a folder, wants a file`);
}

function announce(task: Task, { paths }: RunPlan, { train: examples, dev, test, cut }: RunData<unknown>): void {
  say(`train  ${task.describe(examples)} (${paths.train})`);
  const doubt = task.doubt?.(examples);
  if (doubt !== undefined) say(`note   ${doubt}`);
  say(`dev    ${task.describe(dev)} (${cut ? `cut from ${paths.train}` : paths.dev})`);
  if (test !== undefined) say(`test   ${task.describe(test)} (${paths.test})`);
}

/** Saves, judges, reports. After a signal nothing but the model is written. */
async function finish(run: Run, trained: Trained, interrupted: boolean): Promise<void> {
  const { task, data, judged, flags, baselines, journal } = run;
  const { model, result } = trained;
  const bytes = model.save();
  await writeBytes(flags.out, bytes);
  say(`${result.epochs} epochs, ${result.steps} steps in ${result.seconds.toFixed(1)} s (${result.stopped}); saved to ${flags.out}`);
  journal.write({ event: "saved", model: flags.out, sha256: sha256(bytes) });
  if (interrupted) return;
  const answers = model.answers(judged.examples);
  const metrics: Record<string, Metrics> = { [judged.part]: model.score(judged.examples, answers) };
  if (judged.part === "test" && data.dev.length > 0) metrics.dev = model.score(data.dev, model.answers(data.dev));
  journal.write({ event: "metrics", ...metrics });
  const report: ReportData = {
    title: `recurra train ${task.name}`,
    facts: factsOf(run, trained),
    judgedOn: judged.part,
    scores: { ...baselines, "this model": metrics[judged.part]! },
    metric: task.metric(metrics[judged.part]!),
    moments: journal.moments,
    outcomes: model.outcomes(judged.examples, answers),
  };
  say(`\n${reportText(report)}`);
  if (flags.report !== undefined) await writeBytes(flags.report, new TextEncoder().encode(reportHtml(report)));
  const record = flags.record ?? flags.out.replace(/(\.safetensors)?$/, ".run.json");
  await writeRecord(record, await recordOf(run, trained, metrics, bytes, record));
  if (metrics.test !== undefined) process.stdout.write(`${JSON.stringify(summaryOf(run, trained, metrics.test))}\n`);
}

const parametersOf = ({ model }: Trained): number => model.network.parameters().reduce((sum, { size }) => sum + size, 0);

function factsOf({ task, plan, data, flags }: Run, trained: Trained): (readonly [string, string])[] {
  const { result, engine } = trained;
  const { build, numerics, threads, tile } = engine.info;
  return [
    ["train", `${plan.paths.train}: ${task.describe(data.train)}`],
    ["dev", `${plan.paths.dev ?? "cut from train"}: ${task.describe(data.dev)}`],
    ...(data.test === undefined ? [] : [["test", `${plan.paths.test}: ${task.describe(data.test)}`] as const]),
    ["model", flags.out],
    ["parameters", String(parametersOf(trained))],
    ["training", `${result.epochs} epochs, ${result.steps} steps, ${result.seconds.toFixed(1)} s, ended: ${result.stopped}`],
    ["seed", String(plan.seed)],
    ["engine", `${numerics}, ${build}, tiles ${tile}, threads ${threads}`],
    ["options", JSON.stringify(plan.options)],
  ];
}

/** The line that programs read. Seconds are those since the command started. */
const summaryOf = ({ task, baselines }: Run, trained: Trained, metrics: Metrics) => ({
  task: task.name,
  metrics,
  baselines,
  epochs: trained.result.epochs,
  seconds: spent().seconds,
  parameters: parametersOf(trained),
});

async function recordOf(
  run: Run,
  { engine, result }: Trained,
  metrics: RunRecord["metrics"],
  model: Uint8Array,
  file: string,
): Promise<RunRecord> {
  const { plan, data, baselines, flags } = run;
  const { backend, build, numerics, threads } = engine.info;
  const { epochs, steps, seconds, stopped } = result;
  return {
    format: "recurra-run",
    version: 1,
    task: plan.task,
    ...provenance(),
    engine: { backend, build, numerics, threads },
    seed: plan.seed,
    reading: plan.reading,
    data: Object.fromEntries(
      Object.entries(data.files).map(([part, { path: at, sha256: hash }]) => [part, { path: seenFrom(file, at), sha256: hash }]),
    ),
    ...(await recorded(file, { init: plan.init, vectors: plan.vectors })),
    options: plan.options,
    config: decodeModelFile(model).model.config,
    result: { epochs, steps, seconds, stopped },
    spent: spent(),
    metrics,
    baselines,
    model: { path: seenFrom(file, flags.out), sha256: sha256(model), weights: weightsHash(model) },
  };
}

/** Files of a run with their hashes, as seen from its record. */
async function recorded(record: string, files: Readonly<Record<string, string | undefined>>): Promise<Record<string, RecordedFile>> {
  const found: Record<string, RecordedFile> = {};
  for (const [name, file] of Object.entries(files))
    if (file !== undefined) found[name] = { path: seenFrom(record, file), sha256: await sha256Of(fileSource(file)) };
  return found;
}
