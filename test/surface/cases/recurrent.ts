/** Recurrent layers and cells: kinds, layers, directions, biases, states given or not, rows of one length or of several. */
import {
  add,
  type CellOptions,
  concat,
  type Engine,
  type ForwardOptions,
  GRUCell,
  type GRUCellOptions,
  type GRUOptions,
  type HiddenState,
  Linear,
  LSTMCell,
  type LSTMOptions,
  type LSTMState,
  Module,
  mul,
  type RecurrentCell,
  type RecurrentOptions,
  type RNNCellOptions,
  type RNNOptions,
  sigmoid,
  sub,
  type Tensor,
  tanh,
} from "../../../src/index.js";
import type { Draw } from "../draw.js";
import type { Cases, Trial } from "../trial.js";

interface Recurrent<S> extends Module {
  forward(input: Tensor, state?: S | null, options?: ForwardOptions): { output: Tensor; state: S };
}

type Shared = Required<Pick<RecurrentOptions, "inputSize" | "hiddenSize" | "numLayers" | "bias" | "bidirectional" | "dropout">>;

/** What all kinds have. With relu in smooth trials the biases keep every unit off its kink. */
function common(draw: Draw, biased = false, numLayers = draw.each([1, 2])): { batch: number; own: Shared } {
  const [batch, inputSize, hiddenSize] = draw.extents(3) as [number, number, number];
  return {
    batch,
    own: {
      inputSize,
      hiddenSize,
      numLayers,
      bias: biased || draw.each([true, false]),
      bidirectional: draw.each([false, true]),
      dropout: draw.from([0, 0.3]),
    },
  };
}

/** What RNN, LSTM and GRU have besides. */
const further = (draw: Draw): Required<Omit<RecurrentOptions, keyof Shared>> => ({
  merge: draw.from(["concat", "sum", "mean"]),
  variational: draw.flag(),
  weightDropout: draw.from([0, 0, 0.4]),
  learnedState: draw.flag(),
});

/** A sequence, its lengths and, in every other trial, its first states, of which `sizes` has the widths. */
function sequenceTrial<S extends HiddenState>(
  draw: Draw,
  layer: Recurrent<S>,
  batch: number,
  { inputSize, numLayers, bidirectional, dropout, weightDropout = 0 }: Shared & Pick<RecurrentOptions, "weightDropout">,
  sizes: Readonly<Record<keyof S & string, number>>,
): Trial {
  const time = draw.int(1, 4);
  const [ragged, given] = [draw.each([false, true]), draw.each([true, false])];
  const names = Object.keys(sizes) as (keyof S & string)[];
  const states = given ? names.map((name) => draw.leaf([numLayers * (bidirectional ? 2 : 1), batch, sizes[name]])) : [];
  return {
    run: (input, lengths, ...first) => {
      const state = given ? (Object.fromEntries(names.map((name, i) => [name, first[i]!])) as unknown as S) : null;
      const result = layer.forward(input!, state, ragged ? { lengths: lengths!.data() } : {});
      return [result.output, ...names.map((name) => result.state[name] as Tensor)];
    },
    inputs: [draw.leaf([batch, time, inputSize]), draw.integers([batch], () => draw.int(1, time)), ...states],
    training: (numLayers > 1 && dropout > 0) || weightDropout > 0,
    rows: { inputs: [0, 0, 1, 1], outputs: [0, 1, 1] },
  };
}

/** Biases of ±1.6, weights so small that no unit changes sign. */
function keepOffKinks(layer: Module): void {
  for (const [name, parameter] of layer.namedParameters()) {
    const [, width = 1] = parameter.shape;
    const sign = (i: number) => (i % 3 === 1 ? -1 : 1);
    const own = name.startsWith("bias") ? (_: number, i: number) => 0.8 * sign(i) : (value: number) => value / (3 * width);
    parameter.assign(parameter.data().map(own));
  }
}

/** One step of a cell; `state` names what it carries. */
function cellTrial(
  draw: Draw,
  options: Required<CellOptions>,
  names: readonly string[],
  step: (x: Tensor, states: readonly Tensor[] | null) => readonly Tensor[],
): Trial {
  const batch = draw.extent();
  const given = draw.each([true, false]);
  const states = given ? names.map(() => draw.leaf([batch, options.hiddenSize])) : [];
  return {
    run: (x, ...first) => step(x!, given ? first : null),
    inputs: [draw.leaf([batch, options.inputSize]), ...states],
    rows: 0,
  };
}

const cellOptions = (draw: Draw, biased = false): Required<CellOptions> => ({
  inputSize: draw.extent(),
  hiddenSize: draw.extent(),
  bias: biased || draw.each([true, false]),
});

/** A cell of one's own: one gate decides how much of the state is new. */
class Minimal extends Module implements RecurrentCell<HiddenState> {
  readonly inputSize: number;
  readonly stateSizes: { readonly h: number };
  readonly gate: Linear;
  readonly fresh: Linear;

  constructor(engine: Engine, { inputSize, hiddenSize }: { readonly inputSize: number; readonly hiddenSize: number }) {
    super();
    this.inputSize = inputSize;
    this.stateSizes = { h: hiddenSize };
    const layer = () => new Linear(engine, { inFeatures: inputSize + hiddenSize, outFeatures: hiddenSize });
    [this.gate, this.fresh] = [layer(), layer()];
  }

  step(x: Tensor, { h }: HiddenState) {
    const f = sigmoid(this.gate.forward(concat([x, h], 1)));
    const n = tanh(this.fresh.forward(concat([x, mul(f, h)], 1)));
    const next = add(h, mul(f, sub(n, h)));
    return { output: next, state: { h: next } };
  }
}

type SimpleCell = { forward(x: Tensor, h?: Tensor | null): Tensor } & Module;
const simpleCell = (draw: Draw, cell: SimpleCell, options: Required<CellOptions>): Trial =>
  cellTrial(draw, options, ["h"], (x, states) => [cell.forward(x, states?.[0] ?? null)]);

export const recurrentLayers = {
  RNN: (RNN, draw) => {
    const nonlinearity = draw.each(["tanh", "relu"] as const);
    const kinked = nonlinearity === "relu" && draw.smooth;
    const { batch, own } = common(draw, kinked);
    const options: Required<RNNOptions> = { ...own, ...further(draw), nonlinearity };
    const layer = draw.layer(new RNN(draw.engine, options));
    if (kinked) keepOffKinks(layer);
    return sequenceTrial<HiddenState>(draw, layer, batch, options, { h: options.hiddenSize });
  },

  LSTM: (LSTM, draw) => {
    const { batch, own } = common(draw);
    const projected = draw.each([false, true]) && own.hiddenSize > 1;
    const options: Required<LSTMOptions> = { ...own, ...further(draw), projSize: projected ? draw.int(1, own.hiddenSize - 1) : 0 };
    const layer = draw.layer(new LSTM(draw.engine, options));
    return sequenceTrial<LSTMState>(draw, layer, batch, options, { h: options.projSize || options.hiddenSize, c: options.hiddenSize });
  },

  GRU: (GRU, draw) => {
    const { batch, own } = common(draw);
    const options: Required<GRUOptions> = { ...own, ...further(draw), resetAfter: draw.each([true, false]) };
    const layer = draw.layer(new GRU(draw.engine, options));
    return sequenceTrial<HiddenState>(draw, layer, batch, options, { h: options.hiddenSize });
  },

  CellLayer: (CellLayer, draw) => {
    const { engine } = draw;
    const { batch, own } = common(draw, true, draw.from([1, 1, 2]));
    const { hiddenSize, bias: _, ...options } = own;
    const Kind = draw.each([Minimal, GRUCell, LSTMCell]);
    const layer = draw.layer(new CellLayer<HiddenState>((inputSize) => new Kind(engine, { inputSize, hiddenSize }) as never, options));
    const sizes = Kind === LSTMCell ? { h: hiddenSize, c: hiddenSize } : { h: hiddenSize };
    return sequenceTrial<HiddenState>(draw, layer, batch, own, sizes);
  },

  RNNCell: (RNNCell, draw) => {
    const nonlinearity = draw.each(["tanh", "relu"] as const);
    const kinked = nonlinearity === "relu" && draw.smooth;
    const options: Required<RNNCellOptions> = { ...cellOptions(draw, kinked), nonlinearity };
    const cell = draw.layer(new RNNCell(draw.engine, options));
    if (kinked) keepOffKinks(cell);
    return simpleCell(draw, cell, options);
  },

  GRUCell: (GRUCell, draw) => {
    const options: Required<GRUCellOptions> = { ...cellOptions(draw), resetAfter: draw.each([true, false]) };
    return simpleCell(draw, draw.layer(new GRUCell(draw.engine, options)), options);
  },

  LSTMCell: (LSTMCell, draw) => {
    const options = cellOptions(draw);
    const cell = draw.layer(new LSTMCell(draw.engine, options));
    return cellTrial(draw, options, ["h", "c"], (x, states) => {
      const { h, c } = cell.forward(x, states === null ? null : { h: states[0]!, c: states[1]! });
      return [h, c];
    });
  },
} satisfies Cases;
