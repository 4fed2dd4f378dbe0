/** The network of a tagger: vectors of words, an encoder over the sentence, and scores of the tags at every token. */
import type { Engine } from "../engine/engine.js";
import { CRF } from "../nn/crf.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import type { GRU } from "../nn/recurrent.js";
import { type CellName, type RecurrentLayer, recurrentLayer } from "../nn/recurrent-layer.js";
import { type TaggingScheme, taggingConstraints } from "../nn/tagging-constraints.js";
import { mul } from "../ops/arithmetic.js";
import { dropout } from "../ops/dropout.js";
import { embedding } from "../ops/embedding.js";
import { concat, reshape } from "../ops/layout.js";
import { sum } from "../ops/reduce.js";
import { tanh } from "../ops/unary.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { ones, tensor, zeros } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { countEncoder, encodedSize } from "./encoder-size.js";
import type { Lexicon, TokenBatch } from "./lexicon.js";
import { countWordParameters, WordEncoder, type WordEncoderConfig, wordSize } from "./word-encoder.js";

export type TokenEncoder = CellName | "window";

export interface TokenNetworkConfig extends WordEncoderConfig {
  /** A recurrent network over the sentence; or `window`, a fully connected one over the vectors of a word and its neighbours, side by side. */
  readonly encoder: TokenEncoder;
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** Whether recurrent encoders read both ways. */
  readonly bidirectional: boolean;
  /** Neighbours on either side that `window` sees. */
  readonly windowSize: number;
  readonly dropout: number;
  /** `crf` scores whole sequences of tags, `softmax` each tag by itself. */
  readonly output: "softmax" | "crf";
  /** How the tags mark spans, or null: then every sequence of tags is allowed. */
  readonly scheme: TaggingScheme | null;
}

export const CONFIG_KEYS = [
  "embeddingDim",
  "affixDim",
  "charDim",
  "charHiddenSize",
  "encoder",
  "hiddenSize",
  "numLayers",
  "bidirectional",
  "windowSize",
  "dropout",
  "output",
  "scheme",
] as const satisfies readonly (keyof TokenNetworkConfig)[];

/** @throws ConfigError naming the option, its value and what is wanted */
export function checkTokenConfig(config: TokenNetworkConfig): TokenNetworkConfig {
  const where = "TokenClassifier";
  checkOptions(where, config, CONFIG_KEYS);
  oneOf(where, "encoder", config.encoder, ["lstm", "gru", "rnn", "window"]);
  oneOf(where, "output", config.output, ["softmax", "crf"]);
  if (config.scheme !== null) oneOf(where, "scheme", config.scheme, ["IOB2", "IOBES", "BILOU"]);
  for (const name of ["embeddingDim", "affixDim", "charHiddenSize", "windowSize"] as const) wholeNumber(where, name, config[name], 0);
  for (const name of ["charDim", "hiddenSize", "numLayers"] as const) wholeNumber(where, name, config[name], 1);
  inRange(where, "dropout", config.dropout, 0, 1);
  flag(where, "bidirectional", config.bidirectional);
  if (wordSize(config) === 0) wholeNumber(where, "embeddingDim with affixDim and charHiddenSize 0", config.embeddingDim, 1);
  return config;
}

/** Numbers that a network of this configuration has, so that a damaged file is noticed before memory is taken. */
export function countTokenParameters(config: TokenNetworkConfig, lexicon: Lexicon, tags: number, sentenceLabels: number): number {
  const layers = countEncoder(checkTokenConfig(config), wordSize(config), 2 * config.windowSize + 1);
  const crf = config.output === "crf" ? tags * (tags + 2) : 0;
  return countWordParameters(config, lexicon) + layers + (encodedSize(config) + 1) * (tags + sentenceLabels) + crf;
}

/** One mask a row for all its steps (Gal and Ghahramani 2016). @param x f32 [B, T, F] */
function lockedDropout(x: Tensor, p: number): Tensor {
  const { engine } = x;
  return !engine.training || p === 0 ? x : mul(x, dropout(ones(engine, [x.shape[0]!, 1, x.shape[2]!]), p));
}

export class TokenNetwork extends Module {
  readonly words: WordEncoder;
  readonly encoder: RecurrentLayer | null;
  /** Layers of the window's network. */
  readonly dense: readonly Linear[];
  readonly output: Linear;
  readonly crf: CRF | null;
  /** Scores of the sentence's label, where sentences have one. */
  readonly sentence: Linear | null;

  /** @param tags names of the tags @param sentenceLabels how many labels sentences may have; 0 for none */
  constructor(
    readonly engine: Engine,
    readonly config: TokenNetworkConfig,
    lexicon: Lexicon,
    tags: readonly string[],
    sentenceLabels: number,
  ) {
    super();
    const { encoder, hiddenSize, numLayers, bidirectional, dropout, windowSize, scheme } = checkTokenConfig(config);
    const constraints = scheme === null ? null : taggingConstraints(tags, scheme);
    this.words = new WordEncoder(engine, config, lexicon);
    const inputSize = wordSize(config);
    const inFeatures = encodedSize(config);
    const layers = { inputSize, hiddenSize, numLayers, bidirectional, dropout, variational: true };
    this.encoder = encoder === "window" ? null : recurrentLayer(engine, encoder, layers);
    this.dense = Array.from(
      { length: encoder === "window" ? numLayers : 0 },
      (_, i) => new Linear(engine, { inFeatures: i === 0 ? inputSize * (2 * windowSize + 1) : hiddenSize, outFeatures: hiddenSize }),
    );
    this.output = new Linear(engine, { inFeatures, outFeatures: tags.length });
    this.crf = config.output === "crf" ? new CRF(engine, { numTags: tags.length, constraints }) : null;
    this.sentence = sentenceLabels === 0 ? null : new Linear(engine, { inFeatures, outFeatures: sentenceLabels });
  }

  /** @returns scores of the tags f32 [B, T, K]; what they are past a sentence's end means nothing. Of the sentence's labels f32 [B, L], or null */
  forward(batch: TokenBatch): { scores: Tensor; labelScores: Tensor | null } {
    const encoded = lockedDropout(this.#encode(batch), this.config.dropout);
    return { scores: this.output.forward(encoded), labelScores: this.sentence?.forward(meanOf(encoded, batch)) ?? null };
  }

  #encode(batch: TokenBatch): Tensor {
    const { engine, config, encoder } = this;
    const vectors = this.words.forward(batch);
    const table = concat([zeros(engine, [1, vectors.shape[1]!]), vectors]);
    if (encoder !== null) {
      const input = embedding(table, tensor(engine, batch.places, [batch.batch, batch.time]));
      const locked = lockedDropout(input, config.dropout);
      return (encoder as GRU).forward(locked, null, { lengths: batch.lengths }).output;
    }
    const windows = embedding(
      table,
      tensor(engine, neighbours(batch, config.windowSize), [batch.batch, batch.time, 2 * config.windowSize + 1]),
    );
    const flat = reshape(windows, [batch.batch, batch.time, this.dense[0]!.weight.shape[1]!]);
    return this.dense.reduce((x, layer) => tanh(layer.forward(lockedDropout(x, config.dropout))), flat);
  }
}

/** Of every token the places of itself and its neighbours, in order: [B, T, 2·size + 1]; 0 beyond the ends. */
function neighbours({ places, batch, time }: TokenBatch, size: number): Int32Array {
  const width = 2 * size + 1;
  return Int32Array.from({ length: batch * time * width }, (_, i) => {
    const [row, t] = [Math.floor(i / width / time), (Math.floor(i / width) % time) + (i % width) - size];
    return t < 0 || t >= time ? 0 : places[row * time + t]!;
  });
}

/** Mean over the real steps. @param x f32 [B, T, F], @returns f32 [B, F] */
function meanOf(x: Tensor, { lengths, batch, time }: TokenBatch): Tensor {
  const shares = Float32Array.from({ length: batch * time }, (_, i) => {
    const length = lengths[Math.floor(i / time)]!;
    return i % time < length ? 1 / length : 0;
  });
  return sum(mul(x, tensor(x.engine, shares, [batch, time, 1])), 1);
}
