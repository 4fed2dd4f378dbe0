/** What `recurra/layers` has: cells, shortcuts, dropouts, bags and multi-head attention. */
import {
  Embedding as EmbeddingLayer,
  GRUCell,
  GRU as GRULayer,
  type Layer,
  Linear as LinearLayer,
  LSTMCell,
  LSTM as LSTMLayer,
  RNNCell,
  type Tensor,
} from "../../../src/index.js";
import type {
  AttendOptions,
  EmbeddingBagOptions,
  LayerNormCellOptions,
  MultiheadAttentionOptions,
  SequenceLayer,
  WordDropoutOptions,
} from "../../../src/layers/index.js";
import type { AnyCell } from "../../../src/nn/cell.js";
import type { Draw } from "../draw.js";
import type { Case, Cases, Trial } from "../trial.js";

/** At most seven: several tensors are of a product of such extents. */
const few = (draw: Draw): number => Math.min(7, draw.extent());
const BY_PLACE = "the mask goes by the place in the whole tensor";
const CELLS = [LSTMCell, GRUCell, RNNCell];

/** One step of a cell, from states of its own; output and next states. */
function stepTrial(draw: Draw, cell: AnyCell, training: boolean): Trial {
  const batch = few(draw);
  const sizes = Object.entries<number>(cell.stateSizes);
  return {
    run: (x, ...given) => {
      const { output, state } = cell.step(x!, Object.fromEntries(sizes.map(([name], i) => [name, given[i]!])));
      return [output, ...sizes.map(([name]) => state[name] as Tensor)];
    },
    inputs: [draw.leaf([batch, cell.inputSize]), ...sizes.map(([, size]) => draw.leaf([batch, size]))],
    training,
    rows: 0,
  };
}

/** A fused cell as wide as its input. */
const square = (draw: Draw): AnyCell => {
  const size = few(draw);
  return new (draw.each(CELLS))(draw.engine, { inputSize: size, hiddenSize: size });
};

const normalized =
  <C extends AnyCell>(): Case<new (engine: Draw["engine"], options: LayerNormCellOptions) => C> =>
  (Kind, draw) => {
    const training = draw.each([false, true]);
    const options: Required<LayerNormCellOptions> = {
      inputSize: few(draw),
      hiddenSize: few(draw),
      layerNorm: draw.each([true, false]),
      eps: draw.smooth ? draw.each([0.3, 0.5]) : draw.from([1e-5, 0, 0.1]),
      recurrentDropout: draw.from([0, 0.3]),
      candidateDropout: draw.from([0, 0.3]),
    };
    return stepTrial(draw, draw.layer(new Kind(draw.engine, options)), training);
  };

/** Something around a recurrent layer or a Linear, as wide as its input. */
function aroundTrial(draw: Draw, wrap: (inner: Layer | SequenceLayer, size: number) => Layer | SequenceLayer): Trial {
  const { engine } = draw;
  const kind = draw.each(["linear", "gru", "lstm"]);
  const half = Math.min(4, draw.extent());
  const size = 2 * half;
  const inner =
    kind === "linear"
      ? new LinearLayer(engine, { inFeatures: size, outFeatures: size })
      : kind === "gru"
        ? new GRULayer(engine, { inputSize: size, hiddenSize: size })
        : new LSTMLayer(engine, { inputSize: size, hiddenSize: half, bidirectional: true });
  const layer = draw.layer(wrap(inner, size));
  const [batch, time] = [few(draw), draw.int(1, 4)];
  const ragged = draw.each([true, false]);
  return {
    run: (x, lengths) => {
      if (kind === "linear") return (layer as Layer).forward(x!);
      const { output, state } = (layer as SequenceLayer).forward(x!, null, ragged ? { lengths: lengths!.data() } : {});
      return [output, state.h];
    },
    inputs: [draw.leaf([batch, time, size]), draw.integers([batch], () => draw.int(1, time))],
    rows: { inputs: [0, 0], outputs: [0, 1] },
  };
}

export const furtherLayers = {
  LayerNormLSTMCell: normalized(),
  LayerNormGRUCell: normalized(),

  Zoneout: (Zoneout, draw) => {
    const training = draw.each([false, true]);
    const cell = square(draw);
    const rates = Object.fromEntries(Object.keys(cell.stateSizes).map((name) => [name, draw.from([0, 0.25, 1])]));
    return stepTrial(draw, draw.layer(new Zoneout(cell, rates)), training);
  },

  ResidualCell: (ResidualCell, draw) => stepTrial(draw, draw.layer(new ResidualCell(square(draw))), false),

  HighwayCell: (HighwayCell, draw) =>
    stepTrial(draw, draw.layer(new HighwayCell(draw.engine, square(draw), { gateBias: draw.from([-1, 0.5]) })), false),

  StackedCells: (StackedCells, draw) => {
    let inputSize = few(draw);
    const cells = Array.from({ length: draw.int(1, 3) }, () => {
      const cell = new (draw.each(CELLS))(draw.engine, { inputSize, hiddenSize: few(draw) });
      inputSize = cell.spec.hiddenSize;
      return cell;
    });
    return stepTrial(draw, draw.layer(new StackedCells(cells)), false);
  },

  Residual: (Residual, draw) => aroundTrial(draw, (inner) => new Residual(inner as Layer)),

  Highway: (Highway, draw) =>
    aroundTrial(draw, (inner, size) => new Highway(draw.engine, inner as Layer, { size, gateBias: draw.from([-1, 0.5]) })),

  LockedDropout: (LockedDropout, draw) => {
    const layer = draw.layer(draw.flag() ? new LockedDropout(draw.from([0.25, 0, 1])) : new LockedDropout());
    return { run: (x) => layer.forward(x!), inputs: [draw.leaf(draw.extents(3))], training: draw.each([true, false]), rows: BY_PLACE };
  },

  WordDropout: (WordDropout, draw) => {
    const options: Required<WordDropoutOptions> = { p: draw.each([0.3, 0, 1]), unknownIdx: 5, paddingIdx: draw.from([null, 0]) };
    const layer = draw.layer(new WordDropout(options));
    const shape = draw.shape();
    return {
      run: (x, ids) => [layer.forward(x!), layer.forward(ids!)],
      inputs: [draw.leaf(shape), draw.ids(shape, 5)],
      training: draw.each([true, false]),
      rows: BY_PLACE,
    };
  },

  EmbeddingDropout: (EmbeddingDropout, draw) => {
    const [numEmbeddings, embeddingDim] = draw.extents(2) as [number, number];
    const embedding = new EmbeddingLayer(draw.engine, { numEmbeddings, embeddingDim, sparse: draw.each([false, true]) });
    const layer = draw.layer(new EmbeddingDropout(embedding, draw.from([0.4, 0, 1])));
    return {
      run: (ids) => layer.forward(ids!),
      inputs: [draw.ids(draw.shape(), numEmbeddings)],
      training: draw.each([true, false]),
      rows: 0,
    };
  },

  EmbeddingBag: (EmbeddingBag, draw) => {
    const mode = draw.each(["sum", "mean", "max"] as const);
    const form = draw.each(["lengths", "all", "offsets"]);
    const [numEmbeddings, embeddingDim] = draw.extents(2) as [number, number];
    const options: Required<EmbeddingBagOptions> = {
      numEmbeddings,
      embeddingDim,
      mode,
      paddingIdx: draw.each([null, numEmbeddings - 1]),
      sparse: draw.each([false, true]),
      includeLastOffset: draw.flag(),
    };
    const layer = draw.layer(new EmbeddingBag(draw.engine, options));
    if (mode === "max") layer.weight.assign(draw.distinct([numEmbeddings, embeddingDim]).data());
    const [batch, width] = [few(draw), few(draw)];
    const shape = form === "offsets" ? [batch * width] : [batch, width];
    const perSample = mode === "sum" && draw.flag();
    const bounds = Array.from({ length: batch }, () => draw.int(0, batch * width)).sort((a, b) => a - b);
    bounds[0] = 0;
    return {
      run: (ids, lengths, weights) =>
        layer.forward(ids!, {
          ...(perSample ? { perSampleWeights: weights! } : {}),
          ...(form === "lengths" ? { lengths: lengths!.data() } : form === "offsets" ? { offsets: bounds } : {}),
        }),
      inputs: [draw.ids(shape, numEmbeddings), draw.integers([batch], () => draw.int(0, width)), draw.leaf(shape)],
      rows: form === "offsets" ? "bags share one list of ids" : 0,
    };
  },

  MultiheadAttention: (MultiheadAttention, draw) => {
    const self = draw.each([false, true]);
    const masking = draw.each(["none", "lengths", "steps", "heads"]);
    const numHeads = draw.int(1, 3);
    const embedDim = numHeads * draw.int(1, 3);
    const other = () => (self ? embedDim : draw.from([embedDim, few(draw)]));
    const options: Required<MultiheadAttentionOptions> = {
      embedDim,
      numHeads,
      kdim: other(),
      vdim: other(),
      bias: draw.each([true, false]),
      dropout: draw.from([0, 0.3]),
    };
    const layer = draw.layer(new MultiheadAttention(draw.engine, options));
    const [batch, time] = [draw.int(1, 4), draw.int(1, 5)];
    const steps = self ? time : draw.int(1, 5);
    const averageAttnWeights = draw.flag();
    const isCausal = draw.flag();
    const floats = draw.flag();
    const mask = (shape: readonly number[]) => (floats ? draw.constant(shape) : draw.integers(shape, () => draw.int(0, 3) % 2));
    const chosen = ([lengths, keyLengths, padding, attnMask]: readonly Tensor[]): AttendOptions => ({
      ...(masking === "lengths" ? { lengths: lengths!.data(), keyLengths: keyLengths!.data() } : {}),
      ...(masking === "steps" || masking === "heads" ? { keyPaddingMask: padding!, attnMask: attnMask!, isCausal } : {}),
      averageAttnWeights,
    });
    return {
      run: (query, key, value, ...rest) => {
        const { output, weights } = layer.forward(query!, self ? query! : key!, self ? query! : value!, chosen(rest));
        return [output, weights!];
      },
      inputs: [
        draw.leaf([batch, time, embedDim]),
        draw.leaf([batch, steps, options.kdim]),
        draw.leaf([batch, steps, options.vdim]),
        draw.integers([batch], () => draw.int(0, time)),
        draw.integers([batch], () => draw.int(0, steps)),
        mask([batch, steps]),
        mask(masking === "heads" ? [batch * numHeads, time, steps] : [time, steps]),
      ],
      training: options.dropout > 0,
      rows: masking === "heads" ? "a mask runs over rows and heads" : { inputs: [0, 0, 0, 0, 0, 0, null], outputs: [0, 0] },
    };
  },
} satisfies Cases;
