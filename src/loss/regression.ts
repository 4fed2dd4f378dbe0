/** Losses of numbers. Gradients flow into both arguments. */
import { ShapeError } from "../errors.js";
import { abs, clamp } from "../ops/activation.js";
import { affine, mul, sub } from "../ops/arithmetic.js";
import { checkOptions, inRange } from "../options.js";
import { sameShape, show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkReduction, type ReductionOptions, reduceLosses } from "./reduction.js";

/** @throws ShapeError unless the shapes agree: broadcasting here is a mistake that costs days */
function difference(where: string, input: Tensor, target: Tensor): Tensor {
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(`${where}: input has shape ${show(input.shape)}, target ${show(target.shape)}, wants the same`);
  }
  return sub(input, target);
}

/**
 * (input - target)². @param input f32, any shape @param target f32 of the same shape
 * @throws ShapeError when the shapes differ
 */
export function mseLoss(input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  checkOptions("mseLoss", options, ["reduction"]);
  const reduction = checkReduction("mseLoss", options.reduction);
  const d = difference("mseLoss", input, target);
  return reduceLosses(mul(d, d), reduction);
}

/** |input - target|. @see mseLoss */
export function l1Loss(input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  checkOptions("l1Loss", options, ["reduction"]);
  const reduction = checkReduction("l1Loss", options.reduction);
  return reduceLosses(abs(difference("l1Loss", input, target)), reduction);
}

export interface SmoothL1Options extends ReductionOptions {
  /** Where the parabola ends. Default 1; 0 is l1Loss. */
  readonly beta?: number;
}

/** d²/(2·beta) where |d| < beta, else |d| - beta/2. Girshick 2015. @see mseLoss */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor {
  checkOptions("smoothL1Loss", options, ["reduction", "beta"]);
  const reduction = checkReduction("smoothL1Loss", options.reduction);
  const beta = inRange("smoothL1Loss", "beta", options.beta ?? 1, 0, Number.MAX_VALUE);
  const size = abs(difference("smoothL1Loss", input, target));
  return reduceLosses(beta === 0 ? size : bend(size, beta, 1 / beta), reduction);
}

export interface HuberOptions extends ReductionOptions {
  /** Where the parabola ends, above 0. Default 1. */
  readonly delta?: number;
}

/** d²/2 where |d| <= delta, else delta·(|d| - delta/2). Huber 1964. @see mseLoss */
export function huberLoss(input: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  checkOptions("huberLoss", options, ["reduction", "delta"]);
  const reduction = checkReduction("huberLoss", options.reduction);
  const delta = inRange("huberLoss", "delta", options.delta ?? 1, Number.MIN_VALUE, Number.MAX_VALUE);
  return reduceLosses(bend(abs(difference("huberLoss", input, target)), delta, 1), reduction);
}

/** scale·c·(size - c/2) with c = min(size, limit): a parabola that goes on as a line. */
function bend(size: Tensor, limit: number, scale: number): Tensor {
  const c = clamp(size, 0, limit);
  return affine(mul(c, sub(size, affine(c, 0.5))), scale);
}
