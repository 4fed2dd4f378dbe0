/** Metrics of classification, from class numbers. */
import { ConfigError, IndexError } from "../errors.js";
import { type AveragedScores, averageScores, type ClassScore, scoreOf } from "./scores.js";

/** counts[truth][predicted] */
export type ConfusionMatrix = readonly (readonly number[])[];

/** @throws ConfigError where the lists are not of one length */
export function checkPairs(where: string, truth: ArrayLike<unknown>, predicted: ArrayLike<unknown>): void {
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

export interface ClassReport extends AveragedScores {
  readonly classes: readonly ClassScore[];
  readonly macroF1: number;
}

/** Scores of each class. The averages leave out classes that are neither in the truth nor predicted, as scikit-learn's. */
export function classReport(matrix: ConfusionMatrix): ClassReport {
  const counts = matrix.map((row, c) => ({
    right: row[c]!,
    guessed: matrix.reduce((sum, other) => sum + other[c]!, 0),
    support: row.reduce((sum, count) => sum + count, 0),
  }));
  const averages = averageScores(counts.filter(({ guessed, support }) => guessed + support > 0));
  return { classes: counts.map(scoreOf), ...averages, macroF1: averages.macro.f1 };
}

export interface MultiLabelReport extends AveragedScores {
  readonly classes: readonly ClassScore[];
  /** Share of examples with exactly the right labels. */
  readonly exactMatch: number;
  /** Share of the decisions, one for each example and class, that are wrong. */
  readonly hammingLoss: number;
}

/**
 * Scores where an example may have several classes, or none; all classes are in the averages.
 * @param truth class numbers of each example, each once
 * @throws ConfigError on lists of unlike length; IndexError when a class is none of 0 … classes - 1
 */
export function multiLabelReport(
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
  classes: number,
): MultiLabelReport {
  const where = "multiLabelReport";
  checkPairs(where, truth, predicted);
  const counts = Array.from({ length: classes }, () => ({ right: 0, guessed: 0, support: 0 }));
  const countOf = (c: number, i: number) => {
    const count = counts[c];
    if (count === undefined) throw new IndexError(`${where}: class ${c} at position ${i}, wants 0 to ${classes - 1}`);
    return count;
  };
  let exact = 0;
  for (const [i, labels] of truth.entries()) {
    const [wanted, found] = [new Set(labels), new Set(predicted[i])];
    let right = 0;
    for (const c of wanted) countOf(c, i).support++;
    for (const c of found) {
      countOf(c, i).guessed++;
      if (!wanted.has(c)) continue;
      countOf(c, i).right++;
      right++;
    }
    if (right === wanted.size && right === found.size) exact++;
  }
  const wrong = counts.reduce((sum, { right, guessed, support }) => sum + guessed + support - 2 * right, 0);
  return {
    classes: counts.map(scoreOf),
    ...averageScores(counts),
    exactMatch: exact / truth.length,
    hammingLoss: wrong / (truth.length * classes),
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
