/** Attention, and networks made of several layers. */
import type { Tensor } from "../../../src/index.js";
import type { AttentionKind, AttentionOptions, EncoderDecoderOptions } from "../../../src/layers/index.js";
import type { Pooling, SequenceNetworkConfig } from "../../../src/tasks/index.js";
import type { Draw } from "../draw.js";
import type { Cases } from "../trial.js";

const KINDS: readonly AttentionKind[] = ["bahdanau", "dot", "general", "concat"];

/** At most seven: whole networks are slow to try. */
const few = (draw: Draw): number => Math.min(7, draw.extent());
const lengthsOf = (draw: Draw, batch: number, time: number): Tensor => draw.integers([batch], () => draw.int(1, time));

export const networks = {
  Attention: (Attention, draw) => {
    const kind = draw.each(KINDS);
    const querySize = draw.extent();
    const keySize = kind === "dot" ? querySize : draw.extent();
    const options: Required<AttentionOptions> = { kind, querySize, keySize, attentionSize: draw.extent() };
    const layer = draw.layer(new Attention(draw.engine, options));
    const [batch, source] = [draw.extent(), draw.extent()];
    const masked = draw.each([false, true]);
    return {
      run: (query, values, mask) => {
        const { context, weights } = layer.forward(query!, layer.prepare(values!, mask!));
        return [context, weights];
      },
      inputs: [
        draw.leaf([batch, querySize]),
        draw.leaf([batch, source, keySize]),
        draw.integers([batch, source], () => (masked ? draw.int(0, 1) : 1)),
      ],
      rows: 0,
    };
  },

  EncoderDecoder: (EncoderDecoder, draw) => {
    const attention = draw.each([...KINDS, "none"] as const);
    const [srcVocab, tgtVocab] = [few(draw), few(draw)];
    const options: Required<EncoderDecoderOptions> = {
      srcVocab,
      tgtVocab,
      embeddingDim: few(draw),
      hiddenSize: few(draw),
      cell: draw.each(["rnn", "gru", "lstm"]),
      attention,
      attentionSize: few(draw),
      numLayers: draw.from([1, 2]),
      bidirectional: draw.flag(),
      inputFeeding: attention !== "bahdanau" && attention !== "none" && draw.flag(),
      dropout: 0,
    };
    const model = draw.layer(new EncoderDecoder(draw.engine, options));
    const [batch, source, target] = [few(draw), draw.int(1, 5), draw.int(1, 3)];
    return {
      run: (src, lengths, tgt) => {
        const result = model.forward(src!, lengths!.data(), tgt!);
        return result.attention === null ? [result.logits] : [result.logits, result.attention];
      },
      inputs: [draw.ids([batch, source], srcVocab), lengthsOf(draw, batch, source), draw.ids([batch, target], tgtVocab)],
      rows: 0,
    };
  },

  SequenceNetwork: (SequenceNetwork, draw) => {
    const config: SequenceNetworkConfig = {
      encoder: draw.each(["rnn", "lstm", "gru"]),
      embeddingDim: few(draw),
      hiddenSize: few(draw),
      numLayers: draw.from([1, 2]),
      bidirectional: draw.each([true, false]),
      // Which step is the largest may change within a difference; max has a case of its own.
      pooling: draw.each<Pooling>(draw.smooth ? ["last", "mean"] : ["last", "mean", "max"]),
      dropout: draw.from([0, 0.3]),
    };
    const vocabulary = few(draw) + 1;
    const network = draw.layer(new SequenceNetwork(draw.engine, config, vocabulary, few(draw)));
    const [batch, time] = [few(draw), draw.int(1, 5)];
    const id = () => (draw.smooth ? draw.int(1, vocabulary - 1) : draw.int(0, vocabulary - 1));
    return {
      run: (ids, lengths) =>
        network.forward({
          ids: Int32Array.from(ids!.data()),
          lengths: Int32Array.from(lengths!.data()),
          batch: ids!.shape[0]!,
          time,
        }),
      inputs: [draw.integers([batch, time], id), lengthsOf(draw, batch, time)],
      training: config.dropout > 0,
      rows: 0,
    };
  },
} satisfies Cases;
