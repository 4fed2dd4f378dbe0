/** How far stated probabilities can be trusted. */
import { ConfigError } from "../errors.js";
import { checkOptions, wholeNumber } from "../options.js";
import { checkPairs } from "./metrics.js";

/** Predictions whose confidence lies above `low` and up to `high`. */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Means over them; 0 of none. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Calibration {
  /** Mean distance of confidence and accuracy, each bin by its predictions. */
  readonly expected: number;
  /** The largest distance. */
  readonly maximum: number;
  readonly bins: readonly CalibrationBin[];
}

/**
 * Expected calibration error over bins of equal width (Guo et al. 2017); NaN of no predictions.
 * @param confidences probability of each predicted class, 0 … 1
 * @param right whether the prediction is right
 * @param options.bins default 15
 * @throws ConfigError on lists of unlike length or a confidence that is no probability
 */
export function calibrationError(
  confidences: ArrayLike<number>,
  right: ArrayLike<boolean>,
  options: { readonly bins?: number } = {},
): Calibration {
  const where = "calibrationError";
  checkOptions(where, options, ["bins"]);
  const size = wholeNumber(where, "bins", options.bins ?? 15, 1);
  checkPairs(where, right, confidences);
  const sums = Array.from({ length: size }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < confidences.length; i++) {
    const confidence = confidences[i]!;
    if (!(confidence >= 0 && confidence <= 1)) throw new ConfigError(`${where}: confidence ${confidence} at ${i}, wants 0 to 1`);
    const bin = sums[Math.max(0, Math.ceil(confidence * size) - 1)]!;
    bin.count++;
    bin.confidence += confidence;
    if (right[i]) bin.right++;
  }
  const bins = sums.map(({ count, confidence, right: hits }, b) => ({
    ...{ low: b / size, high: (b + 1) / size, count },
    confidence: count === 0 ? 0 : confidence / count,
    accuracy: count === 0 ? 0 : hits / count,
  }));
  const gap = ({ confidence, accuracy }: CalibrationBin) => Math.abs(confidence - accuracy);
  return {
    expected: bins.reduce((sum, bin) => sum + bin.count * gap(bin), 0) / confidences.length,
    maximum: bins.reduce((most, bin) => Math.max(most, gap(bin)), 0),
    bins,
  };
}
