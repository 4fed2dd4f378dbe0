/** How the losses of elements become one. */

import type { Reduction } from "../ops/cross-entropy.js";
import { mean, sum } from "../ops/reduce.js";
import { oneOf } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

export type { Reduction };

export interface ReductionOptions {
  /** Default "mean", over all elements; "none" keeps the shape. */
  readonly reduction?: Reduction;
}

/** @throws ConfigError unless it is "mean", "sum" or "none" */
export const checkReduction = (where: string, reduction: Reduction = "mean"): Reduction =>
  oneOf(where, "reduction", reduction, ["mean", "sum", "none"]);

export const reduceLosses = (losses: Tensor, reduction: Reduction): Tensor =>
  reduction === "none" ? losses : reduction === "sum" ? sum(losses) : mean(losses);
