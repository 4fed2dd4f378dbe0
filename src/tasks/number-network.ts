/** The network of sequences of numbers: a recurrent encoder, and a dense output of each step or of the whole sequence. */
import type { Engine } from "../engine/engine.js";
import { Dropout } from "../nn/containers.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import type { GRU } from "../nn/recurrent.js";
import { type CellName, countRecurrent, type RecurrentLayer, recurrentLayer } from "../nn/recurrent-layer.js";
import { concat } from "../ops/layout.js";
import { topStates } from "../ops/recurrent/top-states.js";
import { type Check, flag, inRange, oneOf, readOptions, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { meanOverSteps } from "./sequence-network.js";

export interface NumberNetworkConfig {
  readonly encoder: CellName;
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** Of next steps always false: they are not seen. */
  readonly bidirectional: boolean;
  readonly dropout: number;
}

const count: Check<number> = (where, name, value) => wholeNumber(where, name, value, 1);

/** @throws ConfigError naming the option, its value and what is wanted */
export const checkNumberNetwork = (where: string, config: object): NumberNetworkConfig =>
  readOptions<NumberNetworkConfig>(where, config, {
    encoder: (at, name, value) => oneOf(at, name, value, ["gru", "lstm", "rnn"]),
    hiddenSize: count,
    numLayers: count,
    bidirectional: flag,
    dropout: (at, name, value) => inRange(at, name, value, 0, 1),
  });

/** What goes in and comes out. */
export interface NumberShape {
  readonly inputs: number;
  readonly outputs: number;
  /** Whether there is an output of each step; else one of the whole sequence. */
  readonly everyStep: boolean;
}

/** Numbers that a network has, so that a damaged file is noticed before memory is taken. */
export function countNumberParameters(config: NumberNetworkConfig, { inputs, outputs, everyStep }: NumberShape): number {
  const read = config.hiddenSize * (config.bidirectional ? 2 : 1) * (everyStep ? 1 : 2);
  return countRecurrent(config.encoder, { ...config, inputSize: inputs }) + (read + 1) * outputs;
}

/** Rows of steps: f32 [batch, time, inputs], what is past a row's length 0. */
export interface NumberBatch {
  readonly inputs: Float32Array;
  readonly lengths: Int32Array;
  readonly batch: number;
  readonly time: number;
}

export class NumberNetwork extends Module {
  readonly encoder: RecurrentLayer;
  readonly output: Linear;
  readonly #dropout: Dropout;

  constructor(
    readonly engine: Engine,
    readonly config: NumberNetworkConfig,
    readonly shape: NumberShape,
  ) {
    super();
    const { encoder, hiddenSize, numLayers, bidirectional, dropout } = config;
    const { inputs, outputs, everyStep } = shape;
    this.encoder = recurrentLayer(engine, encoder, { inputSize: inputs, hiddenSize, numLayers, bidirectional, dropout });
    const read = hiddenSize * (bidirectional ? 2 : 1);
    this.output = new Linear(engine, { inFeatures: everyStep ? read : 2 * read, outFeatures: outputs });
    this.#dropout = new Dropout(dropout);
  }

  /** @returns f32 [B, T, outputs] of every step, or [B, outputs] from the last states and the mean of all steps */
  forward({ inputs, lengths, batch, time }: NumberBatch): Tensor {
    const { engine, config, shape } = this;
    const encoder = this.encoder as GRU;
    const { output, state } = encoder.forward(tensor(engine, inputs, [batch, time, shape.inputs]), null, { lengths });
    if (shape.everyStep) return this.output.forward(this.#dropout.forward(output));
    const read = concat([topStates(state.h, config.bidirectional ? 2 : 1), meanOverSteps(output, lengths)], 1);
    return this.output.forward(this.#dropout.forward(read));
  }
}
