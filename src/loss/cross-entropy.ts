import { ConfigError } from "../errors.js";
import { crossEntropyOp, type Reduction } from "../ops/cross-entropy.js";
import { checkOptions, inRange } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

export interface CrossEntropyOptions {
  /** f32 [C], one weight a class. */
  readonly weight?: Tensor;
  /** Rows with this target count for nothing; null for none. Default -100. */
  readonly ignoreIndex?: number | null;
  /** Share of the target spread evenly over all classes, 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
  /** Default "mean": sum(w·loss) / sum(w) over targets that are not ignored. */
  readonly reduction?: Reduction;
}

/**
 * Softmax cross-entropy of logits and class numbers, as PyTorch's.
 * @param logits f32 [..., C]
 * @param targets i32 [...], each 0 … C - 1 or ignoreIndex
 * @returns f32, rank 0; with reduction "none" the targets' shape
 * @throws IndexError on a target that is no class, ConfigError on a bad option
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions("crossEntropy", options, ["weight", "ignoreIndex", "labelSmoothing", "reduction"]);
  const { weight = null, ignoreIndex = -100, reduction = "mean" } = options;
  if (reduction !== "mean" && reduction !== "sum" && reduction !== "none") {
    throw new ConfigError(`crossEntropy: reduction ${JSON.stringify(reduction)}, wants "mean", "sum" or "none"`);
  }
  if (ignoreIndex !== null && ignoreIndex !== (ignoreIndex | 0)) {
    throw new ConfigError(`crossEntropy: ignoreIndex ${String(ignoreIndex)}, wants a 32-bit whole number, or null`);
  }
  const labelSmoothing = inRange("crossEntropy", "labelSmoothing", options.labelSmoothing ?? 0, 0, 1);
  return crossEntropyOp(logits, targets, { weight, ignoreIndex, labelSmoothing, reduction });
}
