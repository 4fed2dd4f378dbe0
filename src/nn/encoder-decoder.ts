/** Encoder and decoder with attention between them, run over whole targets with teacher forcing. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, ShapeError } from "../errors.js";
import { concat, reshape, slice, stack } from "../ops/layout.js";
import { stepsWithin } from "../ops/lengths.js";
import { topStates } from "../ops/recurrent/top-states.js";
import { tanh } from "../ops/unary.js";
import { checkOptions, flag, oneOf, wholeNumber } from "../options.js";
import { tensor, zeros } from "../tensor/create.js";
import { show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { ATTENTION_KINDS, Attention, type AttentionKind, type Memory } from "./attention.js";
import { GRUCell, LSTMCell, RNNCell } from "./cells.js";
import { Dropout } from "./containers.js";
import { Embedding } from "./embedding.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";
import type { LSTM } from "./recurrent.js";
import { type CellName, type RecurrentLayer, recurrentLayer } from "./recurrent-layer.js";

export interface EncoderDecoderOptions {
  readonly srcVocab: number;
  readonly tgtVocab: number;
  readonly embeddingDim: number;
  /** Of the encoder; the decoder's is the same, or with attention "dot" that of the encoder's outputs. */
  readonly hiddenSize: number;
  readonly cell: CellName;
  /** "none": the state alone carries the source. Sutskever et al. 2014. */
  readonly attention: AttentionKind | "none";
  /** Width inside "bahdanau" and "concat". Default hiddenSize. */
  readonly attentionSize?: number;
  /** Layers of the encoder. Default 1. */
  readonly numLayers?: number;
  /** Default true. */
  readonly bidirectional?: boolean;
  /** The decoder also reads its last attentional state; not with "bahdanau", which reads the context anyway. Default false. */
  readonly inputFeeding?: boolean;
  /** Probability of dropout on embeddings and before the output layer, in training steps. Default 0. */
  readonly dropout?: number;
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
  "dropout",
];

interface DecoderState {
  readonly h: Tensor;
  readonly c: Tensor | null;
}

/** Where a decoder stands: its state, its last attentional state where that is fed in, and the source; rows belong together. */
export interface DecoderContext {
  readonly state: DecoderState;
  readonly feed: Tensor | null;
  /** Null without attention. */
  readonly memory: Memory | null;
}

/**
 * The encoder's last state starts the decoder through `bridge` (and `bridgeC` of an LSTM). Bahdanau et al. 2015: the state before the step
 * attends, cell and output read the context. Luong et al. 2015: the state after the step attends, and
 * tanh(combine [context; state]) goes to the output (and, with input feeding, into the next step).
 */
export class EncoderDecoder extends Module {
  readonly srcEmbed: Embedding;
  readonly tgtEmbed: Embedding;
  readonly encoder: RecurrentLayer;
  readonly bridge: Linear;
  readonly bridgeC: Linear | null;
  readonly attention: Attention | null;
  readonly decoder: RNNCell | LSTMCell | GRUCell;
  readonly combine: Linear | null;
  readonly out: Linear;
  readonly inputFeeding: boolean;
  readonly #dropout: Dropout;

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
    oneOf(where, "attention", kind, ["none", ...ATTENTION_KINDS]);
    const bahdanau = kind === "bahdanau";
    if (this.inputFeeding && (bahdanau || kind === "none"))
      throw new ConfigError(`${where}: inputFeeding with attention "${kind}", wants one of the others`);
    this.#dropout = new Dropout(options.dropout ?? 0);
    const embedding = (name: "srcVocab" | "tgtVocab") =>
      new Embedding(engine, { numEmbeddings: wholeNumber(where, name, options[name], 1), embeddingDim });
    this.srcEmbed = embedding("srcVocab");
    this.tgtEmbed = embedding("tgtVocab");
    this.encoder = recurrentLayer(engine, cell, { inputSize: embeddingDim, hiddenSize, numLayers, bidirectional });
    const keySize = hiddenSize * (bidirectional ? 2 : 1);
    const size = kind === "dot" ? keySize : hiddenSize;
    const layer = (inFeatures: number, outFeatures: number, bias = true) => new Linear(engine, { inFeatures, outFeatures, bias });
    this.bridge = layer(keySize, size);
    this.bridgeC = cell === "lstm" ? layer(keySize, size) : null;
    this.attention =
      kind === "none"
        ? null
        : new Attention(engine, { kind, querySize: size, keySize, attentionSize: options.attentionSize ?? hiddenSize });
    const Decoder = { rnn: RNNCell, gru: GRUCell, lstm: LSTMCell }[cell];
    this.decoder = new Decoder(engine, { inputSize: embeddingDim + (bahdanau ? keySize : this.inputFeeding ? size : 0), hiddenSize: size });
    this.combine = bahdanau || kind === "none" ? null : layer(keySize + size, size, false);
    this.out = layer(bahdanau ? size + keySize + embeddingDim : size, options.tgtVocab);
  }

  /**
   * @param src i32 [B, S] @param srcLengths whole numbers from 1 to S @param tgt i32 [B, T], what the decoder reads at each step
   * @returns logits f32 [B, T, tgtVocab], attention f32 [B, T, S] (0 past a source's end), null without attention
   * @throws ShapeError, IndexError when shapes, ids or lengths disagree
   */
  forward(src: Tensor, srcLengths: ArrayLike<number>, tgt: Tensor): { logits: Tensor; attention: Tensor | null } {
    if (src.rank !== 2 || tgt.rank !== 2 || src.shape[0] !== tgt.shape[0] || tgt.shape[1] === 0) {
      throw new ShapeError(
        `EncoderDecoder.forward: src ${show(src.shape)} and tgt ${show(tgt.shape)}, wants [B, S] and [B, T] with T from 1`,
      );
    }
    const start = this.encode(src, srcLengths);
    const inputs = this.#dropout.forward(this.tgtEmbed.forward(tgt));
    const isParallel = !this.inputFeeding && (this.attention?.isMultiplicative ?? true);
    const { features, weights } = isParallel ? this.#allSteps(inputs, start) : this.#stepByStep(inputs, start);
    return { logits: this.out.forward(this.#dropout.forward(features)), attention: weights };
  }

  /** The decoder's cell reads nothing of the attention: it runs over all steps as one operation, and then all attend at once. */
  #allSteps(inputs: Tensor, { state, memory }: DecoderContext): { features: Tensor; weights: Tensor | null } {
    const { output } = this.decoder.sequence(inputs, state.h, state.c);
    if (memory === null) return { features: output, weights: null };
    const { context, weights } = this.attention!.forwardSteps(output, memory);
    return { features: tanh(this.combine!.forward(concat([context, output], 2))), weights };
  }

  #stepByStep(inputs: Tensor, start: DecoderContext): { features: Tensor; weights: Tensor | null } {
    const [batch, time, width] = inputs.shape as [number, number, number];
    let context = start;
    const features: Tensor[] = [];
    const weights: Tensor[] = [];
    for (let t = 0; t < time; t++) {
      const step = this.#step(reshape(slice(inputs, 1, t, t + 1), [batch, width]), context);
      context = step.context;
      features.push(step.feature);
      weights.push(step.weights!);
    }
    return { features: stack(features, 1), weights: stack(weights, 1) };
  }

  /**
   * One step of decoding.
   * @param tokens i32 [N], what the decoder reads
   * @returns logits f32 [N, tgtVocab], weights f32 [N, S] over the source (null without attention), and where the decoder stands then
   */
  step(tokens: Tensor, context: DecoderContext): { logits: Tensor; weights: Tensor | null; context: DecoderContext } {
    const { feature, weights, context: next } = this.#step(this.tgtEmbed.forward(tokens), context);
    return { logits: this.out.forward(feature), weights, context: next };
  }

  /** What the decoder starts from: its first state, and the source to attend to. */
  encode(src: Tensor, lengths: ArrayLike<number>): DecoderContext {
    const [batch, length] = src.shape as [number, number];
    const encoder = this.encoder as LSTM;
    const { output, state } = encoder.forward(this.#dropout.forward(this.srcEmbed.forward(src)), null, { lengths });
    const directions = encoder.spec.bidirectional ? 2 : 1;
    const last = (states: Tensor) => topStates(states, directions);
    const mask = Int32Array.from(stepsWithin(lengths, length));
    const h = tanh(this.bridge.forward(last(state.h)));
    return {
      state: { h, c: this.bridgeC === null ? null : tanh(this.bridgeC.forward(last(state.c))) },
      feed: this.inputFeeding ? zeros(this.engine, h.shape) : null,
      memory: this.attention?.prepare(output, tensor(this.engine, mask, [batch, length])) ?? null,
    };
  }

  /** One step: what the output layer reads, the attention's weights, and where the decoder stands then. */
  #step(input: Tensor, { state, feed, memory }: DecoderContext): { feature: Tensor; weights: Tensor | null; context: DecoderContext } {
    if (memory === null) {
      const next = this.#advance(input, state);
      return { feature: next.h, weights: null, context: { state: next, feed, memory } };
    }
    if (this.combine === null) {
      const { context, weights } = this.attention!.forward(state.h, memory);
      const next = this.#advance(concat([input, context], 1), state);
      return { feature: concat([next.h, context, input], 1), weights, context: { state: next, feed, memory } };
    }
    const next = this.#advance(feed === null ? input : concat([input, feed], 1), state);
    const { context, weights } = this.attention!.forward(next.h, memory);
    const feature = tanh(this.combine.forward(concat([context, next.h], 1)));
    return { feature, weights, context: { state: next, feed: feed === null ? null : feature, memory } };
  }

  #advance(x: Tensor, { h, c }: DecoderState): DecoderState {
    if (this.decoder instanceof LSTMCell) return this.decoder.forward(x, { h, c: c! });
    return { h: this.decoder.forward(x, h), c: null };
  }
}
