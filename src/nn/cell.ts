/** What a recurrent cell is: one step over a batch, made of operations or one of the fused cells. */
import type { Tensor } from "../tensor/tensor.js";
import type { Module } from "./module.js";

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

export const beginCell = <S extends StateOf<S>>(cell: RecurrentCell<S>): Step<S> => cell.begin?.() ?? ((x, state) => cell.step(x, state));

export const outputSizeOf = <S extends StateOf<S>>({ outputSize, stateSizes }: RecurrentCell<S>): number =>
  outputSize ?? (Object.values(stateSizes)[0] as number);
