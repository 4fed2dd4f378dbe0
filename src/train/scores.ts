/** Precision, recall and F1 from counts; 0 where a quotient has no denominator (scikit-learn's zero_division=0). */

export interface ClassScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Examples of the class. */
  readonly support: number;
}

/** Of one class: predictions that are right, all predictions of it, examples of it. */
export interface Counts {
  readonly right: number;
  readonly guessed: number;
  readonly support: number;
}

export interface AveragedScores {
  /** Of all classes' counts together. */
  readonly micro: ClassScore;
  /** Plain mean over classes. */
  readonly macro: ClassScore;
  /** Mean over classes, each by its support. */
  readonly weighted: ClassScore;
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

export const scoreOf = ({ right, guessed, support }: Counts): ClassScore => ({
  precision: share(right, guessed),
  recall: share(right, support),
  f1: share(2 * right, support + guessed),
  support,
});

export function averageScores(counts: readonly Counts[]): AveragedScores {
  const total = (name: keyof Counts) => counts.reduce((sum, count) => sum + count[name], 0);
  const support = total("support");
  const scores = counts.map(scoreOf);
  const mean = (weight: (score: ClassScore) => number): ClassScore => {
    const whole = scores.reduce((sum, score) => sum + weight(score), 0);
    const of = (name: "precision" | "recall" | "f1") =>
      share(
        scores.reduce((sum, score) => sum + weight(score) * score[name], 0),
        whole,
      );
    return { precision: of("precision"), recall: of("recall"), f1: of("f1"), support };
  };
  return {
    micro: scoreOf({ right: total("right"), guessed: total("guessed"), support }),
    macro: mean(() => 1),
    weighted: mean(({ support: own }) => own),
  };
}
