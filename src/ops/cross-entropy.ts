/** Softmax cross-entropy of integer targets, one fused operation. */
import { IndexError, ShapeError } from "../errors.js";
import { show } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, sameEngine, type Tensor } from "../tensor/tensor.js";

export type Reduction = "mean" | "sum" | "none";

export interface CrossEntropyArguments {
  readonly weight: Tensor | null;
  /** null: none. */
  readonly ignoreIndex: number | null;
  readonly labelSmoothing: number;
  readonly reduction: Reduction;
}

interface Saved extends CrossEntropyArguments {
  readonly targets: Tensor;
  readonly logp: Tensor;
  /** Sum of the weights of the targets that count. */
  readonly total: number;
}

/** What the kernels take for "nothing is ignored": all targets are classes by then. */
const NO_CLASS = -1;

/** @returns the sum of the targets' weights, ignored ones left out. @throws IndexError on a target that is no class */
function checkTargets(targets: Tensor, classes: number, { weight, ignoreIndex }: CrossEntropyArguments): number {
  const { i32, f32 } = targets.engine.memory;
  const start = targets.address("crossEntropy") >>> 2;
  const weights = (weight?.address("crossEntropy") ?? 0) >>> 2;
  let total = 0;
  for (let i = 0; i < targets.size; i++) {
    const target = i32[start + i]!;
    if (target === ignoreIndex) continue;
    if (target < 0 || target >= classes)
      throw new IndexError(`crossEntropy: target ${target} at position ${i}, wants a class from 0 to ${classes - 1}`);
    total += weight === null ? 1 : f32[weights + target]!;
  }
  return total;
}

/**
 * @param logits f32 [..., C]
 * @param targets i32 [...]
 * @returns a number (rank 0), or with reduction "none" f32 [...]; mean = sum(w·loss) / sum(w), NaN when every target is ignored
 */
export function crossEntropyOp(logits: Tensor, targets: Tensor, options: CrossEntropyArguments): Tensor {
  const engine = sameEngine("crossEntropy", logits, targets, ...(options.weight === null ? [] : [options.weight]));
  checkDType("crossEntropy", "logits", logits, "f32");
  checkDType("crossEntropy", "targets", targets, "i32");
  const classes = logits.shape[logits.rank - 1] ?? 0;
  if (classes === 0 || logits.size !== targets.size * classes || logits.rank !== targets.rank + 1) {
    throw new ShapeError(`crossEntropy: logits ${show(logits.shape)} and targets ${show(targets.shape)}, wants [..., C] and [...]`);
  }
  if (options.weight !== null && options.weight.size !== classes) {
    throw new ShapeError(`crossEntropy: weight has ${options.weight.size} elements, wants ${classes}, one a class`);
  }
  const total = checkTargets(targets, classes, options);
  const rows = targets.size;
  const { kernels } = engine;
  const logp = empty(engine, logits.shape, "f32", "crossEntropy");
  const losses = empty(engine, targets.shape, "f32", "crossEntropy");
  const weightPtr = options.weight?.address("crossEntropy") ?? 0;
  kernels.crossEntropy(
    losses.address("crossEntropy"),
    logp.address("crossEntropy"),
    logits.address("crossEntropy"),
    targets.address("crossEntropy"),
    weightPtr,
    rows,
    classes,
    options.ignoreIndex ?? NO_CLASS,
    options.labelSmoothing,
  );
  let result = losses;
  if (options.reduction !== "none") {
    result = empty(engine, [], "f32", "crossEntropy");
    kernels.reduceSum(result.address("crossEntropy"), losses.address("crossEntropy"), 1, rows, 1, 1, 0);
    if (options.reduction === "mean") {
      const { f32 } = engine.memory;
      const at = result.address("crossEntropy") >>> 2;
      f32[at] = total === 0 ? Number.NaN : f32[at]! / total;
    }
    if (losses.storage.lease !== null) losses.dispose();
  }
  if (
    record("crossEntropy", [logits], [result], { ...options, targets, logp, total } satisfies Saved).source === null &&
    logp.storage.lease !== null
  )
    logp.dispose();
  return result;
}

export const crossEntropyBackward: Backward = (context, { inputs, outputs, saved }) => {
  const logits = inputs[0]!;
  const { targets, logp, weight, ignoreIndex, labelSmoothing, reduction, total } = saved as Saved;
  const slot = context.into(logits);
  if (slot === null) return;
  const { kernels, memory } = context.engine;
  const rows = targets.size;
  const dy = context.gradOf(outputs[0]!);
  const coef = context.scratch(rows);
  if (reduction === "none") kernels.copyStrided(coef, dy, 1, rows, rows, 1, rows, 1);
  else memory.f32.fill(memory.f32[dy >>> 2]! / (reduction === "mean" ? total : 1), coef >>> 2, (coef >>> 2) + rows);
  kernels.crossEntropyGrad(
    slot.ptr,
    logp.address("crossEntropy"),
    targets.address("crossEntropy"),
    weight?.address("crossEntropy") ?? 0,
    coef,
    rows,
    logits.size / rows,
    ignoreIndex ?? NO_CLASS,
    labelSmoothing,
    slot.beta,
  );
};
