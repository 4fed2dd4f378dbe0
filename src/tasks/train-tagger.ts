/** Training of a tagger from sentences whose tokens have tags. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { normal } from "../nn/init.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { createTokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { plainForm } from "../text/word-features.js";
import type { FitResult } from "../train/fit.js";
import { languageStart } from "./language-start.js";
import { Lexicon } from "./lexicon.js";
import { guessTokenizer, prepareTaggingData, type TaggingData } from "./tagging-data.js";
import { type Corruption, taggingTask } from "./tagging-task.js";
import { TokenClassifier } from "./token-classifier.js";
import { CONFIG_KEYS, type TokenNetworkConfig } from "./token-network.js";
import { placeVectors, type TokenVectors, vectorLength } from "./token-vectors.js";
import { planTraining, TRAINING_KEYS, type TrainingOptions, trainNetwork } from "./training.js";

/**
 * Defaults of the network: encoder lstm, embeddingDim 64 (or that of the vectors), affixDim 32, charDim 24, charHiddenSize 48, hiddenSize 128
 * (window: 256), numLayers 1, bidirectional, windowSize 2, dropout 0.33. Of training: lr 0.004, patience 10, wordDropout 0.25,
 * affixDropout 0.3; batches of 8, 16 or 32 sentences but no more than 640 tokens, 6 to 40 epochs, by the size of the data.
 */
export interface TrainTaggerOptions extends Partial<Omit<TokenNetworkConfig, "scheme" | "output">>, Partial<Corruption>, TrainingOptions {
  /** Default "auto": a CRF where the tags mark spans and are 160 at most, else softmax. */
  readonly output?: "auto" | "softmax" | "crf";
  /** Refuse tags that break their scheme (an I-x that nothing opens, say) instead of repairing them. Default false. */
  readonly strict?: boolean;
  /**
   * How predict splits texts. Default: characters where every token is one; words where the training tokens are such; else what stands between
   * white space. NFC, case as it is.
   */
  readonly tokenizer?: TokenizerOptions;
  /** Words seen less often are unknown, but for their affixes and characters. Default 2. */
  readonly minCount?: number;
  /** Vectors that words start with, whether training has them or not; they set embeddingDim. Case counts for nothing, every digit is a 0. */
  readonly vectors?: ReadonlyMap<string, Float32Array>;
  /** Learn the sentences' labels with the tags. Default: where every training sentence has one. */
  readonly sentenceLabels?: boolean;
}

const WHERE = "trainTokenClassifier";
const KEYS = [
  ...CONFIG_KEYS.filter((key) => key !== "scheme"),
  "strict",
  "tokenizer",
  "minCount",
  "wordDropout",
  "affixDropout",
  "vectors",
  "sentenceLabels",
  ...TRAINING_KEYS,
] as const;

/** Tokens that are gone through in a training that the data's size sets, and the longest mini-batch, in tokens. */
const VISITS = 1.5e6;
const LONGEST_BATCH = 640;

/** What the size of the training data asks for: small sets are gone through more often, in smaller batches. */
function sizeDefaults(sentences: number, tokens: number): { batchSize: number; epochs: number; lr: number; patience: number } {
  const rows = sentences < 1000 ? 8 : sentences < 5000 ? 16 : 32;
  return {
    batchSize: Math.max(2, Math.min(rows, Math.floor((LONGEST_BATCH * sentences) / tokens))),
    epochs: Math.min(40, Math.max(6, Math.round(VISITS / tokens))),
    lr: 0.004,
    patience: 10,
  };
}

/** A CRF's work on a token grows with the square of the tags: at this many it is about that of the rest. */
const MOST_CRF_TAGS = 160;

/** @throws ConfigError when a vector has not embeddingDim numbers */
function configOf(options: TrainTaggerOptions, scheme: TokenNetworkConfig["scheme"], tags: number): TokenNetworkConfig {
  const { output = "auto", encoder = "lstm", vectors = new Map<string, Float32Array>() } = options;
  return {
    embeddingDim: vectors.size === 0 ? (options.embeddingDim ?? 64) : vectorLength(WHERE, vectors, options.embeddingDim),
    affixDim: options.affixDim ?? 32,
    charDim: options.charDim ?? 24,
    charHiddenSize: options.charHiddenSize ?? 48,
    encoder,
    hiddenSize: options.hiddenSize ?? (encoder === "window" ? 256 : 128),
    numLayers: options.numLayers ?? 1,
    bidirectional: options.bidirectional ?? true,
    windowSize: options.windowSize ?? 2,
    dropout: options.dropout ?? 0.33,
    output: output === "auto" ? (scheme !== null && tags <= MOST_CRF_TAGS ? "crf" : "softmax") : output,
    scheme,
  };
}

/** Those of the language model that training starts from. @throws ConfigError when it is not one of words */
function sizesOf({ init }: TrainTaggerOptions): Pick<TrainTaggerOptions, "encoder" | "embeddingDim" | "hiddenSize" | "numLayers"> {
  const start = languageStart(init);
  if (start === undefined) return {};
  const { tokenizer, ...sizes } = start;
  if (tokenizer.type !== "words" && tokenizer.type !== "whitespace")
    throw new ConfigError(`${WHERE}: init of a language model of ${tokenizer.type}, wants one of words`);
  return sizes;
}

/** The vector of each form: its own, or that of the first word that has this form. */
function vectorsOfForms(vectors: TokenVectors): TokenVectors {
  const ofForms = new Map<string, Float32Array>();
  for (const [word, vector] of vectors) {
    const form = plainForm(word);
    if (!ofForms.has(form)) ofForms.set(form, vectors.get(form) ?? vector);
  }
  return ofForms;
}

/** Small at first, so that sums of ten affixes, and words that come rarely, do not drown the rest. */
const STD = 0.1;

function startEmbeddings({ network, lexicon }: TokenClassifier, vectors: TokenVectors): void {
  for (const table of [network.words.forms, network.words.affixes]) {
    if (table !== null) normal(table.weight, 0, STD).assign((table.weight.data() as Float32Array).fill(0, 0, table.weight.shape[1]!));
  }
  const { forms } = network.words;
  if (forms !== null) placeVectors(forms.weight, lexicon.forms.names, vectors);
}

/**
 * @param data training sentences, and dev sentences by which the best weights are chosen: by F1 of entities where tags mark spans, else by
 * accuracy; with labels of sentences by the mean of that and their accuracy
 * @throws ConfigError on a bad option, sentences without one tag a token, or fewer than two tags
 */
export async function trainTokenClassifier(
  engine: Engine,
  data: TaggingData,
  given: TrainTaggerOptions = {},
): Promise<{ tagger: TokenClassifier; result: FitResult }> {
  checkOptions(WHERE, given, KEYS);
  const options = { ...sizesOf(given), ...given };
  oneOf(WHERE, "output", options.output ?? "auto", ["auto", "softmax", "crf"]);
  const { sentenceLabels: labelled } = options;
  if (labelled !== undefined) flag(WHERE, "sentenceLabels", labelled);
  const prepared = prepareTaggingData(WHERE, data, flag(WHERE, "strict", options.strict ?? false), labelled);
  const defaults = sizeDefaults(prepared.train.length, prepared.size);
  const plan = planTraining(WHERE, options, defaults);
  const corruption: Corruption = {
    wordDropout: inRange(WHERE, "wordDropout", options.wordDropout ?? 0.25, 0, Number.MAX_VALUE),
    affixDropout: inRange(WHERE, "affixDropout", options.affixDropout ?? 0.3, 0, 1),
  };
  const minCount = wholeNumber(WHERE, "minCount", options.minCount ?? 2, 1);
  const vectors = vectorsOfForms(options.vectors ?? new Map<string, Float32Array>());
  const config = configOf(options, prepared.scheme, prepared.tags.length);
  const tokenizer = createTokenizer(options.tokenizer ?? guessTokenizer(prepared.train));
  const lexicon = Lexicon.build(
    prepared.train.map(({ tokens }) => tokens),
    { minCount, forms: vectors.keys() },
  );
  const tagger = new TokenClassifier(engine, config, tokenizer, lexicon, prepared.tags, prepared.sentenceLabels);
  try {
    startEmbeddings(tagger, vectors);
    const task = taggingTask(tagger, prepared, plan.batchSize, corruption);
    return { tagger, result: await trainNetwork(engine, tagger.network, task, plan) };
  } catch (error) {
    tagger.dispose();
    throw error;
  }
}
