/** Options of the training of a sequence classifier. */
import type { Tokenizer, TokenizerOptions } from "../text/tokenizer.js";
import type { NgramOptions } from "./ngrams.js";
import { type Encoder, TEXT_NETWORK_KEYS, type TextNetworkConfig } from "./text-network.js";
import { TRAINING_KEYS, type TrainingOptions } from "./training.js";

export interface TrainClassifierOptions extends Partial<Omit<TextNetworkConfig, "encoder">>, TrainingOptions {
  /**
   * "bag" is a linear classifier over n-grams, the others are networks; "auto", the default, puts a bidirectional GRU beside the bag, and dev data
   * decide how much each counts.
   */
  readonly encoder?: Encoder | "bag" | "auto";
  /** A bag beside the network, or which n-grams the bag has. Default: one for "auto" and "bag", of 2 words and up to 4 characters. */
  readonly bag?: boolean | Partial<NgramOptions>;
  /** What the network reads. Default: words, or characters where too many words would be new to it. */
  readonly input?: "words" | "characters" | "both";
  /** How the network's tokens are cut, instead of `input` "words" or "characters". */
  readonly tokenizer?: TokenizerOptions | Tokenizer;
  /** Tokens seen less often become unknown. Default 2. */
  readonly minCount?: number;
  /** Share of the tokens that training takes for unknown ones, so that those mean something later. Default 0.1. */
  readonly tokenDropout?: number;
  /** Tokens of a text that the network reads. Default: what all but one in 200 texts have, from 16 to 512. */
  readonly maxLength?: number;
  /** Any number of labels a text. Default: whether a text's label is a list. */
  readonly multiLabel?: boolean;
  /** How much the examples of a label count in the loss; "balanced": the rarer the more. Default: all the same. */
  readonly classWeights?: "balanced" | Readonly<Record<string, number>>;
  /** Repeat examples of rarer labels until all have as many. Default false. */
  readonly oversample?: boolean;
  /** Vectors that tokens start with; their length is embeddingDim. */
  readonly vectors?: ReadonlyMap<string, Float32Array>;
  /** Keep the tokens' vectors as they start. Default false. */
  readonly freezeVectors?: boolean;
}

export const CLASSIFIER_KEYS: readonly string[] = [
  ...TEXT_NETWORK_KEYS,
  "bag",
  "input",
  "tokenizer",
  "minCount",
  "tokenDropout",
  "maxLength",
  "multiLabel",
  "classWeights",
  "oversample",
  "vectors",
  "freezeVectors",
  ...TRAINING_KEYS,
];
