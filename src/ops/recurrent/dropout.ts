/** Dropout in recurrent networks, in training steps: on recurrent weights, and on what goes from layer to layer. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import { type DropoutMask, dropout } from "../dropout.js";
import { type Ragged, sortRows } from "./ragged.js";
import type { RecurrentWeights } from "./spec.js";

/**
 * Every W_hh with elements dropped, by one mask for all time steps: DropConnect (Wan et al. 2013) as in Merity et al. 2017.
 * They are tensors of the step, so that nothing of them is kept with the parameter; outside training steps the weights themselves.
 */
export const dropWeights = (weights: readonly RecurrentWeights[], p: number): readonly RecurrentWeights[] =>
  p === 0 ? weights : weights.map((own) => ({ ...own, weightHh: dropout(own.weightHh, p) }));

/**
 * Drops elements of packed rows [total, size], or of their gradient, from the mask's stream; `to` may be `from`.
 * @param locked one mask a row of the batch, in the caller's order, for all its time steps (Gal and Ghahramani 2016); rows are multiplied by
 *   it, so that a NaN stays one
 */
export function dropRows(
  engine: Engine,
  ragged: Ragged,
  locked: boolean,
  to: Ptr,
  from: Ptr,
  size: number,
  { key, threshold, scale }: DropoutMask,
): void {
  const { kernels } = engine;
  const draw = (y: Ptr, x: Ptr, count: number) => kernels.dropout(y, x, count, key[0], key[1], threshold, scale, 0);
  if (!locked) {
    draw(to, from, ragged.total * size);
    return;
  }
  const count = ragged.batch * size;
  const [mask, sorted] = [engine.scratch(count * 4), engine.scratch(count * 4)];
  engine.memory.f32.fill(1, mask >>> 2, (mask >>> 2) + count);
  draw(mask, mask, count);
  sortRows(engine, ragged, sorted, mask, size, ragged.order);
  for (let t = 0; t < ragged.time; t++) {
    const at = ragged.offsets[t]! * size * 4;
    kernels.mul(to + at, from + at, sorted, ragged.active[t]! * size);
  }
}
