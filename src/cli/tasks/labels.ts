/** Scores of single labels, said and true, by name. */
import { calibrationError } from "../../train/calibration.js";
import { accuracy, classReport, confusionMatrix, multiLabelReport } from "../../train/metrics.js";
import type { Metrics, Outcomes } from "./task.js";

/** What a model said of an example, and how sure it was. */
export interface Said {
  readonly label: string;
  readonly probability: number;
}

/** Labels that training did not have come behind the known ones. */
function confusions(known: readonly string[], truth: readonly string[], said: readonly string[]) {
  const labels = [...new Set([...known, ...truth, ...said])];
  const numbers = new Map(labels.map((label, i) => [label, i]));
  const numbered = (names: readonly string[]) => names.map((name) => numbers.get(name)!);
  return { labels, matrix: confusionMatrix(numbered(truth), numbered(said), labels.length) };
}

export function labelScores(known: readonly string[], truth: readonly string[], answers: readonly Said[]): Metrics {
  const { matrix } = confusions(
    known,
    truth,
    answers.map(({ label }) => label),
  );
  const right = truth.map((label, i) => Number(label === answers[i]!.label));
  return {
    accuracy: accuracy(
      right,
      right.map(() => 1),
    ),
    macroF1: classReport(matrix).macroF1,
  };
}

export function labelOutcomes(known: readonly string[], truth: readonly string[], answers: readonly Said[]): Outcomes {
  const { labels, matrix } = confusions(
    known,
    truth,
    answers.map(({ label }) => label),
  );
  const { classes } = classReport(matrix);
  return {
    classes: Object.fromEntries(labels.map((label, i) => [label, classes[i]!])),
    confusions: { labels, matrix },
    calibration: calibrationError(
      answers.map(({ probability }) => probability),
      truth.map((label, i) => label === answers[i]!.label),
      { bins: 10 },
    ),
  };
}

/** What a model said of an example that may have several labels. */
interface SaidSeveral {
  readonly labels?: readonly string[];
}

function several(known: readonly string[], truth: readonly (readonly string[])[], answers: readonly SaidSeveral[]) {
  const said = answers.map(({ labels = [] }) => labels);
  const labels = [...new Set([...known, ...truth.flat()])];
  const numbers = new Map(labels.map((label, i) => [label, i]));
  const numbered = (rows: readonly (readonly string[])[]) => rows.map((names) => names.map((name) => numbers.get(name)!));
  return { labels, report: multiLabelReport(numbered(truth), numbered(said), labels.length) };
}

export function severalScores(known: readonly string[], truth: readonly (readonly string[])[], answers: readonly SaidSeveral[]): Metrics {
  const { micro, macro, exactMatch } = several(known, truth, answers).report;
  return { microF1: micro.f1, macroF1: macro.f1, exactMatch };
}

export function severalOutcomes(
  known: readonly string[],
  truth: readonly (readonly string[])[],
  answers: readonly SaidSeveral[],
): Outcomes {
  const { labels, report } = several(known, truth, answers);
  return { classes: Object.fromEntries(labels.map((label, i) => [label, report.classes[i]!])) };
}
