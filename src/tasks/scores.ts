/** Rows of numbers for many inputs, computed a batch at a time. */
import type { Engine } from "../engine/engine.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * @param batches numbers of inputs, each input once @param fn f32 [batch, width] of a batch
 * @returns f32 [inputs, width] row-major
 */
export function scoreBatches(
  engine: Engine,
  batches: readonly (readonly number[])[],
  width: number,
  fn: (batch: readonly number[]) => Tensor,
): Float32Array {
  const scores = new Float32Array(batches.reduce((sum, batch) => sum + batch.length, 0) * width);
  for (const batch of batches) {
    const values = engine.step(() => noGrad(engine, () => fn(batch).data() as Float32Array));
    for (const [i, row] of batch.entries()) scores.set(values.subarray(i * width, (i + 1) * width), row * width);
  }
  return scores;
}
