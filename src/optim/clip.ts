/** Gradient clipping as PyTorch's. */
import { NumericError } from "../errors.js";
import { globalNorm, limitInPlace, scaleInPlace } from "../ops/update.js";
import { checkOptions, inRange } from "../options.js";
import type { Gradient, Tensor } from "../tensor/tensor.js";

export interface ClipOptions {
  /** The p of the norm, above 0; Infinity for the largest magnitude. Default 2. */
  readonly normType?: number;
  /** Throw a NumericError when the norm is not finite, before anything is changed. Default false, as PyTorch: all become NaN. */
  readonly errorIfNonFinite?: boolean;
}

const gradientsOf = (parameters: Iterable<Tensor>): Gradient[] => [...parameters].flatMap(({ grad }) => (grad === null ? [] : [grad]));

/**
 * Scales all gradients by min(1, maxNorm / (total + 1e-6)), total being their joint norm. Row-sparse ones give the bits of dense ones
 * (but rows that they have not stay zero where a NaN norm makes all others NaN).
 * @returns the norm before clipping
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number, options: ClipOptions = {}): number {
  checkOptions("clipGradNorm", options, ["normType", "errorIfNonFinite"]);
  inRange("clipGradNorm", "maxNorm", maxNorm, 0, Number.POSITIVE_INFINITY);
  const normType = inRange("clipGradNorm", "normType", options.normType ?? 2, Number.MIN_VALUE, Number.POSITIVE_INFINITY);
  const gradients = gradientsOf(parameters);
  const total = globalNorm(gradients, normType);
  if (!Number.isFinite(total) && options.errorIfNonFinite) {
    throw new NumericError(`clipGradNorm: the norm of ${gradients.length} gradients is ${total}, wants a finite one`);
  }
  const factor = maxNorm / (total + 1e-6);
  if (!(factor >= 1)) for (const gradient of gradients) scaleInPlace(gradient, factor);
  return total;
}

/** Limits every element of every gradient to -limit … limit. @throws ConfigError unless limit is a number from 0 */
export function clipGradValue(parameters: Iterable<Tensor>, limit: number): void {
  inRange("clipGradValue", "limit", limit, 0, Number.POSITIVE_INFINITY);
  for (const gradient of gradientsOf(parameters)) limitInPlace(gradient, limit);
}
