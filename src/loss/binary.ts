/** Losses of yes and no, from logits. */
import { ShapeError } from "../errors.js";
import { softplus } from "../ops/activation.js";
import { add, affine, mul, neg } from "../ops/arithmetic.js";
import { exp } from "../ops/unary.js";
import { checkOptions, inRange } from "../options.js";
import { sameShape, show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkReduction, type ReductionOptions, reduceLosses } from "./reduction.js";

export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** f32 that broadcasts to the logits: how much a positive counts, by class. Default 1. */
  readonly posWeight?: Tensor;
  /** f32 that broadcasts to the logits: how much an element counts. Default 1. */
  readonly weight?: Tensor;
}

function checkTargets(where: string, logits: Tensor, targets: Tensor): void {
  if (sameShape(logits.shape, targets.shape)) return;
  throw new ShapeError(`${where}: logits have shape ${show(logits.shape)}, targets ${show(targets.shape)}, wants the same`);
}

/**
 * -(posWeight·t·log s(x) + (1 - t)·log(1 - s(x))), computed as softplus so that nothing overflows.
 * @param logits f32, any shape
 * @param targets f32 of the same shape, probabilities from 0 to 1
 * @throws ShapeError when the shapes differ
 */
export function binaryCrossEntropyWithLogits(logits: Tensor, targets: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  const where = "binaryCrossEntropyWithLogits";
  checkOptions(where, options, ["reduction", "posWeight", "weight"]);
  const reduction = checkReduction(where, options.reduction);
  checkTargets(where, logits, targets);
  const positive = options.posWeight === undefined ? targets : mul(targets, options.posWeight);
  const losses = add(mul(positive, softplus(neg(logits))), mul(affine(targets, -1, 1), softplus(logits)));
  return reduceLosses(options.weight === undefined ? losses : mul(losses, options.weight), reduction);
}

export interface FocalOptions extends ReductionOptions {
  /** How much a positive counts, negatives 1 - alpha; null for 1 and 1. Default 0.25. */
  readonly alpha?: number | null;
  /** How much easy examples are turned down; 0 not at all. Default 2. */
  readonly gamma?: number;
}

/**
 * alpha_t·(1 - p_t)^gamma·(-log p_t). Lin et al. 2017, with torchvision's defaults (but reduced by the mean).
 * @param targets f32, each 0 or 1
 */
export function sigmoidFocalLoss(logits: Tensor, targets: Tensor, options: FocalOptions = {}): Tensor {
  const where = "sigmoidFocalLoss";
  checkOptions(where, options, ["reduction", "alpha", "gamma"]);
  const reduction = checkReduction(where, options.reduction);
  const gamma = inRange(where, "gamma", options.gamma ?? 2, 0, Number.MAX_VALUE);
  const { alpha = 0.25 } = options;
  if (alpha !== null) inRange(where, "alpha", alpha, 0, 1);
  checkTargets(where, logits, targets);
  // z is the logit of the right answer: log p_t = -softplus(-z), log(1 - p_t) = -softplus(z).
  const z = mul(logits, affine(targets, 2, -1));
  const losses = mul(exp(affine(softplus(z), -gamma)), softplus(neg(z)));
  return reduceLosses(alpha === null ? losses : mul(losses, affine(targets, 2 * alpha - 1, 1 - alpha)), reduction);
}
