/** Attention, and networks made of several layers. */
import type { Tensor } from "../../../src/index.js";
import type { AttentionKind, AttentionOptions, EncoderDecoderOptions } from "../../../src/layers/index.js";
import type { Pooling, SequenceNetworkConfig, TextNetworkConfig } from "../../../src/tasks/index.js";
import type { PaddedBatch } from "../../../src/text/batching.js";
import type { Draw } from "../draw.js";
import type { Cases } from "../trial.js";

const KINDS: readonly AttentionKind[] = ["bahdanau", "dot", "general", "concat"];

/** At most seven: whole networks are slow to try. */
const few = (draw: Draw): number => Math.min(7, draw.extent());
const lengthsOf = (draw: Draw, batch: number, time: number): Tensor => draw.integers([batch], () => draw.int(1, time));

/** What all sequence networks have. */
const layersOf = (draw: Draw) => ({
  embeddingDim: few(draw),
  hiddenSize: few(draw),
  numLayers: draw.from([1, 2]),
  bidirectional: draw.each([true, false]),
  dropout: draw.from([0, 0.3]),
});

/** Streams of ids below each count, with lengths, for one batch; no padding ids where values are moved. */
function tokensOf(draw: Draw, counts: readonly number[]): { batch: (ids: Tensor, lengths: Tensor) => PaddedBatch; inputs: Tensor[] } {
  const rows = few(draw);
  const inputs = counts.flatMap((count) => {
    const time = draw.int(1, 5);
    const id = () => (draw.smooth ? draw.int(1, count - 1) : draw.int(0, count - 1));
    return [draw.integers([rows, time], id), lengthsOf(draw, rows, time)];
  });
  const batch = (ids: Tensor, lengths: Tensor) => ({
    ids: Int32Array.from(ids.data()),
    lengths: Int32Array.from(lengths.data()),
    batch: ids.shape[0]!,
    time: ids.shape[1]!,
  });
  return { batch, inputs };
}

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
      ...layersOf(draw),
      encoder: draw.each(["rnn", "lstm", "gru"]),
      // Which step is the largest may change within a difference; max has a case of its own.
      pooling: draw.each<SequenceNetworkConfig["pooling"]>(draw.smooth ? ["last", "mean"] : ["last", "mean", "max"]),
    };
    const vocabulary = few(draw) + 1;
    const network = draw.layer(new SequenceNetwork(draw.engine, config, vocabulary, few(draw)));
    const { batch, inputs } = tokensOf(draw, [vocabulary]);
    return { run: (ids, lengths) => network.forward(batch(ids!, lengths!)), inputs, training: config.dropout > 0, rows: 0 };
  },

  TextNetwork: (TextNetwork, draw) => {
    const config: TextNetworkConfig = {
      ...layersOf(draw),
      encoder: draw.each(["window", "rnn", "lstm", "gru"]),
      pooling: draw.each<Pooling>(draw.smooth ? ["attention", "last", "mean"] : ["attention", "last", "mean", "max"]),
      window: draw.int(1, 6),
      characterDim: draw.each([0, 3]),
    };
    const [vocabulary, characters] = [few(draw) + 1, few(draw) + 1];
    const network = draw.layer(new TextNetwork(draw.engine, config, vocabulary, few(draw), characters));
    const { batch, inputs } = tokensOf(draw, [vocabulary, characters]);
    return {
      run: (ids, lengths, letters, letterLengths) => network.forward(batch(ids!, lengths!), undefined, batch(letters!, letterLengths!)),
      inputs,
      training: config.dropout > 0,
      rows: 0,
    };
  },
} satisfies Cases;
