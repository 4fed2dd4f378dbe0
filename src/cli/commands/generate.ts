/** recurra generate: text from a language model, as it is written. */
import { ConfigError, FormatError } from "../../errors.js";
import { decodeModelFile } from "../../io/model-file.js";
import { readBytes } from "../../platform/node.js";
import { type GenerateOptions, LanguageModel } from "../../tasks/language-model.js";
import { LANGUAGE_MODEL } from "../../tasks/language-network.js";
import type { Engines } from "../context.js";

export interface GenerateFlags {
  readonly prompt: string;
  readonly stop?: readonly string[];
  readonly backend: string;
  readonly [number: string]: unknown;
}

const NUMBERS = ["maxTokens", "temperature", "topK", "topP", "minP", "repetitionPenalty", "seed"] as const;

export async function generate(engines: Engines, file: string, flags: GenerateFlags): Promise<void> {
  const numbers = Object.fromEntries(
    NUMBERS.filter((name) => flags[name] !== undefined).map((name) => {
      const value = Number(flags[name]);
      if (Number.isNaN(value)) throw new ConfigError(`generate: ${name} ${JSON.stringify(flags[name])}, wants a number`);
      return [name, value];
    }),
  );
  const bytes = await readBytes(file);
  const { task } = decodeModelFile(bytes).model;
  if (task !== LANGUAGE_MODEL) throw new FormatError(`${file}: task ${JSON.stringify(task)}, wants a language-model (recurra train lm)`);
  const model = LanguageModel.load(await engines.infer({ backend: flags.backend as "auto" }), bytes);
  const options: GenerateOptions = { prompt: flags.prompt, ...numbers, ...(flags.stop === undefined ? {} : { stop: flags.stop }) };
  process.stdout.write(flags.prompt);
  for await (const piece of model.generate(options)) process.stdout.write(piece);
  process.stdout.write("\n");
}
