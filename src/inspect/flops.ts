/** Floating-point operations of recorded operations. */
import { productFlops, recurrentCall } from "../ops/recurrent/observe.js";
import type { TapeEntry } from "../tensor/tensor.js";

/**
 * Multiplications and additions of an operation's matrix products in the forward pass, a multiply-add as two; everything else, which is of
 * a lower order (biases, activations, lookups, softmax), counts nothing.
 */
export function flopsOf(entry: TapeEntry): number {
  const [first, second] = entry.inputs;
  const [output] = entry.outputs;
  // Weights are [out, in].
  if (entry.op === "linear") return 2 * output!.size * second!.shape[1]!;
  if (entry.op === "matmul") return 2 * output!.size * first!.shape[first!.rank - 1]!;
  const call = recurrentCall(entry);
  return call === null ? 0 : productFlops(call);
}
