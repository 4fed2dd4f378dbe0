/** How the losses of elements become one. */

import { ConfigError } from "../errors.js";
import type { Reduction } from "../ops/cross-entropy.js";
import { mean, sum } from "../ops/reduce.js";
import type { Tensor } from "../tensor/tensor.js";

export type { Reduction };

export interface ReductionOptions {
  /** Default "mean", over all elements; "none" keeps the shape. */
  readonly reduction?: Reduction;
}

/** @throws ConfigError unless it is "mean", "sum" or "none" */
export function checkReduction(where: string, reduction: Reduction = "mean"): Reduction {
  if (reduction !== "mean" && reduction !== "sum" && reduction !== "none") {
    throw new ConfigError(`${where}: reduction ${JSON.stringify(reduction)}, wants "mean", "sum" or "none"`);
  }
  return reduction;
}

export const reduceLosses = (losses: Tensor, reduction: Reduction): Tensor =>
  reduction === "none" ? losses : reduction === "sum" ? sum(losses) : mean(losses);
