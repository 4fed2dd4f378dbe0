/** Inverted dropout. The mask is never stored: the backward pass draws the same numbers again. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { full } from "../tensor/create.js";
import type { Shape } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, type Tensor } from "../tensor/tensor.js";

/** What dropout draws from and scales by. */
export interface DropoutMask {
  readonly key: readonly [number, number];
  readonly threshold: number;
  readonly scale: number;
}

/** @throws ConfigError unless p is in [0, 1] */
export function checkProbability(where: string, p: number): void {
  if (!(typeof p === "number" && p >= 0 && p <= 1)) throw new ConfigError(`${where}: p ${p}, wants a probability from 0 to 1`);
}

/** The next mask of the running training step. */
export function nextMask(engine: Engine, p: number): DropoutMask {
  return { key: engine.nextKey("dropout"), threshold: Math.round(p * 16777216), scale: p === 1 ? 0 : 1 / (1 - p) };
}

/**
 * Zeroes each element with probability p and scales the others by 1/(1-p); does nothing unless the step is a training step.
 * Srivastava et al. 2014.
 */
export function dropout(x: Tensor, p: number): Tensor {
  checkProbability("dropout", p);
  checkDType("dropout", "x", x, "f32");
  return !x.engine.training || p === 0 ? x : dropoutUnder(x, nextMask(x.engine, p));
}

/** f32 of ones, but for zeros with probability p; in a training step. */
export const keepMask = (engine: Engine, shape: Shape, p: number): Tensor =>
  dropoutUnder(full(engine, shape, 1), { ...nextMask(engine, p), scale: 1 });

/** Dropout under a mask drawn before; element i meets number i of its stream, whatever the shape. */
export function dropoutUnder(x: Tensor, mask: DropoutMask): Tensor {
  const { engine } = x;
  const from = x.address("dropout");
  const y = empty(engine, x.shape, "f32", "dropout");
  engine.kernels.dropout(y.address("dropout"), from, x.size, mask.key[0], mask.key[1], mask.threshold, mask.scale, 0);
  return record("dropout", [x], [y], mask);
}

export const dropoutBackward: Backward = (context, { inputs, outputs, saved }) => {
  const { key, threshold, scale } = saved as DropoutMask;
  const slot = context.into(inputs[0]!);
  if (slot === null) return;
  context.engine.kernels.dropout(slot.ptr, context.gradOf(outputs[0]!), inputs[0]!.size, key[0], key[1], threshold, scale, slot.beta);
};
