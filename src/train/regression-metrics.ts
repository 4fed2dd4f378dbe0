/** Metrics of predicted numbers. */
import { checkPairs } from "./metrics.js";

export interface RegressionReport {
  /** Mean absolute error. */
  readonly mae: number;
  /** Root of the mean squared error. */
  readonly rmse: number;
  /** 1 - squared error / squared deviation of the truth from its mean. Where that is 0: 1 without an error, else 0, as scikit-learn. */
  readonly r2: number;
}

/** All NaN of no numbers, r2 of one. @throws ConfigError on lists of unlike length */
export function regressionReport(truth: ArrayLike<number>, predicted: ArrayLike<number>): RegressionReport {
  checkPairs("regressionReport", truth, predicted);
  const n = truth.length;
  let [sum, absolute, squared] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const error = truth[i]! - predicted[i]!;
    sum += truth[i]!;
    absolute += Math.abs(error);
    squared += error * error;
  }
  let spread = 0;
  for (let i = 0; i < n; i++) spread += (truth[i]! - sum / n) * (truth[i]! - sum / n);
  const r2 = n < 2 ? Number.NaN : spread === 0 ? Number(squared === 0) : 1 - squared / spread;
  return { mae: absolute / n, rmse: Math.sqrt(squared / n), r2 };
}
