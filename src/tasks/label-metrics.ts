/** Metrics of labels by their names, true and said. Names that no model knew come behind the known ones, so that it is wrong there. */
import { accuracy, type ConfusionMatrix, classReport, confusionMatrix, multiLabelReport } from "../train/metrics.js";
import type { ClassScore } from "../train/scores.js";

/** Names, and counts by their places: matrix[truth][said]. */
export interface NamedConfusions {
  readonly labels: readonly string[];
  readonly matrix: ConfusionMatrix;
}

/** Every name once, and the places of names in that list. */
function numbering(...lists: readonly (readonly string[])[]) {
  const labels = [...new Set(lists.flat())];
  const places = new Map(labels.map((label, i) => [label, i]));
  return { labels, numbers: (names: readonly string[]) => names.map((name) => places.get(name)!) };
}

const byName = (labels: readonly string[], scores: readonly ClassScore[]): Record<string, ClassScore> =>
  Object.fromEntries(labels.map((label, i) => [label, scores[i]!]));

export function confusionsOf(known: readonly string[], truth: readonly string[], said: readonly string[]): NamedConfusions {
  const { labels, numbers } = numbering(known, truth, said);
  return { labels, matrix: confusionMatrix(numbers(truth), numbers(said), labels.length) };
}

export const classScores = ({ labels, matrix }: NamedConfusions): Record<string, ClassScore> => byName(labels, classReport(matrix).classes);

export function labelMetrics(
  known: readonly string[],
  truth: readonly string[],
  said: readonly string[],
): { accuracy: number; macroF1: number } {
  const { labels, numbers } = numbering(known, truth, said);
  const [wanted, found] = [numbers(truth), numbers(said)];
  return { accuracy: accuracy(wanted, found), macroF1: classReport(confusionMatrix(wanted, found, labels.length)).macroF1 };
}

/** Where a text may have several labels, or none. */
export function severalLabels(
  known: readonly string[],
  truth: readonly (readonly string[])[],
  said: readonly (readonly string[])[],
): { metrics: { microF1: number; macroF1: number; exactMatch: number }; classes: Record<string, ClassScore> } {
  const { labels, numbers } = numbering(known, truth.flat(), said.flat());
  const { micro, macro, exactMatch, classes } = multiLabelReport(truth.map(numbers), said.map(numbers), labels.length);
  return { metrics: { microF1: micro.f1, macroF1: macro.f1, exactMatch }, classes: byName(labels, classes) };
}
