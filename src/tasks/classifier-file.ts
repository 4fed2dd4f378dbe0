/** Sequence classifiers in model files. */
import type { Engine } from "../engine/engine.js";
import type { PlainJson } from "../io/model-file.js";
import type { Module } from "../nn/module.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { decodeNetwork, encodeNetwork, type SavedValues } from "./network-file.js";

const TASK = "sequence-classifier";

export interface ClassifierFile {
  readonly config: { readonly [key: string]: PlainJson };
  readonly tokenizer: Tokenizer;
  readonly vocabulary: PlainJson;
  readonly labels: readonly string[];
}

export const encodeClassifier = (engine: Engine, module: Module, { tokenizer, labels, ...file }: ClassifierFile): Uint8Array =>
  encodeNetwork(engine, module, { ...file, task: TASK, tokenizer: { ...tokenizer.toJSON() }, labels: [...labels] });

/**
 * @param external the tokenizer of a file that has not its own
 * @throws FormatError when the file is damaged or holds another task
 */
export function decodeClassifier(bytes: Uint8Array, external?: Tokenizer): ClassifierFile & { readonly values: SavedValues } {
  const { model, values } = decodeNetwork("SequenceClassifier.load", TASK, bytes);
  const { config, vocabulary, labels } = model;
  const own = model.tokenizer as unknown as TokenizerOptions;
  return { config, tokenizer: own.type === "external" && external ? external : createTokenizer(own), vocabulary, labels, values };
}
