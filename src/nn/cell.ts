/** What a recurrent cell is: one step over a batch, made of operations or one of the fused cells. */
import { ConfigError } from "../errors.js";
import { wholeNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/** The type of a state: tensors f32 [B, n] by name. */
export type StateOf<S> = { readonly [K in keyof S]: Tensor };

export interface StepResult<S extends StateOf<S>> {
  /** f32 [B, outputSize]. */
  readonly output: Tensor;
  readonly state: S;
}

export type Step<S extends StateOf<S>> = (x: Tensor, state: S) => StepResult<S>;

/**
 * One step of a recurrent network: a Module that {@link RNN.from} runs over sequences. Its operations treat each row of the batch
 * for itself; everything else, gradients included, follows.
 */
export interface RecurrentCell<S extends StateOf<S>> extends Module {
  readonly inputSize: number;
  /** Width n of each state, by name; states start as zeros. */
  readonly stateSizes: { readonly [K in keyof S]: number };
  /** Width of the output. Default: that of the first state. */
  readonly outputSize?: number;
  /** @param x f32 [B, inputSize] @param state f32 [B, n] each */
  step(x: Tensor, state: S): StepResult<S>;
  /** The step for one run over sequences, where something is drawn once for all steps. Default: `step`. */
  begin?(): Step<S>;
}

// biome-ignore lint/suspicious/noExplicitAny: cells of any states
export type AnyCell = RecurrentCell<any>;

export const beginCell = <S extends StateOf<S>>(cell: RecurrentCell<S>): Step<S> => cell.begin?.() ?? ((x, state) => cell.step(x, state));

export const outputSizeOf = ({ outputSize, stateSizes }: AnyCell): number => outputSize ?? (Object.values(stateSizes)[0] as number);

/** @throws ConfigError unless `cell` is a cell; returns the width of its output */
export function checkCell(where: string, cell: AnyCell): number {
  if (!(cell instanceof Module && typeof cell.step === "function" && cell.stateSizes)) {
    throw new ConfigError(`${where} is no cell, wants a Module with inputSize, stateSizes and step(x, state)`);
  }
  wholeNumber(where, "inputSize", cell.inputSize, 1);
  for (const [name, size] of Object.entries(cell.stateSizes)) wholeNumber(where, `size of ${name}`, size, 1);
  return wholeNumber(where, "size of output", outputSizeOf(cell), 1);
}
