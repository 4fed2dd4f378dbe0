/** Training of a tagger from sentences whose tokens have tags. */
import { type Engine, PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import type { ModelDescription } from "../io/model-file.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { normal } from "../nn/init.js";
import { add } from "../ops/arithmetic.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { bucketBatches } from "../text/batching.js";
import { createTokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { UNKNOWN_ID } from "../text/vocabulary.js";
import type { FitResult } from "../train/fit.js";
import type { RowNames } from "./fine-tuning.js";
import { Lexicon, type TokenBatch, type WordIds } from "./lexicon.js";
import { guessTokenizer, type PreparedData, prepareTaggingData, type TaggingData } from "./tagging-data.js";
import { TokenClassifier } from "./token-classifier.js";
import { CONFIG_KEYS, type TokenNetworkConfig } from "./token-network.js";
import { planTraining, TRAINING_KEYS, type TrainedTask, type TrainingOptions, trainNetwork } from "./training.js";

export interface TrainTaggerOptions extends Partial<Omit<TokenNetworkConfig, "scheme" | "output">>, TrainingOptions {
  /** Default "auto": a CRF where the tags mark spans (detectScheme), else softmax. */
  readonly output?: "auto" | "softmax" | "crf";
  /** Refuse tags that break their scheme (an I-x that nothing opens, say) instead of repairing them. Default false. */
  readonly strict?: boolean;
  /**
   * How predict splits texts. Default: characters where every token is one; words where the training tokens are such; else what stands between
   * white space. NFC, case as it is.
   */
  readonly tokenizer?: TokenizerOptions;
  /** Words seen less often are unknown, but for their affixes and characters. */
  readonly minCount?: number;
  /** A word that was seen n times is taken for an unknown one with probability a/(a + n), a being this number. */
  readonly wordDropout?: number;
  /** Vectors that forms of words (in lower case, digits as 0) start with; they set embeddingDim. */
  readonly vectors?: ReadonlyMap<string, ArrayLike<number>>;
  /** Learn the sentences' labels with the tags. Default: where every training sentence has one. */
  readonly sentenceLabels?: boolean;
}

const WHERE = "trainTokenClassifier";
const IGNORED = -100;
const KEYS = [
  ...CONFIG_KEYS.filter((key) => key !== "scheme"),
  "strict",
  "tokenizer",
  "minCount",
  "wordDropout",
  "vectors",
  "sentenceLabels",
  ...TRAINING_KEYS,
] as const;

/** Numbers that the size of the training data asks for. */
function sizeDefaults(sentences: number, tokens: number): { batchSize: number; epochs: number; lr: number; patience: number } {
  return { batchSize: sentences < 4000 ? 16 : 32, epochs: Math.min(40, Math.max(6, Math.round(2e6 / tokens))), lr: 0.003, patience: 10 };
}

function configOf(options: TrainTaggerOptions, scheme: TokenNetworkConfig["scheme"]): TokenNetworkConfig {
  const { output = "auto", encoder = "lstm", vectors } = options;
  return {
    embeddingDim: vectors === undefined ? (options.embeddingDim ?? 64) : vectorSize(vectors, options.embeddingDim),
    affixDim: options.affixDim ?? 64,
    charDim: options.charDim ?? 24,
    charHiddenSize: options.charHiddenSize ?? 32,
    encoder,
    hiddenSize: options.hiddenSize ?? (encoder === "window" ? 256 : 128),
    numLayers: options.numLayers ?? 1,
    bidirectional: options.bidirectional ?? true,
    windowSize: options.windowSize ?? 2,
    dropout: options.dropout ?? 0.33,
    output: output === "auto" ? (scheme === null ? "softmax" : "crf") : output,
    scheme,
  };
}

function vectorSize(vectors: ReadonlyMap<string, ArrayLike<number>>, embeddingDim: number | undefined): number {
  const sizes = new Set(Array.from(vectors.values(), (vector) => vector.length));
  const [size] = sizes;
  if (sizes.size !== 1 || (embeddingDim !== undefined && embeddingDim !== size))
    throw new ConfigError(`${WHERE}: vectors of ${[...sizes].join(", ") || "no"} numbers, wants all of ${embeddingDim ?? "one size"}`);
  return size!;
}

/** Small at first, so that sums of ten affixes, and words that come rarely, do not drown the rest. */
const STD = 0.1;

function startEmbeddings({ network, lexicon }: TokenClassifier, vectors: TrainTaggerOptions["vectors"]): void {
  for (const table of [network.words.forms, network.words.affixes]) {
    if (table !== null) normal(table.weight, 0, STD).assign((table.weight.data() as Float32Array).fill(0, 0, table.weight.shape[1]!));
  }
  if (vectors === undefined || network.words.forms === null) return;
  const { weight } = network.words.forms;
  const values = weight.data() as Float32Array;
  const ids = lexicon.forms.encode(lexicon.forms.tokens);
  lexicon.forms.tokens.forEach((form, i) => {
    const vector = vectors.get(form);
    if (vector !== undefined) values.set(vector, ids[i]! * vector.length);
  });
  weight.assign(values);
}

interface Example {
  readonly words: readonly WordIds[];
  readonly tags: Int32Array;
  readonly label: number;
}

/**
 * @param data training sentences, and dev sentences by which the best weights are chosen: by F1 of entities where tags mark spans, else by
 * accuracy; with labels of sentences by the mean of that and their accuracy
 * @throws ConfigError on a bad option, sentences without one tag a token, or fewer than two tags
 */
export async function trainTokenClassifier(
  engine: Engine,
  data: TaggingData,
  options: TrainTaggerOptions = {},
): Promise<{ tagger: TokenClassifier; result: FitResult }> {
  checkOptions(WHERE, options, KEYS);
  oneOf(WHERE, "output", options.output ?? "auto", ["auto", "softmax", "crf"]);
  const { sentenceLabels: labelled } = options;
  if (labelled !== undefined) flag(WHERE, "sentenceLabels", labelled);
  const prepared = prepareTaggingData(WHERE, data, flag(WHERE, "strict", options.strict ?? false), labelled);
  const defaults = sizeDefaults(prepared.train.length, prepared.size);
  const plan = planTraining(WHERE, options, defaults);
  const wordDropout = inRange(WHERE, "wordDropout", options.wordDropout ?? 0.25, 0, Number.MAX_VALUE);
  const minCount = wholeNumber(WHERE, "minCount", options.minCount ?? 1, 1);
  const config = configOf(options, prepared.scheme);
  const tokenizer = createTokenizer(options.tokenizer ?? guessTokenizer(prepared.train));
  const lexicon = Lexicon.build(
    prepared.train.map(({ tokens }) => tokens),
    { minCount, ...(options.vectors === undefined ? {} : { forms: options.vectors.keys() }) },
  );
  const tagger = new TokenClassifier(engine, config, tokenizer, lexicon, prepared.tags, prepared.sentenceLabels);
  try {
    startEmbeddings(tagger, options.vectors);
    const task = taggingTask(tagger, prepared, plan.batchSize, wordDropout);
    return { tagger, result: await trainNetwork(engine, tagger.network, task, plan) };
  } catch (error) {
    tagger.dispose();
    throw error;
  }
}

function taggingTask(
  tagger: TokenClassifier,
  { train, dev, tags, sentenceLabels }: PreparedData,
  batchSize: number,
  wordDropout: number,
): TrainedTask<readonly number[]> {
  const { engine, lexicon } = tagger;
  const tagIds = new Map(tags.map((tag, i) => [tag, i]));
  const examples = train.map(
    (example): Example => ({
      words: tagger.encode(example.tokens),
      tags: Int32Array.from(example.tags, (tag) => tagIds.get(tag)!),
      label: sentenceLabels.indexOf(example.label ?? ""),
    }),
  );
  const lengths = examples.map(({ words }) => words.length);
  const counts = new Int32Array(lexicon.forms.size);
  for (const { words } of examples) for (const { form } of words) counts[form]!++;
  return {
    batches: (epoch) => bucketBatches(lengths, { batchSize, stream: new Stream(streamKey(engine.seed, PURPOSE.shuffle, epoch, 0)) }),
    count: (rows) => rows.length,
    weight: (rows) => rows.reduce((sum, row) => sum + lengths[row]!, 0),
    loss: (rows, step) => {
      const stream = new Stream(streamKey(engine.seed, PURPOSE.corrupt, step, 0));
      const form = (word: WordIds) => (stream.nextFloat() * (counts[word.form]! + wordDropout) < wordDropout ? UNKNOWN_ID : word.form);
      const own = rows.map((row) => examples[row]!);
      const sentences = own.map(({ words }) => words);
      return lossOf(tagger, own, lexicon.batch(sentences, form));
    },
    evaluate: () => {
      if (dev.length === 0) return undefined;
      const { accuracy, f1 = accuracy, labelAccuracy } = tagger.evaluate(dev);
      return labelAccuracy === undefined ? f1 : (f1 + labelAccuracy) / 2;
    },
    save: () => tagger.save(),
    rows: (from) => rowNames(from, tagger),
  };
}

/** What the rows of the parameters stand for in another tagger's file and in this one. */
function rowNames({ vocabulary, labels = [], config }: ModelDescription, tagger: TokenClassifier): Readonly<Record<string, RowNames>> {
  const known = Lexicon.fromJSON(vocabulary);
  const own = tagger.lexicon;
  const tags = { from: labels, to: tagger.labels };
  const ofSentences = { from: (config.sentenceLabels ?? []) as string[], to: tagger.sentenceLabels };
  return {
    "words.forms.weight": { from: known.forms.names, to: own.forms.names },
    "words.affixes.weight": { from: known.affixes.names, to: own.affixes.names },
    "words.characters.weight": { from: known.characters.names, to: own.characters.names },
    "output.weight": tags,
    "output.bias": tags,
    "crf.start_transitions": tags,
    "crf.end_transitions": tags,
    "crf.transitions": { ...tags, axes: [0, 1] },
    "sentence.weight": ofSentences,
    "sentence.bias": ofSentences,
  };
}

/** Mean loss of the tags, and of the sentences' labels where they have some. */
function lossOf({ engine, network }: TokenClassifier, examples: readonly Example[], batch: TokenBatch): Tensor {
  const { scores, labelScores } = network.forward(batch);
  const padded = new Int32Array(batch.batch * batch.time).fill(network.crf === null ? IGNORED : 0);
  examples.forEach(({ tags }, row) => void padded.set(tags, row * batch.time));
  const targets = tensor(engine, padded, [batch.batch, batch.time]);
  const { lengths } = batch;
  const loss =
    network.crf?.loss(scores, targets, { lengths, reduction: "tokenMean" }) ?? crossEntropy(scores, targets, { ignoreIndex: IGNORED });
  if (labelScores === null) return loss;
  return add(
    loss,
    crossEntropy(
      labelScores,
      tensor(
        engine,
        Int32Array.from(examples, ({ label }) => label),
      ),
    ),
  );
}
