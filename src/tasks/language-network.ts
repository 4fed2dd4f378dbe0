/** The network of a language model: embedding, recurrent layers, a score for every token that may come next. */
import type { Engine } from "../engine/engine.js";
import { Dropout } from "../nn/containers.js";
import { Embedding } from "../nn/embedding.js";
import { uniform } from "../nn/init.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import type { HiddenState, LSTM, LSTMState } from "../nn/recurrent.js";
import { type CellName, countRecurrent, type RecurrentLayer, recurrentLayer } from "../nn/recurrent-layer.js";
import { type Check, number, readOptions, whole, word, yesOrNo } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

/** `task` of a model file. */
export const LANGUAGE_MODEL = "language-model";

export interface LanguageNetworkConfig {
  readonly cell: CellName;
  readonly embeddingDim: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** On embeddings, between layers and before the output. */
  readonly dropout: number;
  /** DropConnect on hidden-to-hidden weights. Merity et al. 2018. */
  readonly weightDropout: number;
  /** Whether the output layer has the embedding's weight, behind a projection where sizes differ. Press and Wolf 2017. */
  readonly tied: boolean;
  /** Whether each line is a sequence of its own, which starts from zeros and whose end is learned; else a text is one stream. Default false. */
  readonly lines: boolean;
}

const CHECKS: { readonly [K in keyof LanguageNetworkConfig]: Check<LanguageNetworkConfig[K]> } = {
  cell: word("lstm", ["lstm", "gru", "rnn"]),
  embeddingDim: whole(1),
  hiddenSize: whole(1),
  numLayers: whole(1, 1),
  dropout: number(0, 0, 1),
  weightDropout: number(0, 0, 1),
  tied: yesOrNo(false),
  lines: yesOrNo(false),
};

export const LANGUAGE_KEYS = Object.keys(CHECKS) as readonly (keyof LanguageNetworkConfig)[];

/** @throws ConfigError naming the option, its value and what is wanted */
export const checkLanguageConfig = (config: unknown): LanguageNetworkConfig =>
  readOptions<LanguageNetworkConfig>("LanguageModel", config, CHECKS);

/** Numbers that a network of this configuration has, so that a damaged file is noticed before memory is taken. */
export function countLanguageParameters(config: LanguageNetworkConfig, vocabularySize: number): number {
  const { cell, embeddingDim, hiddenSize, numLayers, tied } = checkLanguageConfig(config);
  const layers = countRecurrent(cell, { inputSize: embeddingDim, hiddenSize, numLayers });
  const projection = tied && embeddingDim !== hiddenSize ? hiddenSize * embeddingDim : 0;
  const output = vocabularySize + vocabularySize * (tied ? embeddingDim : hiddenSize);
  return vocabularySize * embeddingDim + layers + projection + output;
}

export class LanguageNetwork extends Module {
  readonly embedding: Embedding;
  readonly encoder: RecurrentLayer;
  readonly projection: Linear | null;
  readonly output: Linear;
  readonly #dropout: Dropout;

  constructor(
    readonly engine: Engine,
    config: LanguageNetworkConfig,
    vocabularySize: number,
  ) {
    super();
    const { cell, embeddingDim, hiddenSize, numLayers, dropout, weightDropout, tied } = checkLanguageConfig(config);
    this.embedding = new Embedding(engine, { numEmbeddings: vocabularySize, embeddingDim });
    this.encoder = recurrentLayer(engine, cell, { inputSize: embeddingDim, hiddenSize, numLayers, weightDropout, dropout });
    this.projection =
      tied && embeddingDim !== hiddenSize ? new Linear(engine, { inFeatures: hiddenSize, outFeatures: embeddingDim, bias: false }) : null;
    this.output = new Linear(engine, {
      inFeatures: tied ? embeddingDim : hiddenSize,
      outFeatures: vocabularySize,
      ...(tied ? { weight: this.embedding.weight } : {}),
    });
    // Scores of a tied output would start at the embedding's deviation of 1 times that of the states.
    if (tied) uniform(this.embedding.weight, -0.1, 0.1);
    this.#dropout = new Dropout(dropout);
  }

  /**
   * @param ids i32 [B, T]; with them @param state the encoder's, zeros when null
   * @returns logits f32 [B, T, V] of what comes after each, and the last state
   */
  forward(ids: Tensor, state: HiddenState | null = null): { logits: Tensor; state: HiddenState } {
    const vectors = this.#dropout.forward(this.embedding.forward(ids));
    const { output, state: last } = (this.encoder as LSTM).forward(vectors, state as LSTMState | null);
    const features = this.projection?.forward(output) ?? output;
    return { logits: this.output.forward(this.#dropout.forward(features)), state: last };
  }
}
