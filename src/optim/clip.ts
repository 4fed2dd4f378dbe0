import { NumericError } from "../errors.js";
import { globalNorm, scaleInPlace } from "../ops/update.js";
import { checkOptions, inRange } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

export interface ClipOptions {
  /** Throw a NumericError when the norm is not finite, before anything is changed. Default false, as PyTorch: all become NaN. */
  readonly errorIfNonFinite?: boolean;
}

/**
 * Scales all gradients by min(1, maxNorm / (total + 1e-6)), total being their joint Euclidean norm.
 * @returns the norm before clipping
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number, options: ClipOptions = {}): number {
  checkOptions("clipGradNorm", options, ["errorIfNonFinite"]);
  inRange("clipGradNorm", "maxNorm", maxNorm, 0, Number.POSITIVE_INFINITY);
  const gradients = [...parameters].flatMap(({ grad }) => (grad === null ? [] : [grad]));
  const total = globalNorm(gradients);
  if (!Number.isFinite(total) && options.errorIfNonFinite) {
    throw new NumericError(`clipGradNorm: the norm of ${gradients.length} gradients is ${total}, wants a finite one`);
  }
  const factor = maxNorm / (total + 1e-6);
  if (!(factor >= 1)) for (const gradient of gradients) scaleInPlace(gradient, factor);
  return total;
}
