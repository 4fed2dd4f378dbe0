/** Recurrent layers by the name of their cell, for networks that are made from a configuration. */
import type { Engine } from "../engine/engine.js";
import { GRU, LSTM, type RecurrentOptions, RNN } from "./recurrent.js";

export type CellName = "rnn" | "lstm" | "gru";
export type RecurrentLayer = RNN | LSTM | GRU;

/** @param options `dropout` is between layers, and of no account where there is one */
export function recurrentLayer(engine: Engine, cell: CellName, options: RecurrentOptions): RecurrentLayer {
  const Kind = { rnn: RNN, lstm: LSTM, gru: GRU }[cell];
  const { numLayers = 1, dropout = 0 } = options;
  return new Kind(engine, { ...options, dropout: numLayers > 1 ? dropout : 0 });
}

/** Numbers in such a layer, weights and biases. */
export function countRecurrent(cell: CellName, { inputSize, hiddenSize, numLayers = 1, bidirectional = false }: RecurrentOptions): number {
  const directions = bidirectional ? 2 : 1;
  const layer = (inputs: number) => directions * { rnn: 1, gru: 3, lstm: 4 }[cell] * hiddenSize * (inputs + hiddenSize + 2);
  return layer(inputSize) + (numLayers - 1) * layer(directions * hiddenSize);
}
