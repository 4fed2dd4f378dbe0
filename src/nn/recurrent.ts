/** RNN, LSTM and GRU layers with PyTorch's semantics, weight names, gate orders and initialisation. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { recurrent } from "../ops/recurrent/recurrent.js";
import { GATES, type RecurrentKind, type RecurrentSpec, type RecurrentWeights, sizesOf } from "../ops/recurrent/spec.js";
import { Stepper } from "../ops/recurrent/stepper.js";
import { checkOptions, flag, inRange, wholeNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export interface RecurrentOptions {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Default 1. */
  readonly numLayers?: number;
  /** Both biases, b_ih and b_hh. Default true. */
  readonly bias?: boolean;
  /** A second set of weights reads the sequence backwards; outputs are concatenated. Default false. */
  readonly bidirectional?: boolean;
  /** Probability of dropout on the outputs of all layers but the last, in training steps. Default 0. */
  readonly dropout?: number;
}

export interface RNNOptions extends RecurrentOptions {
  /** Default "tanh". */
  readonly nonlinearity?: "tanh" | "relu";
}

export interface LSTMOptions extends RecurrentOptions {
  /** Size of a linear projection of the hidden state; 0, the default, for none. Less than hiddenSize. */
  readonly projSize?: number;
}

export type GRUOptions = RecurrentOptions;

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

const COMMON = ["inputSize", "hiddenSize", "numLayers", "bias", "bidirectional", "dropout"] as const;

abstract class Recurrent extends Module {
  readonly spec: RecurrentSpec;
  /** Index layer·D + direction. */
  readonly weights: readonly RecurrentWeights[];

  protected constructor(engine: Engine, kind: RecurrentKind, options: RecurrentOptions, extra: readonly string[], projSize = 0) {
    super();
    const name = kind.startsWith("RNN") ? "RNN" : kind;
    checkOptions(name, options, [...COMMON, ...extra]);
    const hiddenSize = wholeNumber(name, "hiddenSize", options.hiddenSize, 1);
    if (projSize !== 0) {
      wholeNumber(name, "projSize", projSize, 0);
      if (kind !== "LSTM") throw new ConfigError(`${name}: projSize ${projSize}, wants 0 (only LSTM has a projection)`);
      if (projSize >= hiddenSize) throw new ConfigError(`${name}: projSize ${projSize}, wants less than hiddenSize ${hiddenSize}`);
    }
    this.spec = {
      name,
      kind,
      inputSize: wholeNumber(name, "inputSize", options.inputSize, 1),
      hiddenSize,
      projSize,
      numLayers: wholeNumber(name, "numLayers", options.numLayers ?? 1, 1),
      bidirectional: flag(name, "bidirectional", options.bidirectional ?? false),
      dropout: inRange(name, "dropout", options.dropout ?? 0, 0, 1),
      timeMajor: false,
    };
    this.weights = makeWeights(engine, this.spec, flag(name, "bias", options.bias ?? true));
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
  }

  /** For single steps without allocation over a batch of rows; only where the network reads forward. */
  stepper({ batch = 1 }: { readonly batch?: number } = {}): Stepper {
    return new Stepper(
      this.weights[0]!.weightIh.engine,
      this.spec,
      this.weights,
      wholeNumber(`${this.spec.name}.stepper`, "batch", batch, 1),
    );
  }

  protected run(input: Tensor, state: { h: Tensor | null; c: Tensor | null }, options: ForwardOptions): ReturnType<typeof recurrent> {
    checkOptions(`${this.spec.name}.forward`, options, ["lengths"]);
    return recurrent(this.spec, { input, weights: this.weights, ...state, lengths: options.lengths });
  }
}

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

/**
 * Elman network over a padded batch: h' = f(W_ih·x + b_ih + W_hh·h + b_hh), f tanh or ReLU.
 * Elman 1990. Accuracy: docs/numerics.md.
 */
export class RNN extends Recurrent {
  constructor(engine: Engine, options: RNNOptions) {
    const { nonlinearity = "tanh" } = options;
    if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
      throw new ConfigError(`RNN: nonlinearity ${JSON.stringify(nonlinearity)}, wants "tanh" or "relu"`);
    }
    super(engine, nonlinearity === "tanh" ? "RNN_TANH" : "RNN_RELU", options, ["nonlinearity"]);
  }

  /**
   * @param input f32 [B, T, inputSize]; steps at or past lengths[b] are never read
   * @param state h f32 [L·D, B, H]; zeros when absent
   * @returns output f32 [B, T, D·H], 0 past each length, and the last state
   * @throws ShapeError, IndexError when shapes or lengths disagree; nothing has been computed or changed then
   */
  forward(input: Tensor, state: HiddenState | null = null, options: ForwardOptions = {}): { output: Tensor; state: HiddenState } {
    const { output, h } = this.run(input, { h: state?.h ?? null, c: null }, options);
    return { output, state: { h } };
  }
}

/**
 * Long short-term memory over a padded batch; gates i, f, g, o: c' = s(f)·c + s(i)·tanh(g), h' = s(o)·tanh(c').
 * Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000. Accuracy: docs/numerics.md.
 */
export class LSTM extends Recurrent {
  constructor(engine: Engine, options: LSTMOptions) {
    super(engine, "LSTM", options, ["projSize"], options.projSize ?? 0);
  }

  /**
   * @param input f32 [B, T, inputSize]; steps at or past lengths[b] are never read
   * @param state h f32 [L·D, B, R] and c f32 [L·D, B, H]; zeros when absent
   * @returns output f32 [B, T, D·R], 0 past each length, and the last h and c
   * @throws ShapeError, IndexError when shapes or lengths disagree; nothing has been computed or changed then
   */
  forward(input: Tensor, state: LSTMState | null = null, options: ForwardOptions = {}): { output: Tensor; state: LSTMState } {
    const { output, h, c } = this.run(input, { h: state?.h ?? null, c: state?.c ?? null }, options);
    return { output, state: { h, c: c! } };
  }
}

/**
 * Gated recurrent unit over a padded batch; gates r, z, n, reset after the product:
 * n = tanh(W_in·x + b_in + s(r)·(W_hn·h + b_hn)), h' = (1 - s(z))·n + s(z)·h. Cho et al. 2014, in cuDNN's and PyTorch's form.
 */
export class GRU extends Recurrent {
  constructor(engine: Engine, options: GRUOptions) {
    const { projSize = 0 } = options as LSTMOptions;
    super(engine, "GRU", options, projSize === 0 ? [] : ["projSize"], projSize);
  }

  /** As {@link RNN.forward}. */
  forward(input: Tensor, state: HiddenState | null = null, options: ForwardOptions = {}): { output: Tensor; state: HiddenState } {
    const { output, h } = this.run(input, { h: state?.h ?? null, c: null }, options);
    return { output, state: { h } };
  }
}
