/** Scores of labels that a model said, and how they came out. */
import { classScores, confusionsOf, labelMetrics, severalLabels } from "../../tasks/label-metrics.js";
import { calibrationError } from "../../train/calibration.js";
import type { Metrics, Outcomes } from "./task.js";

/** What a model said of an example, and how sure it was. */
export interface Said {
  readonly label: string;
  readonly probability: number;
}

const namesOf = (answers: readonly Said[]): string[] => answers.map(({ label }) => label);

export const labelScores = (known: readonly string[], truth: readonly string[], answers: readonly Said[]): Metrics =>
  labelMetrics(known, truth, namesOf(answers));

export function labelOutcomes(known: readonly string[], truth: readonly string[], answers: readonly Said[]): Outcomes {
  const confusions = confusionsOf(known, truth, namesOf(answers));
  return {
    classes: classScores(confusions),
    confusions,
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

const several = (known: readonly string[], truth: readonly (readonly string[])[], answers: readonly SaidSeveral[]) =>
  severalLabels(
    known,
    truth,
    answers.map(({ labels = [] }) => labels),
  );

export const severalScores = (known: readonly string[], truth: readonly (readonly string[])[], answers: readonly SaidSeveral[]): Metrics =>
  several(known, truth, answers).metrics;

export const severalOutcomes = (
  known: readonly string[],
  truth: readonly (readonly string[])[],
  answers: readonly SaidSeveral[],
): Outcomes => ({ classes: several(known, truth, answers).classes });
