/** Sequence classifiers in model files. */
import type { Engine } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import { decodeModelFile, encodeModelFile, type PlainJson } from "../io/model-file.js";
import { type StateEntries, toStateEntries } from "../io/state-dict.js";
import type { Tensor } from "../tensor/tensor.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { VERSION } from "../version.js";

const TASK = "sequence-classifier";

export interface ClassifierFile {
  readonly config: { readonly [key: string]: PlainJson };
  readonly tokenizer: Tokenizer;
  readonly vocabulary: PlainJson;
  readonly labels: readonly string[];
}

export function encodeClassifier({ info }: Engine, file: ClassifierFile, parameters: Iterable<[string, Tensor]>): Uint8Array {
  const tensors = Array.from(parameters, ([name, parameter]) => ({
    name,
    dtype: "F32" as const,
    shape: parameter.shape,
    data: parameter.data() as Float32Array,
  }));
  const { config, tokenizer, vocabulary, labels } = file;
  const { numerics, build } = info;
  const described = { task: TASK, config, tokenizer: { ...tokenizer.toJSON() }, vocabulary, labels: [...labels] };
  return encodeModelFile({ tensors, model: { ...described, numerics, build, library: VERSION } });
}

/**
 * @param external the tokenizer of a file that has not its own
 * @throws FormatError when the file is damaged or holds another task
 */
export function decodeClassifier(bytes: Uint8Array, external?: Tokenizer): ClassifierFile & { readonly values: StateEntries } {
  const where = "SequenceClassifier.load";
  const { tensors, model } = decodeModelFile(bytes);
  if (model.task !== TASK) throw new FormatError(`${where}: the file holds task ${JSON.stringify(model.task)}, wants ${TASK}`);
  const { config, tokenizer, vocabulary, labels } = model;
  if (tokenizer === undefined || vocabulary === undefined || labels === undefined || labels.length === 0) {
    throw new FormatError(`${where}: the file lacks tokenizer, vocabulary or labels, wants all three`);
  }
  const values = toStateEntries(tensors);
  const own = tokenizer as unknown as TokenizerOptions;
  return { config, tokenizer: own.type === "external" && external ? external : createTokenizer(own), vocabulary, labels, values };
}

/** @throws FormatError unless the file has so many numbers: a damaged one is noticed before memory is taken */
export function checkCount(values: StateEntries, wanted: number): void {
  const found = Array.from(values.values()).reduce((sum, { data }) => sum + data.length, 0);
  if (found !== wanted)
    throw new FormatError(`SequenceClassifier.load: the file has ${found} parameters, wants ${wanted} for its configuration`);
}
