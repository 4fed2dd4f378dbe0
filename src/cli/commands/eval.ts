/** recurra eval: how good a saved model is on labelled examples. */
import type { EngineOptions } from "../../engine/load.js";
import { readBytes, writeBytes } from "../../platform/node.js";
import type { Engines } from "../context.js";
import { readData } from "../data.js";
import { readingOf } from "../plan.js";
import { type ReportData, reportHtml, reportText } from "../report/report.js";
import { taskOfModel } from "../tasks/index.js";

export interface EvalFlags {
  readonly columns?: string;
  readonly multiLabel?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly backend: string;
}

export async function evaluate(engines: Engines, file: string, data: string, flags: EvalFlags): Promise<void> {
  const bytes = await readBytes(file);
  const task = await taskOfModel(file, bytes);
  const { examples } = await readData(task, data, readingOf(flags));
  const model = task.load(await engines.infer({ backend: flags.backend as EngineOptions["backend"] & string }), bytes);
  const answers = model.answers(examples);
  const metrics = model.score(examples, answers);
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ task: task.name, examples: examples.length, metrics })}\n`);
  const report: ReportData = {
    title: `recurra eval ${file}`,
    facts: [
      ["model", file],
      ["data", `${data}: ${task.describe(examples)}`],
    ],
    judgedOn: data,
    scores: { "this model": metrics },
    metric: task.metric(metrics),
    outcomes: model.outcomes(examples, answers),
  };
  if (flags.json !== true) process.stdout.write(`${reportText(report)}\n`);
  if (flags.report !== undefined) await writeBytes(flags.report, new TextEncoder().encode(reportHtml(report)));
}
