/** recurra eval: how good a saved model is on labelled examples, how sure that is, and whether another one is better. */
import type { Engine } from "../../engine/engine.js";
import type { EngineOptions } from "../../engine/load.js";
import { ConfigError } from "../../errors.js";
import { textTable } from "../../inspect/table.js";
import { readBytes, writeBytes } from "../../platform/node.js";
import type { Interval, RandomisationResult } from "../../train/significance.js";
import type { Engines } from "../context.js";
import { readData } from "../data.js";
import { readingOf } from "../plan.js";
import { metricText } from "../report/format.js";
import { type ReportData, reportHtml, reportText } from "../report/report.js";
import { compare, intervalsOf } from "../significance.js";
import { taskOfModel } from "../tasks/index.js";
import type { Metrics, Task, TaskModel } from "../tasks/task.js";

export interface EvalFlags {
  readonly against?: string;
  readonly columns?: string;
  readonly multiLabel?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly backend: string;
}

interface Judged {
  readonly model: TaskModel;
  readonly answers: readonly unknown[];
  readonly metrics: Metrics;
}

export async function evaluate(engines: Engines, file: string, data: string, flags: EvalFlags): Promise<void> {
  const bytes = await readBytes(file);
  const task = await taskOfModel(file, bytes);
  const { examples } = await readData(task, data, readingOf(flags));
  const engine = await engines.infer({ backend: flags.backend as EngineOptions["backend"] & string });
  const own = judge(task.load(engine, bytes), examples);
  const { metrics } = own;
  const metric = task.metric(metrics);
  const intervals = intervalsOf(own.model, examples, own.answers, metrics);
  const other = flags.against === undefined ? undefined : await judgeOther(engine, task, flags.against, examples);
  const test = other && { metric, ...compare(own.model, examples, own.answers, other.answers, metric) };
  const report: ReportData = {
    title: `recurra eval ${file}`,
    facts: [
      ["model", file],
      ["data", `${data}: ${task.describe(examples)}`],
      ...(test === undefined ? [] : [["against", `${flags.against}: ${testText(test)}`] as const]),
    ],
    judgedOn: data,
    scores: { [file]: metrics, ...(other === undefined ? {} : { [flags.against!]: other.metrics }) },
    metric,
    outcomes: own.model.outcomes(examples, own.answers),
  };
  if (flags.report !== undefined) await writeBytes(flags.report, new TextEncoder().encode(reportHtml(report)));
  if (flags.json === true) {
    const against = test && { model: flags.against, metrics: other?.metrics, ...test };
    process.stdout.write(`${JSON.stringify({ task: task.name, examples: examples.length, metrics, intervals, against })}\n`);
  } else {
    const parts = [reportText(report), intervalTable(metrics, intervals), ...(test === undefined ? [] : [testText(test)])];
    process.stdout.write(`${parts.join("\n\n")}\n`);
  }
}

function judge(model: TaskModel, examples: readonly unknown[]): Judged {
  const answers = model.answers(examples);
  return { model, answers, metrics: model.score(examples, answers) };
}

/** @throws ConfigError when it is a model of another task */
async function judgeOther(engine: Engine, task: Task, file: string, examples: readonly unknown[]): Promise<Judged> {
  const bytes = await readBytes(file);
  const { name } = await taskOfModel(file, bytes);
  if (name !== task.name) throw new ConfigError(`eval: --against ${file} is a model of ${name}, wants one of ${task.name}`);
  return judge(task.load(engine, bytes), examples);
}

const intervalTable = (metrics: Metrics, intervals: Readonly<Record<string, Interval>>): string =>
  textTable(
    ["95 % intervals", "", "from", "to"],
    Object.entries(intervals).map(([name, { low, high }]) => [name, ...[metrics[name], low, high].map((value) => metricText(name, value))]),
    1,
  );

function testText({ metric, difference, p, exact }: RandomisationResult & { readonly metric: string }): string {
  const sign = difference < 0 ? "" : "+";
  return `difference in ${metric} ${sign}${metricText(metric, difference)}, p = ${p.toPrecision(2)} (${exact ? "exact" : "approximate"} randomisation)`;
}
