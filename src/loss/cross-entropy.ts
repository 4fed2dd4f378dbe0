/** Losses of one class out of many. */
import { ConfigError, IndexError, ShapeError } from "../errors.js";
import { affine, mul, neg } from "../ops/arithmetic.js";
import { crossEntropyOp } from "../ops/cross-entropy.js";
import { gather } from "../ops/embedding.js";
import { reshape } from "../ops/layout.js";
import { sum } from "../ops/reduce.js";
import { logSoftmax } from "../ops/softmax.js";
import { checkOptions, inRange } from "../options.js";
import { tensor } from "../tensor/create.js";
import { sameShape, show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkReduction, type Reduction, type ReductionOptions, reduceLosses } from "./reduction.js";

export interface CrossEntropyOptions extends ReductionOptions {
  /** f32 [C], one weight a class. */
  readonly weight?: Tensor;
  /** Rows with this target count for nothing; null for none. Default -100. Not for probabilities. */
  readonly ignoreIndex?: number | null;
  /** Share of the target spread evenly over all classes, 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Softmax cross-entropy of logits, as PyTorch's.
 * @param logits f32 [..., C]
 * @param targets class numbers i32 [...], each 0 … C - 1 or ignoreIndex; or probabilities f32 [..., C], into which no gradient flows
 * @returns f32, rank 0; with reduction "none" [...]. "mean" is sum(w·loss) / sum(w) over targets that are not ignored, and the plain
 *   mean over rows for probabilities
 * @throws IndexError on a target that is no class, ConfigError on a bad option, ShapeError when the shapes disagree
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions("crossEntropy", options, ["weight", "ignoreIndex", "labelSmoothing", "reduction"]);
  const { weight = null } = options;
  const ignoreIndex = checkIgnoreIndex("crossEntropy", options.ignoreIndex);
  const reduction = checkReduction("crossEntropy", options.reduction);
  const labelSmoothing = inRange("crossEntropy", "labelSmoothing", options.labelSmoothing ?? 0, 0, 1);
  if (targets.dtype === "f32") return softCrossEntropy(logits, targets, weight, labelSmoothing, reduction);
  return crossEntropyOp(logits, targets, { weight, ignoreIndex, labelSmoothing, reduction });
}

function checkIgnoreIndex(where: string, index: number | null = -100): number | null {
  if (index === null || index === (index | 0)) return index;
  throw new ConfigError(`${where}: ignoreIndex ${String(index)}, wants a 32-bit whole number, or null`);
}

/** -sum of w·q·log p over classes, q the smoothed targets. */
function softCrossEntropy(logits: Tensor, targets: Tensor, weight: Tensor | null, smoothing: number, reduction: Reduction): Tensor {
  if (!sameShape(logits.shape, targets.shape)) {
    throw new ShapeError(`crossEntropy: logits ${show(logits.shape)} and probabilities ${show(targets.shape)}, wants the same shape`);
  }
  const classes = logits.shape[logits.rank - 1] ?? 0;
  const smoothed = smoothing === 0 ? targets : affine(targets, 1 - smoothing, smoothing / classes);
  const weighted = weight === null ? smoothed : mul(smoothed, weight);
  const losses = neg(sum(mul(logSoftmax(logits), weighted), -1));
  return reduceLosses(losses, reduction);
}

export interface NllOptions extends ReductionOptions {
  /** f32 [C], one weight a class. */
  readonly weight?: Tensor;
  /** Rows with this target count for nothing; null for none. Default -100. */
  readonly ignoreIndex?: number | null;
}

/**
 * -log-probability of the target class: crossEntropy after logSoftmax.
 * @param logProbabilities f32 [..., C]
 * @param targets i32 [...], each 0 … C - 1 or ignoreIndex
 * @returns as crossEntropy
 */
export function nllLoss(logProbabilities: Tensor, targets: Tensor, options: NllOptions = {}): Tensor {
  checkOptions("nllLoss", options, ["weight", "ignoreIndex", "reduction"]);
  const reduction = checkReduction("nllLoss", options.reduction);
  const ignoreIndex = checkIgnoreIndex("nllLoss", options.ignoreIndex);
  const { engine } = logProbabilities;
  const classes = logProbabilities.shape[logProbabilities.rank - 1] ?? 0;
  if (targets.dtype !== "i32" || !sameShape(targets.shape, logProbabilities.shape.slice(0, -1))) {
    throw new ShapeError(
      `nllLoss: ${show(logProbabilities.shape)} and targets ${targets.dtype} ${show(targets.shape)}, wants [..., C] and i32 [...]`,
    );
  }
  const weights = options.weight?.data();
  let total = 0;
  const ids = Int32Array.from(targets.data());
  const counts = Float32Array.from(ids, (target, i) => {
    if (target === ignoreIndex) return 0;
    if (target < 0 || target >= classes)
      throw new IndexError(`nllLoss: target ${target} at position ${i}, wants a class from 0 to ${classes - 1}`);
    const w = weights?.[target] ?? 1;
    total += w;
    return -w;
  });
  const rows = ids.length;
  const chosen = gather(
    reshape(logProbabilities, [rows, classes]),
    1,
    tensor(
      engine,
      ids.map((target) => (target === ignoreIndex ? 0 : target)),
      [rows, 1],
    ),
  );
  const losses = mul(reshape(chosen, targets.shape), tensor(engine, counts, targets.shape));
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : affine(sum(losses), total === 0 ? Number.NaN : 1 / total);
}
