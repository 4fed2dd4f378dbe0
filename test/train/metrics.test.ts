import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { calibrationError } from "../../src/train/calibration.js";
import { entityScores } from "../../src/train/entity-metrics.js";
import { accuracy, classReport, confusionMatrix, multiLabelReport } from "../../src/train/metrics.js";
import { regressionReport } from "../../src/train/regression-metrics.js";
import type { AveragedScores, ClassScore } from "../../src/train/scores.js";
import { bootstrapInterval, mcnemarTest, randomisationTest } from "../../src/train/significance.js";

/** Random examples with what scikit-learn and scipy say of them (versions in `source`); each triple is precision, recall, F1. */
interface Scored {
  readonly micro: number[];
  readonly macro: number[];
  readonly weighted: number[];
  readonly classes: number[][];
  readonly support: number[];
}
const SKLEARN = JSON.parse(readFileSync(new URL("../fixtures/metrics-sklearn.json", import.meta.url), "utf8")) as {
  single: Scored & { truth: number[]; predicted: number[]; accuracy: number };
  multi: Scored & { truth: number[][]; predicted: number[][]; exact: number; hamming: number };
  regression: { truth: number[]; predicted: number[]; mae: number; rmse: number; r2: number };
  binomial: [number, number, number][];
};

const near = (got: readonly number[], want: readonly number[]) => {
  expect(got.length).toBe(want.length);
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(want[i]!, 12);
};
const triple = ({ precision, recall, f1 }: ClassScore) => [precision, recall, f1];

function sameScores(got: AveragedScores & { readonly classes: readonly ClassScore[] }, want: Scored): void {
  for (const name of ["micro", "macro", "weighted"] as const) near(triple(got[name]), want[name]);
  for (const [i, score] of got.classes.entries())
    near(
      triple(score),
      want.classes.map((values) => values[i]!),
    );
  near(
    got.classes.map(({ support }) => support),
    want.support,
  );
}

describe("classification", () => {
  test("averages and classes are scikit-learn's", () => {
    const { truth, predicted } = SKLEARN.single;
    const report = classReport(confusionMatrix(truth, predicted, 5));
    sameScores(report, SKLEARN.single);
    expect(report.macroF1).toBe(report.macro.f1);
    near([accuracy(truth, predicted)], [SKLEARN.single.accuracy]);
  });

  test("several labels an example: scikit-learn's, with a class that never comes", () => {
    const { truth, predicted, exact, hamming } = SKLEARN.multi;
    const report = multiLabelReport(truth, predicted, 6);
    sameScores(report, SKLEARN.multi);
    near([report.exactMatch, report.hammingLoss], [exact, hamming]);
  });

  test("no examples, unlike lengths, unknown classes", () => {
    expect(multiLabelReport([], [], 2)).toMatchObject({ exactMatch: Number.NaN, micro: { f1: 0 } });
    expect(() => multiLabelReport([[0]], [], 2)).toThrowError(/multiLabelReport: 0 predictions, wants 1/);
    expect(() => multiLabelReport([[0]], [[2]], 2)).toThrowError(/class 2 at position 0, wants 0 to 1/);
  });
});

describe("entities", () => {
  const tags = (text: string) => text.split(" ");

  // The examples of seqeval's README, with the figures printed there.
  test("seqeval's examples, default and strict", () => {
    const truth = [tags("O O O B-MISC I-MISC I-MISC O"), tags("B-PER I-PER O")];
    const guess = [tags("O O B-MISC I-MISC I-MISC I-MISC O"), tags("B-PER I-PER O")];
    const scores = entityScores(truth, guess);
    expect(scores.types).toEqual({
      MISC: { precision: 0, recall: 0, f1: 0, support: 1 },
      PER: { precision: 1, recall: 1, f1: 1, support: 1 },
    });
    for (const name of ["micro", "macro", "weighted"] as const)
      expect(scores[name]).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
    const [whole, broken] = [[tags("B-NP I-NP O")], [tags("I-NP I-NP O")]];
    expect(entityScores(whole, broken).micro.f1).toBe(1);
    expect(entityScores(whole, broken, { scheme: "IOB2" }).micro).toEqual({ precision: 0, recall: 0, f1: 0, support: 1 });
  });

  test("spans of one sentence do not count in another; a type that is only predicted is in the macro mean", () => {
    const scores = entityScores([tags("B-x O"), tags("O O")], [tags("O O"), tags("B-x B-y")]);
    expect(scores.micro).toEqual({ precision: 0, recall: 0, f1: 0, support: 1 });
    const half = entityScores([tags("B-x O")], [tags("B-x B-y")]);
    expect(half.macro).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5, support: 1 });
    expect(half.micro.f1).toBeCloseTo(2 / 3, 12);
    expect(half.weighted.f1).toBe(1);
  });

  test("unlike lengths are refused", () => {
    expect(() => entityScores([tags("O O")], [tags("O")])).toThrowError(/1 tags in sentence 0, wants 2/);
    expect(() => entityScores([], [tags("O")])).toThrowError(/1 sentences predicted, wants 0/);
    expect(entityScores([], []).micro).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 });
  });
});

describe("numbers", () => {
  test("MAE, RMSE and R² are scikit-learn's", () => {
    const { truth, predicted, mae, rmse, r2 } = SKLEARN.regression;
    const report = regressionReport(truth, predicted);
    near([report.mae, report.rmse, report.r2], [mae, rmse, r2]);
  });

  test("a constant truth, one number, none", () => {
    expect(regressionReport([2, 2], [2, 2])).toEqual({ mae: 0, rmse: 0, r2: 1 });
    expect(regressionReport([2, 2], [2, 4])).toEqual({ mae: 1, rmse: Math.SQRT2, r2: 0 });
    expect(regressionReport([1], [3])).toEqual({ mae: 2, rmse: 2, r2: Number.NaN });
    expect(regressionReport([], [])).toEqual({ mae: Number.NaN, rmse: Number.NaN, r2: Number.NaN });
  });
});

describe("calibration", () => {
  test("error by hand: two bins, one of which is off", () => {
    const { expected, maximum, bins } = calibrationError([0.9, 0.7, 0.5, 0.3], [true, false, true, false], { bins: 2 });
    // Up to 0.5: confidence 0.4, right 0.5; above: 0.8 and 0.5.
    expect(bins.map(({ count }) => count)).toEqual([2, 2]);
    expect(expected).toBeCloseTo(0.5 * 0.1 + 0.5 * 0.3, 12);
    expect(maximum).toBeCloseTo(0.3, 12);
  });

  test("edges belong to the lower bin, 0 to the first", () => {
    const { bins } = calibrationError([0, 0.2, 0.2000001, 1], [true, true, true, true], { bins: 5 });
    expect(bins.map(({ count }) => count)).toEqual([2, 1, 0, 0, 1]);
    expect(() => calibrationError([1.1], [true])).toThrowError(/confidence 1.1 at 0, wants 0 to 1/);
    expect(calibrationError([], []).expected).toBeNaN();
  });
});

describe("significance", () => {
  test("McNemar's p is scipy's binomtest, for thousands too", () => {
    for (const [b, c, p] of SKLEARN.binomial) {
      const first = [...Array(b).fill(true), ...Array(c).fill(false), true, false];
      const second = [...Array(b).fill(false), ...Array(c).fill(true), true, false];
      const found = mcnemarTest(first, second);
      expect(found).toMatchObject({ onlyFirst: b, onlySecond: c });
      if (p > 1e-300) expect(found.p / p, `${b} ${c}`).toBeCloseTo(1, 10);
      else expect(found.p).toBe(0);
    }
    expect(mcnemarTest([], []).p).toBe(1);
  });

  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("randomisation is exact where outputs differ in few examples", () => {
    // All four differences have one sign: of the 16 exchanges two are as far apart.
    expect(randomisationTest([1, 1, 1, 1, 0], [0, 0, 0, 0, 0], mean)).toEqual({ difference: 0.8, p: 2 / 16, exact: true });
    expect(randomisationTest([1, 0], [1, 0], mean)).toEqual({ difference: 0, p: 1, exact: true });
  });

  test("approximately, it is McNemar's test where the figure is accuracy", () => {
    const first = Array.from({ length: 300 }, (_, i) => Number(i % 10 < 8));
    const second = Array.from({ length: 300 }, (_, i) => Number(i % 10 < 7 && i % 30 !== 4));
    const exact = mcnemarTest(first.map(Boolean), second.map(Boolean)).p;
    const mixed = first.map((value, i) => (i % 25 === 0 ? 1 - value : value));
    const found = randomisationTest(mixed, second, mean, { samples: 4000 });
    const wanted = mcnemarTest(mixed.map(Boolean), second.map(Boolean)).p;
    expect(found.exact).toBe(false);
    expect(Math.abs(found.p - wanted)).toBeLessThan(4 * Math.sqrt(wanted / 4000) + 1 / 4000);
    expect(exact).toBeLessThan(1e-6);
    expect(randomisationTest(mixed, second, mean, { samples: 50 })).toEqual(randomisationTest(mixed, second, mean, { samples: 50 }));
  });

  test("the bootstrap's interval is that of the normal law for a mean", () => {
    const stream = new Stream([1, 0]);
    const values = Array.from({ length: 400 }, () => stream.nextFloat());
    const { low, high, standardError } = bootstrapInterval(400, (rows) => mean(Array.from(rows, (row) => values[row]!)), { samples: 2000 });
    const centre = mean(values);
    const error = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) / 400);
    expect(standardError / error).toBeCloseTo(1, 1);
    expect(Math.abs(low - (centre - 1.96 * error))).toBeLessThan(0.2 * error);
    expect(Math.abs(high - (centre + 1.96 * error))).toBeLessThan(0.2 * error);
  });

  test("one seed gives one interval, and a figure that does not vary none", () => {
    const figure = (rows: Int32Array) => rows[0]!;
    expect(bootstrapInterval(9, figure, { seed: 4 })).toEqual(bootstrapInterval(9, figure, { seed: 4 }));
    expect(bootstrapInterval(9, figure, { seed: 4, level: 0.2 })).not.toEqual(bootstrapInterval(9, figure, { seed: 5, level: 0.2 }));
    expect(bootstrapInterval(1, () => 3)).toEqual({ low: 3, high: 3, standardError: 0 });
    expect(() => bootstrapInterval(0, () => 3)).toThrowError(/0 examples, wants at least 1/);
  });
});
