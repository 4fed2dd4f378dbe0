/** RNN, LSTM and GRU layers with PyTorch's semantics, weight names, gate orders and initialisation. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { add } from "../ops/arithmetic.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { reshape } from "../ops/layout.js";
import { recurrent } from "../ops/recurrent/recurrent.js";
import { elmanKind, GATES, type RecurrentSpec, type RecurrentWeights, sizesOf } from "../ops/recurrent/spec.js";
import { Stepper } from "../ops/recurrent/stepper.js";
import { mean, sum } from "../ops/reduce.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { zeros } from "../tensor/create.js";
import { withinStep } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export interface RecurrentOptions {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Default 1. */
  readonly numLayers?: number;
  /** Both biases, b_ih and b_hh. Default true. */
  readonly bias?: boolean;
  /** A second set of weights reads the sequence backwards. Default false. */
  readonly bidirectional?: boolean;
  /**
   * What the last layer's two directions become: side by side, their sum or their mean (f32 [B, T, R] then). Between layers they are side
   * by side, and states stay apart. Default "concat"; without `bidirectional` all are the same.
   */
  readonly merge?: Merge;
  /** Probability of dropout on the outputs of all layers but the last, in training steps. Default 0. */
  readonly dropout?: number;
  /** `dropout` draws one mask a sequence and feature for all its time steps (Gal and Ghahramani 2016). Default false. */
  readonly variational?: boolean;
  /**
   * Probability of dropout on the elements of every weight_hh, in training steps: one mask a call for all its time steps (Merity et al. 2017).
   * Default 0.
   */
  readonly weightDropout?: number;
  /**
   * Parameters initial_h f32 [L·D, 1, R] and of an LSTM initial_c f32 [L·D, 1, H], zeros at first, start every row that is given no state.
   * Default false.
   */
  readonly learnedState?: boolean;
}

export type Merge = "concat" | "sum" | "mean";

export interface RNNOptions extends RecurrentOptions {
  /** Default "tanh". */
  readonly nonlinearity?: "tanh" | "relu";
}

export interface LSTMOptions extends RecurrentOptions {
  /** Size of a linear projection of the hidden state; 0, the default, for none. Less than hiddenSize. */
  readonly projSize?: number;
}

export interface GRUOptions extends RecurrentOptions {
  /** The reset gate works after the product with W_hn, as in PyTorch and cuDNN; false: before it. Default true. */
  readonly resetAfter?: boolean;
}

export interface ForwardOptions {
  /** Real steps of each row, whole numbers from 1 to T, in any order. Default: all T. */
  readonly lengths?: ArrayLike<number>;
}

/** State of a network without cell state, f32 [L·D, B, H]. */
export interface HiddenState {
  readonly h: Tensor;
}

/** State of an LSTM: h f32 [L·D, B, R], c f32 [L·D, B, H]. */
export interface LSTMState extends HiddenState {
  readonly c: Tensor;
}

const COMMON = [
  "inputSize",
  "hiddenSize",
  "numLayers",
  "bias",
  "bidirectional",
  "merge",
  "dropout",
  "variational",
  "weightDropout",
  "learnedState",
] as const;
const OWN = { RNN: ["nonlinearity"], LSTM: ["projSize"], GRU: ["resetAfter"] } as const;

abstract class Recurrent extends Module {
  readonly spec: RecurrentSpec;
  readonly merge: Merge;
  /** Index layer·D + direction. */
  readonly weights: readonly RecurrentWeights[];
  /** Learned initial states, or null. */
  readonly initialH: Parameter | null;
  readonly initialC: Parameter | null;

  protected constructor(engine: Engine, name: keyof typeof OWN, options: RNNOptions & LSTMOptions & GRUOptions) {
    super();
    const extra = options?.projSize ? ["projSize"] : [];
    checkOptions(name, options, [...COMMON, ...OWN[name], ...extra]);
    const hiddenSize = wholeNumber(name, "hiddenSize", options.hiddenSize, 1);
    const projSize = wholeNumber(name, "projSize", options.projSize ?? 0, 0);
    if (projSize > 0) {
      if (name !== "LSTM") throw new ConfigError(`${name}: projSize ${projSize}, wants 0 (only LSTM has a projection)`);
      if (projSize >= hiddenSize) throw new ConfigError(`${name}: projSize ${projSize}, wants less than hiddenSize ${hiddenSize}`);
    }
    this.spec = {
      name,
      kind: name === "RNN" ? elmanKind(name, options.nonlinearity ?? "tanh") : name,
      resetAfter: flag(name, "resetAfter", options.resetAfter ?? true),
      inputSize: wholeNumber(name, "inputSize", options.inputSize, 1),
      hiddenSize,
      projSize,
      numLayers: wholeNumber(name, "numLayers", options.numLayers ?? 1, 1),
      bidirectional: flag(name, "bidirectional", options.bidirectional ?? false),
      dropout: inRange(name, "dropout", options.dropout ?? 0, 0, 1),
      variational: flag(name, "variational", options.variational ?? false),
      weightDropout: inRange(name, "weightDropout", options.weightDropout ?? 0, 0, 1),
      timeMajor: false,
    };
    this.merge = oneOf(name, "merge", options.merge ?? "concat", ["concat", "sum", "mean"]);
    const bias = flag(name, "bias", options.bias ?? true);
    const learned = flag(name, "learnedState", options.learnedState ?? false);
    this.weights = makeWeights(engine, this.spec, bias);
    const start = (size: number) => new Parameter(engine, [this.weights.length, 1, size], { kind: "zeros" });
    this.initialH = learned ? start(sizesOf(this.spec).recurrent) : null;
    this.initialC = learned && name === "LSTM" ? start(hiddenSize) : null;
  }

  protected override *ownParameters(): Iterable<[string, Parameter]> {
    const { directions } = sizesOf(this.spec);
    for (const [index, weights] of this.weights.entries()) {
      const suffix = `l${Math.floor(index / directions)}${index % directions === 1 ? "_reverse" : ""}`;
      const named = [
        ["weight_ih", weights.weightIh],
        ["weight_hh", weights.weightHh],
        ["bias_ih", weights.biasIh],
        ["bias_hh", weights.biasHh],
        ["weight_hr", weights.weightHr],
      ] as const;
      for (const [name, parameter] of named) if (parameter instanceof Parameter) yield [`${name}_${suffix}`, parameter];
    }
    if (this.initialH !== null) yield ["initial_h", this.initialH];
    if (this.initialC !== null) yield ["initial_c", this.initialC];
  }

  /** For single steps without allocation over a batch of rows; only where the network reads forward. */
  stepper({ batch = 1 }: { readonly batch?: number } = {}): Stepper {
    return new Stepper(
      this.weights[0]!.weightIh.engine,
      this.spec,
      this.weights,
      wholeNumber(`${this.spec.name}.stepper`, "batch", batch, 1),
      { h: this.initialH, c: this.initialC },
    );
  }

  protected run(input: Tensor, state: { h: Tensor | null; c: Tensor | null }, options: ForwardOptions): ReturnType<typeof recurrent> {
    const { spec, weights, merge, initialH, initialC } = this;
    checkOptions(`${spec.name}.forward`, options, ["lengths"]);
    const learned = initialH !== null && state.h === null && state.c === null;
    const merged = merge !== "concat" && spec.bidirectional;
    const plain = (from = state) => recurrent(spec, { input, weights, ...from, lengths: options.lengths });
    if (!learned && !merged) return plain();
    return withinStep(input.engine, () => {
      const start = (each: Parameter | null) => (each === null ? null : everyRow(each, input.shape[0] ?? 0));
      const result = plain(learned ? { h: start(initialH), c: start(initialC) } : state);
      if (!merged) return result;
      const halves = reshape(result.output, [...result.output.shape.slice(0, 2), 2, sizesOf(spec).recurrent]);
      return { ...result, output: (merge === "sum" ? sum : mean)(halves, 2) };
    });
  }
}

/** The state [L·D, 1, size] for each row of a batch: [L·D, batch, size]. */
const everyRow = (state: Tensor, batch: number): Tensor => add(zeros(state.engine, [batch, 1]), state);

function makeWeights(engine: Engine, spec: RecurrentSpec, bias: boolean): RecurrentWeights[] {
  const { directions, recurrent: size, hidden, width } = sizesOf(spec);
  const rows = GATES[spec.kind] * hidden;
  const init = uniformWithin(1 / Math.sqrt(hidden));
  const make = (...shape: number[]) => new Parameter(engine, shape, init);
  return Array.from({ length: spec.numLayers * directions }, (_, index) => ({
    weightIh: make(rows, index < directions ? spec.inputSize : width),
    weightHh: make(rows, size),
    biasIh: bias ? make(rows) : null,
    biasHh: bias ? make(rows) : null,
    weightHr: spec.projSize > 0 ? make(spec.projSize, hidden) : null,
  }));
}

abstract class HiddenRecurrent extends Recurrent {
  /**
   * @param input f32 [B, T, inputSize]; steps at or past lengths[b] are never read
   * @param state h f32 [L·D, B, H]; zeros, or the learned state, when absent
   * @returns output f32 [B, T, D·H] (or merged), 0 past each length, and the last state
   * @throws ShapeError, IndexError when shapes or lengths disagree; nothing has been computed or changed then
   */
  forward(input: Tensor, state: HiddenState | null = null, options: ForwardOptions = {}): { output: Tensor; state: HiddenState } {
    const { output, h } = this.run(input, { h: state?.h ?? null, c: null }, options);
    return { output, state: { h } };
  }
}

/**
 * Elman network over a padded batch: h' = f(W_ih·x + b_ih + W_hh·h + b_hh), f tanh or ReLU.
 * Elman 1990. Accuracy: docs/numerics.md.
 */
export class RNN extends HiddenRecurrent {
  constructor(engine: Engine, options: RNNOptions) {
    super(engine, "RNN", options);
  }
}

/**
 * Long short-term memory over a padded batch; gates i, f, g, o: c' = s(f)·c + s(i)·tanh(g), h' = s(o)·tanh(c').
 * Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000. Accuracy: docs/numerics.md.
 */
export class LSTM extends Recurrent {
  constructor(engine: Engine, options: LSTMOptions) {
    super(engine, "LSTM", options);
  }

  /**
   * @param input f32 [B, T, inputSize]; steps at or past lengths[b] are never read
   * @param state h f32 [L·D, B, R] and c f32 [L·D, B, H]; zeros, or the learned state, when absent
   * @returns output f32 [B, T, D·R] (or merged), 0 past each length, and the last h and c
   * @throws ShapeError, IndexError when shapes or lengths disagree; nothing has been computed or changed then
   */
  forward(input: Tensor, state: LSTMState | null = null, options: ForwardOptions = {}): { output: Tensor; state: LSTMState } {
    const { output, h, c } = this.run(input, { h: state?.h ?? null, c: state?.c ?? null }, options);
    return { output, state: { h, c: c! } };
  }
}

/**
 * Gated recurrent unit over a padded batch; gates r, z, n: h' = (1 - s(z))·n + s(z)·h. The reset comes after the product, as in PyTorch:
 * n = tanh(W_in·x + b_in + s(r)·(W_hn·h + b_hn)), or with `resetAfter: false` before it, as in Cho et al. 2014:
 * n = tanh(W_in·x + b_in + W_hn·(s(r)·h) + b_hn). Names and shapes of the parameters are the same.
 */
export class GRU extends HiddenRecurrent {
  constructor(engine: Engine, options: GRUOptions) {
    super(engine, "GRU", options);
  }
}
