/** Cells: one step of a recurrent network as an operation of the tape, for loops of one's own. */
import type { Engine } from "../engine/engine.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { reshape } from "../ops/layout.js";
import { recurrent } from "../ops/recurrent/recurrent.js";
import { elmanKind, GATES, type RecurrentKind, type RecurrentSpec } from "../ops/recurrent/spec.js";
import { checkOptions, flag, wholeNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import type { RecurrentCell, StepResult } from "./cell.js";
import { Module } from "./module.js";
import type { HiddenState, LSTMState } from "./recurrent.js";

export interface CellOptions {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** Default true. */
  readonly bias?: boolean;
}

export interface RNNCellOptions extends CellOptions {
  /** Default "tanh". */
  readonly nonlinearity?: "tanh" | "relu";
}

export interface GRUCellOptions extends CellOptions {
  /** As in {@link GRU}. Default true. */
  readonly resetAfter?: boolean;
}

/** What only layers have. */
const SINGLE = { projSize: 0, numLayers: 1, bidirectional: false, dropout: 0, variational: false, weightDropout: 0, timeMajor: false };

abstract class Cell extends Module {
  readonly weightIh: Parameter;
  readonly weightHh: Parameter;
  readonly biasIh: Parameter | null;
  readonly biasHh: Parameter | null;
  readonly spec: RecurrentSpec;

  protected constructor(engine: Engine, name: string, kind: RecurrentKind, options: GRUCellOptions, extra: readonly string[] = []) {
    super();
    checkOptions(name, options, ["inputSize", "hiddenSize", "bias", ...extra]);
    const inputSize = wholeNumber(name, "inputSize", options.inputSize, 1);
    const hiddenSize = wholeNumber(name, "hiddenSize", options.hiddenSize, 1);
    const bias = flag(name, "bias", options.bias ?? true);
    const resetAfter = flag(name, "resetAfter", options.resetAfter ?? true);
    this.spec = { ...SINGLE, name, kind, resetAfter, inputSize, hiddenSize };
    const rows = GATES[kind] * hiddenSize;
    const init = uniformWithin(1 / Math.sqrt(hiddenSize));
    this.weightIh = new Parameter(engine, [rows, inputSize], init);
    this.weightHh = new Parameter(engine, [rows, hiddenSize], init);
    this.biasIh = bias ? new Parameter(engine, [rows], init) : null;
    this.biasHh = bias ? new Parameter(engine, [rows], init) : null;
  }

  get inputSize(): number {
    return this.spec.inputSize;
  }

  /** @param x f32 [B, inputSize]; states [B, hiddenSize] */
  protected run(x: Tensor, h: Tensor | null, c: Tensor | null): { h: Tensor; c: Tensor | null } {
    return this.sequence(x.rank === 2 ? reshape(x, [x.shape[0]!, 1, x.shape[1]!]) : x, h, c);
  }

  /**
   * All steps as one operation, with the bits of one after the other.
   * @param x f32 [B, T, inputSize]; states [B, hiddenSize], zeros when null, c of an LSTM only
   * @returns output f32 [B, T, hiddenSize], and the last states
   */
  sequence(input: Tensor, h: Tensor | null, c: Tensor | null): { output: Tensor; h: Tensor; c: Tensor | null } {
    const lift = (tensor: Tensor, shape: number[]) => (tensor.rank === 2 ? reshape(tensor, shape) : tensor);
    const state = (tensor: Tensor | null) => (tensor === null ? null : lift(tensor, [1, ...tensor.shape]));
    const weights = [{ weightIh: this.weightIh, weightHh: this.weightHh, biasIh: this.biasIh, biasHh: this.biasHh, weightHr: null }];
    const result = recurrent(this.spec, { input, weights, h: state(h), c: state(c), lengths: undefined });
    const lower = (tensor: Tensor) => reshape(tensor, tensor.shape.slice(1));
    return { output: result.output, h: lower(result.h), c: result.c === null ? null : lower(result.c) };
  }
}

abstract class HiddenCell extends Cell implements RecurrentCell<HiddenState> {
  get stateSizes() {
    return { h: this.spec.hiddenSize };
  }

  /** @param x f32 [B, inputSize] @param h f32 [B, hiddenSize], zeros when null */
  forward(x: Tensor, h: Tensor | null = null): Tensor {
    return this.run(x, h, null).h;
  }

  /** As forward, in the form {@link RNN.from} takes. */
  step(x: Tensor, state: HiddenState): StepResult<HiddenState> {
    const h = this.forward(x, state.h);
    return { output: h, state: { h } };
  }
}

/** One step of {@link RNN}; weights weight_ih [H, I], weight_hh [H, H], bias_ih, bias_hh [H]. */
export class RNNCell extends HiddenCell {
  constructor(engine: Engine, options: RNNCellOptions) {
    super(engine, "RNNCell", elmanKind("RNNCell", options?.nonlinearity ?? "tanh"), options, ["nonlinearity"]);
  }
}

/** One step of {@link GRU}. */
export class GRUCell extends HiddenCell {
  constructor(engine: Engine, options: GRUCellOptions) {
    super(engine, "GRUCell", "GRU", options, ["resetAfter"]);
  }
}

/** One step of {@link LSTM}. */
export class LSTMCell extends Cell implements RecurrentCell<LSTMState> {
  constructor(engine: Engine, options: CellOptions) {
    super(engine, "LSTMCell", "LSTM", options);
  }

  get stateSizes() {
    return { h: this.spec.hiddenSize, c: this.spec.hiddenSize };
  }

  /** @param x f32 [B, inputSize] @param state h and c, f32 [B, hiddenSize] each, zeros when null */
  forward(x: Tensor, state: LSTMState | null = null): { h: Tensor; c: Tensor } {
    const { h, c } = this.run(x, state?.h ?? null, state?.c ?? null);
    return { h, c: c! };
  }

  /** @see RNNCell.step */
  step(x: Tensor, state: LSTMState): StepResult<LSTMState> {
    const next = this.forward(x, state);
    return { output: next.h, state: next };
  }
}
