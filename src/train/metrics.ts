/** Metrics of classification, from class numbers. */
import { ConfigError, IndexError } from "../errors.js";

/** counts[truth][predicted] */
export type ConfusionMatrix = readonly (readonly number[])[];

function checkPairs(where: string, truth: ArrayLike<number>, predicted: ArrayLike<number>): void {
  if (truth.length !== predicted.length)
    throw new ConfigError(`${where}: ${predicted.length} predictions, wants ${truth.length}, one for each truth`);
}

/** Share of predictions that are right; NaN of none. */
export function accuracy(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  checkPairs("accuracy", truth, predicted);
  let right = 0;
  for (let i = 0; i < truth.length; i++) if (truth[i] === predicted[i]) right++;
  return right / truth.length;
}

/** @throws IndexError when a class is none of 0 … classes - 1 */
export function confusionMatrix(truth: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): ConfusionMatrix {
  checkPairs("confusionMatrix", truth, predicted);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truth.length; i++) {
    const row = counts[truth[i]!];
    if (row === undefined || !(predicted[i]! in row)) {
      throw new IndexError(`confusionMatrix: classes ${truth[i]} and ${predicted[i]} at position ${i}, wants 0 to ${classes - 1}`);
    }
    row[predicted[i]!]!++;
  }
  return counts;
}

export interface ClassScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Examples of the class. */
  readonly support: number;
}

/** Scores of each class, 0 where a quotient has no denominator (scikit-learn's zero_division=0); macro F1 is their plain mean. */
export function classReport(matrix: ConfusionMatrix): { classes: ClassScore[]; macroF1: number } {
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const classes = matrix.map((row, c) => {
    const right = row[c]!;
    const support = row.reduce((sum, count) => sum + count, 0);
    const guessed = matrix.reduce((sum, other) => sum + other[c]!, 0);
    return { precision: share(right, guessed), recall: share(right, support), f1: share(2 * right, support + guessed), support };
  });
  // As scikit-learn: classes that are neither in the truth nor predicted do not count.
  const present = classes.filter(({ support, f1 }, c) => support > 0 || f1 > 0 || matrix.some((row) => row[c]! > 0));
  return {
    classes,
    macroF1: share(
      present.reduce((sum, { f1 }) => sum + f1, 0),
      present.length,
    ),
  };
}

/** The k most frequent confusions of two labels. */
export function mostConfused(
  matrix: ConfusionMatrix,
  labels: readonly string[],
  k: number,
): { truth: string; predicted: string; count: number }[] {
  const pairs = matrix.flatMap((row, i) => row.map((count, j) => ({ truth: labels[i]!, predicted: labels[j]!, count, wrong: i !== j })));
  const wrong = pairs.filter((pair) => pair.wrong && pair.count > 0).sort((a, b) => b.count - a.count);
  return wrong.slice(0, k).map(({ truth, predicted, count }) => ({ truth, predicted, count }));
}
