/** The network of a sequence classifier: embedding, recurrent encoder, pooling over time, dense output. */
import type { Engine } from "../engine/engine.js";
import { Dropout } from "../nn/containers.js";
import { Embedding } from "../nn/embedding.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import { GRU, type HiddenState, LSTM, RNN } from "../nn/recurrent.js";
import { add, mul } from "../ops/arithmetic.js";
import { topStates } from "../ops/recurrent/top-states.js";
import { max, sum } from "../ops/reduce.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";

export type Encoder = "rnn" | "lstm" | "gru";
export type Pooling = "last" | "mean" | "max";

export interface SequenceNetworkConfig {
  readonly encoder: Encoder;
  readonly embeddingDim: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  /** How the encoder's outputs become one vector: the last state, or their mean or maximum over the real steps. */
  readonly pooling: Pooling;
  readonly dropout: number;
}

const KEYS = ["encoder", "embeddingDim", "hiddenSize", "numLayers", "bidirectional", "pooling", "dropout"] as const;

/** @throws ConfigError naming the option, its value and what is wanted */
export function checkNetworkConfig(config: SequenceNetworkConfig): SequenceNetworkConfig {
  const where = "SequenceClassifier";
  checkOptions(where, config, KEYS);
  oneOf(where, "encoder", config.encoder, ["rnn", "lstm", "gru"]);
  oneOf(where, "pooling", config.pooling, ["last", "mean", "max"]);
  wholeNumber(where, "embeddingDim", config.embeddingDim, 1);
  wholeNumber(where, "hiddenSize", config.hiddenSize, 1);
  wholeNumber(where, "numLayers", config.numLayers, 1);
  inRange(where, "dropout", config.dropout, 0, 1);
  flag(where, "bidirectional", config.bidirectional);
  return config;
}

/** A mini-batch as the network takes it: ids [B, T] padded with 0, and each row's real length. */
export interface PaddedBatch {
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
  readonly batch: number;
  readonly time: number;
}

/** Numbers that a network of this configuration has, so that a damaged file is noticed before memory is taken. */
export function countParameters(config: SequenceNetworkConfig, vocabularySize: number, classes: number): number {
  const { encoder, embeddingDim, hiddenSize, numLayers, bidirectional } = checkNetworkConfig(config);
  const gates = { rnn: 1, gru: 3, lstm: 4 }[encoder];
  const directions = bidirectional ? 2 : 1;
  const layer = (inputSize: number) => directions * gates * hiddenSize * (inputSize + hiddenSize + 2);
  const layers = layer(embeddingDim) + (numLayers - 1) * layer(directions * hiddenSize);
  return vocabularySize * embeddingDim + layers + (directions * hiddenSize + 1) * classes;
}

export class SequenceNetwork extends Module {
  readonly embedding: Embedding;
  readonly encoder: RNN | LSTM | GRU;
  readonly output: Linear;
  readonly #dropout: Dropout;

  constructor(
    readonly engine: Engine,
    readonly config: SequenceNetworkConfig,
    vocabularySize: number,
    classes: number,
  ) {
    super();
    const { encoder, embeddingDim, hiddenSize, numLayers, bidirectional, dropout } = checkNetworkConfig(config);
    this.embedding = new Embedding(engine, { numEmbeddings: vocabularySize, embeddingDim, paddingIdx: 0 });
    const Kind = { rnn: RNN, lstm: LSTM, gru: GRU }[encoder];
    this.encoder = new Kind(engine, {
      inputSize: embeddingDim,
      hiddenSize,
      numLayers,
      bidirectional,
      dropout: numLayers > 1 ? dropout : 0,
    });
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
    return this.output.forward(this.#dropout.forward(this.#pool(output, state, batch)));
  }

  #pool(output: Tensor, { h }: HiddenState, { batch, time, lengths }: PaddedBatch): Tensor {
    const { engine, config } = this;
    if (config.pooling === "mean") {
      const share = tensor(
        engine,
        Float32Array.from(lengths, (length) => 1 / length),
        [batch, 1],
      );
      return mul(sum(output, 1), share);
    }
    if (config.pooling === "max") {
      const floor = Float32Array.from({ length: batch * time }, (_, i) => (i % time < lengths[Math.floor(i / time)]! ? 0 : -3e38));
      return max(add(output, tensor(engine, floor, [batch, time, 1])), 1).values;
    }
    return topStates(h, config.bidirectional ? 2 : 1);
  }
}
