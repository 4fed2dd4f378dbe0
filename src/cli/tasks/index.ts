/** Tasks by name and by what a model file says; each is read when it is wanted. */
import { FormatError } from "../../errors.js";
import { decodeModelFile } from "../../io/model-file.js";
import type { TaskName } from "./tables.js";
import type { Task } from "./task.js";

const LOADERS: Readonly<Record<TaskName, () => Promise<unknown>>> = {
  classify: async () => (await import("./classify.js")).classify,
  tag: async () => (await import("./tag.js")).tag,
  sequence: async () => (await import("./sequence.js")).sequence,
  seq2seq: async () => (await import("./seq2seq.js")).seq2seq,
  lm: async () => (await import("./lm.js")).lm,
};

/** Which task's models have this name in their file. */
const KINDS: Readonly<Record<string, TaskName>> = {
  "sequence-classifier": "classify",
  "token-classifier": "tag",
  "number-sequence": "sequence",
  seq2seq: "seq2seq",
  "language-model": "lm",
};

/** Whoever holds a task hands it its own examples only. */
export const taskNamed = async (name: TaskName): Promise<Task> => (await LOADERS[name]()) as Task;

/** @throws FormatError when the file is no model, or of a task that is not known */
export async function taskOfModel(file: string, bytes: Uint8Array): Promise<Task> {
  const { task } = decodeModelFile(bytes).model;
  const name = Object.hasOwn(KINDS, task) ? KINDS[task] : undefined;
  if (name === undefined) throw new FormatError(`${file}: task ${JSON.stringify(task)}, wants ${Object.keys(KINDS).join(", ")}`);
  return taskNamed(name);
}
