/** What a classifier says of a text. */
import { argMax } from "../decode/arg-max.js";

export interface Prediction {
  /** The most probable label. */
  readonly label: string;
  readonly probability: number;
  /** Of every label, in the order of the classifier's `labels`. */
  readonly probabilities: Float32Array;
  /** Where a text may have several labels: those whose probability is at least 1/2, the most probable first. */
  readonly labels?: readonly string[];
}

/** One prediction a row of probabilities [n, labels]. */
export function predictionsOf(probabilities: Float32Array, labels: readonly string[]): Prediction[] {
  return Array.from({ length: probabilities.length / labels.length }, (_, row) => {
    const own = probabilities.slice(row * labels.length, (row + 1) * labels.length);
    const best = argMax(own);
    return { label: labels[best]!, probability: own[best]!, probabilities: own };
  });
}
