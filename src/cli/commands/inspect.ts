/** recurra inspect: what a model file holds. */
import { summary } from "../../inspect/summary.js";
import { textTable } from "../../inspect/table.js";
import { decodeModelFile } from "../../io/model-file.js";
import { readBytes } from "../../platform/node.js";
import type { Engines } from "../context.js";
import { weightsHash } from "../record.js";
import { taskOfModel } from "../tasks/index.js";

/** Labels in the text form at most. */
const MOST_LABELS = 30;

export async function inspect(engines: Engines, file: string, flags: { readonly json?: boolean }): Promise<void> {
  const bytes = await readBytes(file);
  const { tensors, model } = decodeModelFile(bytes);
  const task = await taskOfModel(file, bytes);
  const { labels = [], vocabulary } = model;
  const facts = {
    file,
    bytes: bytes.length,
    task: task.name,
    kind: model.task,
    library: model.library,
    numerics: model.numerics,
    build: model.build,
    weights: weightsHash(bytes),
    config: model.config,
    tokenizer: model.tokenizer ?? null,
    vocabulary: Array.isArray(vocabulary) ? vocabulary.length : null,
    labels,
    tensors: Array.from(tensors, ([name, { dtype, shape, bytes: data }]) => ({ name, dtype, shape, bytes: data.length })),
  };
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
    return;
  }
  const loaded = task.load(await engines.infer({}), bytes);
  const shown = labels.slice(0, MOST_LABELS).join(", ") + (labels.length > MOST_LABELS ? `, … (${labels.length - MOST_LABELS} more)` : "");
  const rows = [
    ["file", `${file}, ${bytes.length} bytes`],
    ["task", `${task.name} (${model.task})`],
    ["made by", `recurra ${model.library}, ${model.numerics} numerics, ${model.build} kernels`],
    ["weights", facts.weights],
    ...Object.entries(model.config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ...(model.tokenizer === undefined ? [] : [["tokenizer", JSON.stringify(model.tokenizer)]]),
    ...(facts.vocabulary === null ? [] : [["vocabulary", `${facts.vocabulary} tokens`]]),
    [`labels (${labels.length})`, shown],
  ];
  const width = Math.max(...rows.map(([name]) => name!.length));
  const parts = [
    rows.map(([name, value]) => `${name!.padEnd(width)}  ${value}`).join("\n"),
    textTable(
      ["tensor", "dtype", "shape", "bytes"],
      facts.tensors.map(({ name, dtype, shape, bytes: size }) => [name, dtype, `[${shape.join(", ")}]`, String(size)]),
      3,
    ),
    String(summary(loaded.network)),
  ];
  process.stdout.write(`${parts.join("\n\n")}\n`);
}
