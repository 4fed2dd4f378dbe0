/** The network of a sequence classifier: embedding, encoder, pooling over time, dense output. */
import type { Engine } from "../engine/engine.js";
import { Dropout } from "../nn/containers.js";
import { Embedding } from "../nn/embedding.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import type { GRU, HiddenState } from "../nn/recurrent.js";
import type { RecurrentLayer } from "../nn/recurrent-layer.js";
import { add, mul } from "../ops/arithmetic.js";
import { concat, reshape, slice } from "../ops/layout.js";
import { stepsWithin } from "../ops/lengths.js";
import { keepRows } from "../ops/recurrent/rows.js";
import { sum } from "../ops/reduce.js";
import { softmax } from "../ops/softmax.js";
import { tanh } from "../ops/unary.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { tensor, zeros } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import type { PaddedBatch } from "../text/batching.js";
import { countEncoder, encodedSize } from "./encoder-size.js";
import { floorOf, NETWORK_KEYS, pool, recurrentEncoder, type SequenceNetworkConfig } from "./sequence-network.js";

/** "window" is a fully connected network over the concatenated vectors of the first tokens. */
export type Encoder = "window" | SequenceNetworkConfig["encoder"];
/** "attention" is the mean over the steps by weights softmax(v·tanh(W·h + b)) (Yang et al. 2016). */
export type Pooling = "attention" | SequenceNetworkConfig["pooling"];

export interface TextNetworkConfig extends Omit<SequenceNetworkConfig, "encoder" | "pooling"> {
  readonly encoder: Encoder;
  /** How a recurrent encoder's outputs become one vector; "window" has one. */
  readonly pooling: Pooling;
  /** Tokens that "window" reads. Default 16. */
  readonly window?: number;
  /** Size of the vectors of characters, which a second encoder like the first reads beside the tokens; 0, the default, for none. */
  readonly characterDim?: number;
}

export const TEXT_NETWORK_KEYS = [...NETWORK_KEYS, "window", "characterDim"] as const;

/** @throws ConfigError naming the option, its value and what is wanted */
export function checkTextNetwork(config: TextNetworkConfig): Required<TextNetworkConfig> {
  const where = "SequenceClassifier";
  checkOptions(where, config, TEXT_NETWORK_KEYS);
  oneOf(where, "encoder", config.encoder, ["window", "rnn", "lstm", "gru"]);
  oneOf(where, "pooling", config.pooling, ["last", "mean", "max", "attention"]);
  for (const key of ["embeddingDim", "hiddenSize", "numLayers"] as const) wholeNumber(where, key, config[key], 1);
  inRange(where, "dropout", config.dropout, 0, 1);
  flag(where, "bidirectional", config.bidirectional);
  const window = wholeNumber(where, "window", config.window ?? 16, 1);
  return { ...config, window, characterDim: wholeNumber(where, "characterDim", config.characterDim ?? 0, 0) };
}

/** Numbers that a network of this configuration has, so that a damaged file is noticed before memory is taken. */
export function countWeights(config: TextNetworkConfig, vocabularySize: number, classes: number, characters = 0): number {
  const { encoder, embeddingDim, pooling, window, characterDim } = checkTextNetwork(config);
  const width = encodedSize(config);
  const attention = pooling === "attention" && encoder !== "window" ? width * (width + 2) : 0;
  const stream = (count: number, dim: number) => (dim === 0 ? 0 : count * dim + countEncoder(config, dim, window) + attention);
  const streams = characterDim > 0 ? 2 : 1;
  return stream(vocabularySize, embeddingDim) + stream(characters, characterDim) + (streams * width + 1) * classes;
}

/** The fully connected encoder of "window". */
class Window extends Module {
  readonly layers: readonly Linear[];

  constructor(
    engine: Engine,
    private readonly size: number,
    { embeddingDim, hiddenSize, numLayers }: TextNetworkConfig,
  ) {
    super();
    this.layers = Array.from(
      { length: numLayers },
      (_, i) => new Linear(engine, { inFeatures: i === 0 ? size * embeddingDim : hiddenSize, outFeatures: hiddenSize }),
    );
  }

  /** @param vectors f32 [B, T, E], zeros at padding @returns f32 [B, hiddenSize] */
  forward(vectors: Tensor): Tensor {
    const [batch, time, dim] = vectors.shape as [number, number, number];
    const missing = this.size - time;
    const first = missing > 0 ? concat([vectors, zeros(vectors.engine, [batch, missing, dim])], 1) : slice(vectors, 1, 0, this.size);
    return this.layers.reduce((x, layer) => tanh(layer.forward(x)), reshape(first, [batch, this.size * dim]));
  }
}

/** One stream of tokens to one vector a row. */
export class SequenceEncoder extends Module {
  readonly embedding: Embedding;
  readonly encoder: RecurrentLayer | Window;
  readonly attention: Linear | null;
  readonly attentionVector: Linear | null;
  readonly #dropout: Dropout;
  /** Size of the vector. */
  protected readonly width: number;

  constructor(
    readonly engine: Engine,
    readonly config: TextNetworkConfig,
    vocabularySize: number,
  ) {
    super();
    const { encoder, embeddingDim, pooling, dropout, window } = checkTextNetwork(config);
    this.embedding = new Embedding(engine, { numEmbeddings: vocabularySize, embeddingDim, paddingIdx: 0 });
    this.width = encodedSize(config);
    this.encoder = encoder === "window" ? new Window(engine, window, config) : recurrentEncoder(engine, config as SequenceNetworkConfig);
    const attends = pooling === "attention" && encoder !== "window";
    this.attention = attends ? new Linear(engine, { inFeatures: this.width, outFeatures: this.width }) : null;
    this.attentionVector = attends ? new Linear(engine, { inFeatures: this.width, outFeatures: 1, bias: false }) : null;
    this.#dropout = new Dropout(dropout);
  }

  /** The tokens' vectors, f32 [B, T, embeddingDim]. */
  embed({ ids, batch, time }: PaddedBatch): Tensor {
    return this.embedding.forward(tensor(this.engine, ids, [batch, time]));
  }

  /** @returns f32 [B, width] */
  protected encode(batch: PaddedBatch, vectors: Tensor): Tensor {
    const input = this.#dropout.forward(vectors);
    if (this.encoder instanceof Window) {
      const real = stepsWithin(batch.lengths, batch.time);
      return this.#dropout.forward(this.encoder.forward(keepRows(input, real)));
    }
    const { output, state } = (this.encoder as GRU).forward(input, null, { lengths: batch.lengths });
    return this.#dropout.forward(this.#pool(output, state, batch));
  }

  #pool(output: Tensor, state: HiddenState, batch: PaddedBatch): Tensor {
    if (this.attention === null) return pool(output, state, batch, this.config as SequenceNetworkConfig);
    const scores = add(this.attentionVector!.forward(tanh(this.attention.forward(output))), floorOf(this.engine, batch));
    return sum(mul(output, softmax(scores, 1)), 1);
  }
}

/** Makes the vector of a row that a second stream adds. */
class CharacterEncoder extends SequenceEncoder {
  forward(batch: PaddedBatch, vectors = this.embed(batch)): Tensor {
    return this.encode(batch, vectors);
  }
}

export class TextNetwork extends SequenceEncoder {
  readonly output: Linear;
  readonly characters: CharacterEncoder | null;

  /** @param characterCount characters in use, where `characterDim` asks for them */
  constructor(engine: Engine, config: TextNetworkConfig, vocabularySize: number, classes: number, characterCount = 0) {
    super(engine, config, vocabularySize);
    const { characterDim } = checkTextNetwork(config);
    const own = { ...config, embeddingDim: characterDim, characterDim: 0 };
    this.characters = characterDim > 0 ? new CharacterEncoder(engine, own, characterCount) : null;
    this.output = new Linear(engine, { inFeatures: this.width * (this.characters === null ? 1 : 2), outFeatures: classes });
  }

  /**
   * @param vectors of the tokens; others than `embed` gives stand in their place, as attributions need it
   * @param characters the same rows as characters, where the network reads both, and @param letters their vectors
   * @returns logits, f32 [B, classes]
   */
  forward(batch: PaddedBatch, vectors = this.embed(batch), characters?: PaddedBatch, letters?: Tensor): Tensor {
    const own = this.encode(batch, vectors);
    return this.output.forward(this.characters === null ? own : concat([own, this.characters.forward(characters!, letters)], 1));
  }
}
