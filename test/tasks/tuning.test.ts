import { describe, expect, test } from "vitest";
import { ConfigError, NumericError } from "../../src/errors.js";
import { crossValidate, loadEvaluation, type Trial, type TuningSpace, tune } from "../../src/tasks/index.js";

const { splitFolds } = await loadEvaluation();

describe("crossValidate", () => {
  const examples = Array.from({ length: 53 }, (_, i) => ({ text: `${i}`, label: i % 10 < 2 ? "rare" : i % 2 === 0 ? "even" : "odd" }));

  test("every example is judged once, and every fold has its share of each label", () => {
    const folds = splitFolds(examples, { folds: 4 });
    expect(folds.flatMap(({ test }) => test.map(({ text }) => Number(text))).sort((a, b) => a - b)).toEqual(examples.map((_, i) => i));
    for (const { train, test } of folds) {
      expect([...train, ...test].length).toBe(53);
      expect([13, 14]).toContain(test.length);
      for (const label of ["rare", "even", "odd"]) {
        const share = examples.filter((example) => example.label === label).length / 4;
        expect(Math.abs(test.filter((example) => example.label === label).length - share)).toBeLessThan(1);
      }
    }
  });

  test("seeds differ, one seed does not; examples without labels and own strata", () => {
    expect(splitFolds(examples, { seed: 2 })).toEqual(splitFolds(examples, { seed: 2 }));
    expect(splitFolds(examples, { seed: 2 })).not.toEqual(splitFolds(examples, { seed: 3 }));
    expect(splitFolds([1, 2, 3, 4], { folds: 2 }).map(({ test }) => test.length)).toEqual([2, 2]);
    const odd = splitFolds([1, 2, 3, 4], { folds: 2, stratum: (n) => String(n % 2) });
    for (const { test } of odd) expect(test.filter((n) => n % 2 === 1).length).toBe(1);
  });

  test("mean and standard deviation over the folds", async () => {
    const result = await crossValidate(examples, async (_, number) => ({ accuracy: [0.5, 0.7, 0.9][number]!, only: number }), { folds: 3 });
    expect(result.folds.length).toBe(3);
    expect(result.mean.accuracy).toBeCloseTo(0.7, 12);
    expect(result.deviation.accuracy).toBeCloseTo(0.2, 12);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  test("too few examples and bad options are refused", async () => {
    await expect(crossValidate([1, 2], () => ({}), { folds: 3 })).rejects.toThrowError(/2 examples, wants at least 3/);
    expect(() => splitFolds(examples, { folds: 1 })).toThrowError(/folds 1, wants a whole number from 2/);
    expect(() => splitFolds(examples, { fold: 3 } as object)).toThrowError(/unknown option fold, wants folds/);
  });
});

describe("tune", () => {
  const space: TuningSpace = { lr: { low: 1e-4, high: 1, log: true }, layers: { low: 1, high: 3, whole: true }, encoder: ["gru", "lstm"] };
  /** Best at a rate of 0.01 with two layers. */
  const score = ({ lr, layers }: Readonly<Record<string, unknown>>) =>
    -Math.abs(Math.log10(lr as number) + 2) - Math.abs((layers as number) - 2);

  test("random search draws within the space, evenly, and finds what is good", async () => {
    const seen: Trial[] = [];
    const { best, trials } = await tune(space, score, { trials: 300, onTrial: (trial) => void seen.push(trial) });
    expect(seen).toEqual(trials);
    expect(best).toBe(trials.reduce((a, b) => (b.score! > a.score! ? b : a)));
    expect(best!.score).toBeGreaterThan(-0.1);
    const [low, layers] = [
      trials.filter(({ options }) => (options.lr as number) < 1e-2).length,
      [1, 2, 3].map((n) => trials.filter(({ options }) => options.layers === n).length),
    ];
    expect(Math.abs(low - 150)).toBeLessThan(4 * Math.sqrt(75));
    for (const n of layers) expect(Math.abs(n - 100)).toBeLessThan(4 * Math.sqrt(300 * (1 / 3) * (2 / 3)));
    expect(trials.every(({ options: { lr }, budget }) => (lr as number) >= 1e-4 && (lr as number) <= 1 && budget === 1)).toBe(true);
    expect((await tune(space, score, { trials: 300 })).trials).toEqual(trials);
  });

  test("a small space is tried as a whole, each setting once", async () => {
    const { trials } = await tune({ a: [1, 2], b: { low: 0.5, high: 3, whole: true } }, () => 1, { trials: 6 });
    expect(trials.map(({ options: { a, b } }) => `${a}${b}`)).toEqual(["11", "12", "13", "21", "22", "23"]);
    const some = await tune({ a: [1, 2], b: { low: 1, high: 3, whole: true } }, () => 1, { trials: 5 });
    expect(new Set(some.trials.map(({ options }) => JSON.stringify(options))).size).toBe(5);
  });

  test("halving gives more to fewer, and the best is one of a full training", async () => {
    // With little training settings look alike but for a setting that is good early only.
    const run = ({ a }: Readonly<Record<string, unknown>>, budget: number) => (a === 0 && budget < 0.5 ? 99 : (a as number) * budget);
    const { best, trials } = await tune({ a: Array.from({ length: 18 }, (_, i) => i) }, run, { halving: 3, trials: 18 });
    const rounds = [1 / 9, 1 / 3, 1].map((budget) =>
      trials.filter((trial) => Math.abs(trial.budget - budget) < 1e-9).map(({ options }) => options.a),
    );
    expect(rounds.map(({ length }) => length)).toEqual([18, 6, 2]);
    expect(rounds[1]).toEqual([0, 17, 16, 15, 14, 13]);
    expect(best).toMatchObject({ options: { a: 17 }, budget: 1, score: 17, number: 17 });
  });

  test("settings that break down do not count, other errors end the search", async () => {
    const run = ({ a }: Readonly<Record<string, unknown>>) => {
      if (a === 1) throw new NumericError("the loss is NaN");
      return a === 2 ? Number.NaN : (a as number);
    };
    const { best, trials } = await tune({ a: [0, 1, 2] }, run);
    expect(best).toMatchObject({ score: 0 });
    expect(trials.map(({ score: found, error }) => [found, error])).toEqual([
      [0, undefined],
      [null, "the loss is NaN"],
      [null, "score NaN, wants a finite number"],
    ]);
    expect((await tune({ a: [1, 2] }, run)).best).toBeUndefined();
    await expect(
      tune({ a: [1] }, () => {
        throw new ConfigError("no");
      }),
    ).rejects.toThrowError("no");
  });

  test("an abort ends the search with what is known", async () => {
    const controller = new AbortController();
    const { trials } = await tune(space, score, { signal: controller.signal, onTrial: ({ number }) => number === 4 && controller.abort() });
    expect(trials.length).toBe(5);
  });

  test.each([
    [{}, /an empty space/],
    [{ a: [] }, /a has no values/],
    [{ a: { low: 2, high: 1 } }, /high 1, wants a number from 2/],
    [{ a: { low: 0, high: 1, log: true } }, /low 0, wants/],
    [{ a: { low: 0.2, high: 0.8, whole: true } }, /no whole number from 0.2 to 0.8/],
    [{ a: { low: 0, high: 1, step: 1 } }, /unknown option step/],
    [{ a: { low: 0, high: Number.POSITIVE_INFINITY } }, /high Infinity/],
    [{ a: 5 }, /a: options 5, wants an object/],
  ] as [TuningSpace, RegExp][])("%j is refused", async (bad, message) => {
    await expect(tune(bad, () => 1)).rejects.toThrowError(message);
  });
});
