/** recurra generate: text from a language model, as it is written. */
import { FormatError } from "../../errors.js";
import { decodeModelFile } from "../../io/model-file.js";
import { readBytes } from "../../platform/node.js";
import { type GenerateOptions, LanguageModel } from "../../tasks/language-model.js";
import { LANGUAGE_MODEL } from "../../tasks/language-network.js";
import type { Engines } from "../context.js";
import { type Given, readFlags } from "../options.js";
import { DRAWING } from "../tasks/tables.js";

export interface GenerateFlags extends Given {
  readonly prompt: string;
  readonly stop?: readonly string[];
  readonly backend: string;
}

export async function generate(engines: Engines, file: string, flags: GenerateFlags): Promise<void> {
  const drawing: GenerateOptions = readFlags("generate", flags, DRAWING);
  const bytes = await readBytes(file);
  const { task } = decodeModelFile(bytes).model;
  if (task !== LANGUAGE_MODEL) throw new FormatError(`${file}: task ${JSON.stringify(task)}, wants a language-model (recurra train lm)`);
  const model = LanguageModel.load(await engines.infer({ backend: flags.backend as "auto" }), bytes);
  const options: GenerateOptions = { ...drawing, prompt: flags.prompt, ...(flags.stop === undefined ? {} : { stop: flags.stop }) };
  process.stdout.write(flags.prompt);
  for await (const piece of model.generate(options)) process.stdout.write(piece);
  process.stdout.write("\n");
}
