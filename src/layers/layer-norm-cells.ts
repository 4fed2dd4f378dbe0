/** Gated cells whose products are normalised, with the two recurrent dropouts. */
import type { Engine } from "../engine/engine.js";
import type { RecurrentCell, StateOf, Step, StepResult } from "../nn/cell.js";
import { LayerNorm } from "../nn/layer-norm.js";
import { Module } from "../nn/module.js";
import type { HiddenState, LSTMState } from "../nn/recurrent.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { type DropoutMask, dropout, dropoutUnder, nextMask } from "../ops/dropout.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { slice } from "../ops/layout.js";
import { linear } from "../ops/linear.js";
import { sigmoid, tanh } from "../ops/unary.js";
import { checkOptions, flag, inRange, wholeNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

export interface LayerNormCellOptions {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Normalise; else biases stand in the norms' place and the cell computes what LSTMCell or GRUCell does. Default true. */
  readonly layerNorm?: boolean;
  /** Added to the variances. Default 1e-5. */
  readonly eps?: number;
  /** Probability of dropout on h where it enters the products, one mask a sequence (Gal and Ghahramani 2016; as Keras'). Default 0. */
  readonly recurrentDropout?: number;
  /** Probability of dropout on the candidate (g of an LSTM, n of a GRU), drawn at every step (Semeniuta et al. 2016). Default 0. */
  readonly candidateDropout?: number;
}

abstract class NormalizedCell<S extends StateOf<S> & { readonly h: Tensor }> extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly weightIh: Parameter;
  readonly weightHh: Parameter;
  /** Without layerNorm. */
  readonly biasIh: Parameter | null;
  readonly biasHh: Parameter | null;
  readonly recurrentDropout: number;
  readonly candidateDropout: number;
  protected readonly norm: (size: number) => LayerNorm | null;

  protected constructor(name: string, engine: Engine, gates: number, options: LayerNormCellOptions) {
    super();
    checkOptions(name, options, ["inputSize", "hiddenSize", "layerNorm", "eps", "recurrentDropout", "candidateDropout"]);
    this.inputSize = wholeNumber(name, "inputSize", options.inputSize, 1);
    this.hiddenSize = wholeNumber(name, "hiddenSize", options.hiddenSize, 1);
    this.recurrentDropout = inRange(name, "recurrentDropout", options.recurrentDropout ?? 0, 0, 1);
    this.candidateDropout = inRange(name, "candidateDropout", options.candidateDropout ?? 0, 0, 1);
    const eps = inRange(name, "eps", options.eps ?? 1e-5, 0, Number.MAX_VALUE);
    const normalized = flag(name, "layerNorm", options.layerNorm ?? true);
    const rows = gates * this.hiddenSize;
    const init = uniformWithin(1 / Math.sqrt(this.hiddenSize));
    this.weightIh = new Parameter(engine, [rows, this.inputSize], init);
    this.weightHh = new Parameter(engine, [rows, this.hiddenSize], init);
    this.biasIh = normalized ? null : new Parameter(engine, [rows], init);
    this.biasHh = normalized ? null : new Parameter(engine, [rows], init);
    this.norm = (size) => (normalized ? new LayerNorm(engine, { normalizedSize: size, eps }) : null);
  }

  /** @param fromX W_ih·x @param fromH W_hh·h, h under recurrent dropout */
  protected abstract advance(fromX: Tensor, fromH: Tensor, state: S): StepResult<S>;

  /** With recurrent dropout of a mask of its own: `begin` keeps one for all steps. */
  step(x: Tensor, state: S): StepResult<S> {
    return this.begin()(x, state);
  }

  begin(): Step<S> {
    let mask: DropoutMask | null = null;
    const drop = (h: Tensor): Tensor => {
      if (this.recurrentDropout === 0 || !h.engine.training) return h;
      mask ??= nextMask(h.engine, this.recurrentDropout);
      return dropoutUnder(h, mask);
    };
    return (x, state) => this.advance(linear(x, this.weightIh, this.biasIh), linear(drop(state.h), this.weightHh, this.biasHh), state);
  }

  /** Columns of gate number `from` to before `to`. */
  protected gates(product: Tensor, from: number, to = from + 1): Tensor {
    return slice(product, 1, from * this.hiddenSize, to * this.hiddenSize);
  }
}

const through = (norm: LayerNorm | null, x: Tensor): Tensor => norm?.forward(x) ?? x;

/**
 * LSTM with layer normalisation, Ba et al. 2016; gates i, f, g, o:
 * gates = LN_i(W_ih·x) + LN_h(W_hh·h), each over all 4H; c' = s(f)·c + s(i)·tanh(g); h' = s(o)·tanh(LN_c(c')). c is carried unnormalised.
 * Parameters: `weight_ih` [4H, I], `weight_hh` [4H, H], `layernorm_i.weight` and `.bias` [4H], `layernorm_h.…` [4H], `layernorm_c.…` [H].
 */
export class LayerNormLSTMCell extends NormalizedCell<LSTMState> implements RecurrentCell<LSTMState> {
  readonly stateSizes: { readonly h: number; readonly c: number };
  readonly layernormI: LayerNorm | null;
  readonly layernormH: LayerNorm | null;
  readonly layernormC: LayerNorm | null;

  constructor(engine: Engine, options: LayerNormCellOptions) {
    super("LayerNormLSTMCell", engine, 4, options);
    const size = this.hiddenSize;
    this.stateSizes = { h: size, c: size };
    this.layernormI = this.norm(4 * size);
    this.layernormH = this.norm(4 * size);
    this.layernormC = this.norm(size);
  }

  protected advance(fromX: Tensor, fromH: Tensor, state: LSTMState): StepResult<LSTMState> {
    const all = add(through(this.layernormI, fromX), through(this.layernormH, fromH));
    const candidate = dropout(tanh(this.gates(all, 2)), this.candidateDropout);
    const c = add(mul(sigmoid(this.gates(all, 1)), state.c), mul(sigmoid(this.gates(all, 0)), candidate));
    const h = mul(sigmoid(this.gates(all, 3)), tanh(through(this.layernormC, c)));
    return { output: h, state: { h, c } };
  }
}

/**
 * GRU with layer normalisation, Ba et al. 2016, with PyTorch's z; gates r, z, n:
 * r and z from LN_i(W_i·x) + LN_h(W_h·h), each over their 2H; n = tanh(LN_in(W_in·x) + s(r)·LN_hn(W_hn·h)), each over H;
 * h' = (1 - s(z))·n + s(z)·h. Parameters: `weight_ih` [3H, I], `weight_hh` [3H, H], `layernorm_i.weight` and `.bias` [2H], `layernorm_h.…` [2H],
 * `layernorm_in.…` [H], `layernorm_hn.…` [H].
 */
export class LayerNormGRUCell extends NormalizedCell<HiddenState> implements RecurrentCell<HiddenState> {
  readonly stateSizes: { readonly h: number };
  readonly layernormI: LayerNorm | null;
  readonly layernormH: LayerNorm | null;
  readonly layernormIn: LayerNorm | null;
  readonly layernormHn: LayerNorm | null;

  constructor(engine: Engine, options: LayerNormCellOptions) {
    super("LayerNormGRUCell", engine, 3, options);
    const size = this.hiddenSize;
    this.stateSizes = { h: size };
    this.layernormI = this.norm(2 * size);
    this.layernormH = this.norm(2 * size);
    this.layernormIn = this.norm(size);
    this.layernormHn = this.norm(size);
  }

  protected advance(fromX: Tensor, fromH: Tensor, state: HiddenState): StepResult<HiddenState> {
    const both = sigmoid(add(through(this.layernormI, this.gates(fromX, 0, 2)), through(this.layernormH, this.gates(fromH, 0, 2))));
    const fresh = mul(this.gates(both, 0), through(this.layernormHn, this.gates(fromH, 2)));
    const n = dropout(tanh(add(through(this.layernormIn, this.gates(fromX, 2)), fresh)), this.candidateDropout);
    const h = add(n, mul(this.gates(both, 1), sub(state.h, n)));
    return { output: h, state: { h } };
  }
}
