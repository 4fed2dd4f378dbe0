/** Encoder and decoder with attention between them, run over whole targets with teacher forcing. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, ShapeError } from "../errors.js";
import { concat, reshape, slice, stack } from "../ops/layout.js";
import { topStates } from "../ops/recurrent/top-states.js";
import { tanh } from "../ops/unary.js";
import { checkOptions, flag, oneOf, wholeNumber } from "../options.js";
import { tensor, zeros } from "../tensor/create.js";
import { show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Attention, type AttentionKind, type Memory } from "./attention.js";
import { GRUCell, LSTMCell, RNNCell } from "./cells.js";
import { Embedding } from "./embedding.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";
import { GRU, LSTM } from "./recurrent.js";
import { RNN } from "./rnn.js";

export interface EncoderDecoderOptions {
  readonly srcVocab: number;
  readonly tgtVocab: number;
  readonly embeddingDim: number;
  /** Of the encoder; the decoder's is the same, or with attention "dot" that of the encoder's outputs. */
  readonly hiddenSize: number;
  readonly cell: "rnn" | "gru" | "lstm";
  readonly attention: AttentionKind;
  /** Width inside "bahdanau" and "concat". Default hiddenSize. */
  readonly attentionSize?: number;
  /** Layers of the encoder. Default 1. */
  readonly numLayers?: number;
  /** Default true. */
  readonly bidirectional?: boolean;
  /** The decoder also reads its last attentional state; not with "bahdanau", which reads the context anyway. Default false. */
  readonly inputFeeding?: boolean;
}

const KEYS = [
  "srcVocab",
  "tgtVocab",
  "embeddingDim",
  "hiddenSize",
  "cell",
  "attention",
  "attentionSize",
  "numLayers",
  "bidirectional",
  "inputFeeding",
];

interface DecoderState {
  readonly h: Tensor;
  readonly c: Tensor | null;
}

/**
 * The encoder's last state starts the decoder through `bridge` (and `bridgeC` of an LSTM). Bahdanau et al. 2015: the state before the step
 * attends, cell and output read the context. Luong et al. 2015: the state after the step attends, and
 * tanh(combine [context; state]) goes to the output (and, with input feeding, into the next step).
 */
export class EncoderDecoder extends Module {
  readonly srcEmbed: Embedding;
  readonly tgtEmbed: Embedding;
  readonly encoder: RNN | LSTM | GRU;
  readonly bridge: Linear;
  readonly bridgeC: Linear | null;
  readonly attention: Attention;
  readonly decoder: RNNCell | LSTMCell | GRUCell;
  readonly combine: Linear | null;
  readonly out: Linear;
  readonly inputFeeding: boolean;

  constructor(
    readonly engine: Engine,
    options: EncoderDecoderOptions,
  ) {
    super();
    const where = "EncoderDecoder";
    checkOptions(where, options, KEYS);
    const { attention: kind, embeddingDim, hiddenSize, numLayers = 1 } = options;
    const cell = oneOf(where, "cell", options.cell, ["rnn", "gru", "lstm"]);
    const bidirectional = flag(where, "bidirectional", options.bidirectional ?? true);
    this.inputFeeding = flag(where, "inputFeeding", options.inputFeeding ?? false);
    const bahdanau = kind === "bahdanau";
    if (bahdanau && this.inputFeeding) throw new ConfigError(`${where}: inputFeeding with attention "bahdanau", wants one of the others`);
    const embedding = (name: "srcVocab" | "tgtVocab") =>
      new Embedding(engine, { numEmbeddings: wholeNumber(where, name, options[name], 1), embeddingDim });
    this.srcEmbed = embedding("srcVocab");
    this.tgtEmbed = embedding("tgtVocab");
    const Encoder = { rnn: RNN, gru: GRU, lstm: LSTM }[cell];
    this.encoder = new Encoder(engine, { inputSize: embeddingDim, hiddenSize, numLayers, bidirectional });
    const keySize = hiddenSize * (bidirectional ? 2 : 1);
    const size = kind === "dot" ? keySize : hiddenSize;
    const layer = (inFeatures: number, outFeatures: number, bias = true) => new Linear(engine, { inFeatures, outFeatures, bias });
    this.bridge = layer(keySize, size);
    this.bridgeC = cell === "lstm" ? layer(keySize, size) : null;
    this.attention = new Attention(engine, { kind, querySize: size, keySize, attentionSize: options.attentionSize ?? hiddenSize });
    const Decoder = { rnn: RNNCell, gru: GRUCell, lstm: LSTMCell }[cell];
    this.decoder = new Decoder(engine, { inputSize: embeddingDim + (bahdanau ? keySize : this.inputFeeding ? size : 0), hiddenSize: size });
    this.combine = bahdanau ? null : layer(keySize + size, size, false);
    this.out = layer(bahdanau ? size + keySize + embeddingDim : size, options.tgtVocab);
  }

  /**
   * @param src i32 [B, S] @param srcLengths whole numbers from 1 to S @param tgt i32 [B, T], what the decoder reads at each step
   * @returns logits f32 [B, T, tgtVocab], attention f32 [B, T, S] (0 past a source's end)
   * @throws ShapeError, IndexError when shapes, ids or lengths disagree
   */
  forward(src: Tensor, srcLengths: ArrayLike<number>, tgt: Tensor): { logits: Tensor; attention: Tensor } {
    if (src.rank !== 2 || tgt.rank !== 2 || src.shape[0] !== tgt.shape[0] || tgt.shape[1] === 0) {
      throw new ShapeError(
        `EncoderDecoder.forward: src ${show(src.shape)} and tgt ${show(tgt.shape)}, wants [B, S] and [B, T] with T from 1`,
      );
    }
    const start = this.encode(src, srcLengths);
    const inputs = this.tgtEmbed.forward(tgt);
    const [batch, time, width] = inputs.shape as [number, number, number];
    let state = start.state;
    let feed = this.inputFeeding ? zeros(this.engine, [batch, state.h.shape[1]!]) : null;
    const features: Tensor[] = [];
    const weights: Tensor[] = [];
    for (let t = 0; t < time; t++) {
      const step = this.#step(reshape(slice(inputs, 1, t, t + 1), [batch, width]), state, feed, start.memory);
      state = step.state;
      if (feed !== null) feed = step.feature;
      features.push(step.feature);
      weights.push(step.weights);
    }
    return { logits: this.out.forward(stack(features, 1)), attention: stack(weights, 1) };
  }

  /** What the decoder starts from: its first state, and the source to attend to. */
  encode(src: Tensor, lengths: ArrayLike<number>): { state: DecoderState; memory: Memory } {
    const [batch, length] = src.shape as [number, number];
    const encoder = this.encoder as LSTM;
    const { output, state } = encoder.forward(this.srcEmbed.forward(src), null, { lengths });
    const directions = encoder.spec.bidirectional ? 2 : 1;
    const last = (states: Tensor) => topStates(states, directions);
    const mask = Int32Array.from({ length: batch * length }, (_, i) => (i % length < lengths[Math.floor(i / length)]! ? 1 : 0));
    return {
      state: { h: tanh(this.bridge.forward(last(state.h))), c: this.bridgeC === null ? null : tanh(this.bridgeC.forward(last(state.c))) },
      memory: this.attention.prepare(output, tensor(this.engine, mask, [batch, length])),
    };
  }

  /** One step: the new state, what the output layer reads, and the attention's weights. */
  #step(
    input: Tensor,
    state: DecoderState,
    feed: Tensor | null,
    memory: Memory,
  ): { state: DecoderState; feature: Tensor; weights: Tensor } {
    if (this.combine === null) {
      const { context, weights } = this.attention.forward(state.h, memory);
      const next = this.#advance(concat([input, context], 1), state);
      return { state: next, feature: concat([next.h, context, input], 1), weights };
    }
    const next = this.#advance(feed === null ? input : concat([input, feed], 1), state);
    const { context, weights } = this.attention.forward(next.h, memory);
    return { state: next, feature: tanh(this.combine.forward(concat([context, next.h], 1))), weights };
  }

  #advance(x: Tensor, { h, c }: DecoderState): DecoderState {
    if (this.decoder instanceof LSTMCell) return this.decoder.forward(x, { h, c: c! });
    return { h: this.decoder.forward(x, h), c: null };
  }
}
