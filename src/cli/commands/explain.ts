/** recurra explain: which tokens of a text speak for a label, and which against it. */
import { ConfigError } from "../../errors.js";
import { textTable } from "../../inspect/table.js";
import { readBytes } from "../../platform/node.js";
import type { ExplainOptions } from "../../tasks/explain.js";
import type { Engines } from "../context.js";
import { taskOfModel } from "../tasks/index.js";

export interface ExplainFlags {
  readonly label?: string;
  readonly by?: string;
  readonly json?: boolean;
}

/** Characters of the longest bar. */
const BAR = 20;

export async function explain(engines: Engines, file: string, text: string, { label, by, json }: ExplainFlags): Promise<void> {
  const bytes = await readBytes(file);
  const task = await taskOfModel(file, bytes);
  const model = task.load(await engines.train({}), bytes);
  if (model.explain === undefined) throw new ConfigError(`explain: ${file} is a model of ${task.name}, wants one of classify`);
  const options = { ...(label === undefined ? {} : { label }), ...(by === undefined ? {} : { by }) } as ExplainOptions;
  const explanation = await model.explain(text, options);
  if (json === true) {
    process.stdout.write(`${JSON.stringify(explanation)}\n`);
    return;
  }
  const { tokens, rest, probability } = explanation;
  const most = Math.max(...tokens.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  const bar = (weight: number) => (weight < 0 ? "-" : "+").repeat(Math.round((Math.abs(weight) / most) * BAR));
  const rows = tokens.map(({ start, end, weight }) => [text.slice(start, end), bar(weight), weight.toFixed(3)]);
  const table = textTable(["token", "", "weight"], [...rows, ["(rest)", "", rest.toFixed(3)]], 2);
  process.stdout.write(`${explanation.label} ${probability.toFixed(4)}\n\n${table}\n`);
}
