/** The network of a recurrent classifier: embedding, recurrent encoder, pooling over time, dense output. */
import type { Engine } from "../engine/engine.js";
import { Dropout } from "../nn/containers.js";
import { Embedding } from "../nn/embedding.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import type { GRU, HiddenState } from "../nn/recurrent.js";
import { type CellName, countRecurrent, type RecurrentLayer, recurrentLayer } from "../nn/recurrent-layer.js";
import { add, mul } from "../ops/arithmetic.js";
import { stepsWithin } from "../ops/lengths.js";
import { topStates } from "../ops/recurrent/top-states.js";
import { max, sum } from "../ops/reduce.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import type { PaddedBatch } from "../text/batching.js";

export interface SequenceNetworkConfig {
  readonly encoder: CellName;
  readonly embeddingDim: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  /** How the encoder's outputs become one vector: the last state, or their mean or maximum over the real steps. */
  readonly pooling: "last" | "mean" | "max";
  readonly dropout: number;
}

export const NETWORK_KEYS = ["encoder", "embeddingDim", "hiddenSize", "numLayers", "bidirectional", "pooling", "dropout"] as const;

/** @throws ConfigError naming the option, its value and what is wanted */
export function checkNetworkConfig(config: SequenceNetworkConfig): SequenceNetworkConfig {
  const where = "SequenceClassifier";
  checkOptions(where, config, NETWORK_KEYS);
  oneOf(where, "encoder", config.encoder, ["rnn", "lstm", "gru"]);
  oneOf(where, "pooling", config.pooling, ["last", "mean", "max"]);
  for (const key of ["embeddingDim", "hiddenSize", "numLayers"] as const) wholeNumber(where, key, config[key], 1);
  inRange(where, "dropout", config.dropout, 0, 1);
  flag(where, "bidirectional", config.bidirectional);
  return config;
}

/** Numbers that a network of this configuration has, so that a damaged file is noticed before memory is taken. */
export function countParameters(config: SequenceNetworkConfig, vocabularySize: number, classes: number): number {
  const { encoder, embeddingDim, hiddenSize, bidirectional } = checkNetworkConfig(config);
  const layers = countRecurrent(encoder, { ...config, inputSize: embeddingDim });
  return vocabularySize * embeddingDim + layers + ((bidirectional ? 2 : 1) * hiddenSize + 1) * classes;
}

/** x times a number, with the inference entry too, which has no kernel of affine. */
export const scaled = (x: Tensor, factor: number): Tensor => mul(x, tensor(x.engine, Float32Array.of(factor)));

/** The recurrent layers of a configuration. */
export function recurrentEncoder(engine: Engine, config: SequenceNetworkConfig): RecurrentLayer {
  const { encoder, embeddingDim: inputSize, hiddenSize, numLayers, bidirectional, dropout } = config;
  return recurrentLayer(engine, encoder, { inputSize, hiddenSize, numLayers, bidirectional, dropout });
}

/** What is added to scores of each step, f32 [B, T, 1]: 0, and at padding so little that no softmax or maximum sees it. */
export const floorOf = (engine: Engine, { batch, time, lengths }: PaddedBatch): Tensor =>
  tensor(
    engine,
    Float32Array.from(stepsWithin(lengths, time), (real) => (real === 1 ? 0 : -3e38)),
    [batch, time, 1],
  );

/** Mean over the real steps. @param output f32 [B, T, F], zeros past a row's length @returns f32 [B, F] */
export function meanOverSteps(output: Tensor, lengths: Int32Array): Tensor {
  const share = Float32Array.from(lengths, (length) => 1 / length);
  return mul(sum(output, 1), tensor(output.engine, share, [lengths.length, 1]));
}

/** One vector a row, of outputs f32 [B, T, D·H] and the last states. */
export function pool(output: Tensor, { h }: HiddenState, batch: PaddedBatch, config: SequenceNetworkConfig): Tensor {
  const { engine } = output;
  if (config.pooling === "mean") return meanOverSteps(output, batch.lengths);
  if (config.pooling === "max") return max(add(output, floorOf(engine, batch)), 1).values;
  return topStates(h, config.bidirectional ? 2 : 1);
}

export class SequenceNetwork extends Module {
  readonly embedding: Embedding;
  readonly encoder: RecurrentLayer;
  readonly output: Linear;
  readonly #dropout: Dropout;

  constructor(
    readonly engine: Engine,
    readonly config: SequenceNetworkConfig,
    vocabularySize: number,
    classes: number,
  ) {
    super();
    const { embeddingDim, hiddenSize, bidirectional, dropout } = checkNetworkConfig(config);
    this.embedding = new Embedding(engine, { numEmbeddings: vocabularySize, embeddingDim, paddingIdx: 0 });
    this.encoder = recurrentEncoder(engine, config);
    this.output = new Linear(engine, { inFeatures: hiddenSize * (bidirectional ? 2 : 1), outFeatures: classes });
    this.#dropout = new Dropout(dropout);
  }

  /** The tokens' vectors, f32 [B, T, embeddingDim]. */
  embed({ ids, batch, time }: PaddedBatch): Tensor {
    return this.embedding.forward(tensor(this.engine, ids, [batch, time]));
  }

  /**
   * @param vectors of the tokens; others than `embed` gives stand in their place, as attributions need it
   * @returns logits, f32 [B, classes]
   */
  forward(batch: PaddedBatch, vectors = this.embed(batch)): Tensor {
    const { lengths } = batch;
    const encoder = this.encoder as GRU;
    const { output, state } = encoder.forward(this.#dropout.forward(vectors), null, { lengths });
    return this.output.forward(this.#dropout.forward(pool(output, state, batch, this.config)));
  }
}
