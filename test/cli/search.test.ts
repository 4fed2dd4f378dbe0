/** `recurra cross-validate` and `recurra tune`, and what they draw. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { folds } from "../../src/cli/data.js";
import { choice, count, type OptionTable, real } from "../../src/cli/options.js";
import { drawTrial, gridOf, readSpace } from "../../src/cli/search-space.js";
import { letterTable, run, scratchFolder } from "./process.js";

const folder = scratchFolder();
const file = (name: string) => path.join(folder, name);
const QUICK = [
  "--train",
  file("train.tsv"),
  "--epochs",
  "6",
  "--batch-size",
  "8",
  "--hidden-size",
  "8",
  "--embedding-dim",
  "8",
  "--min-count",
  "1",
];

beforeAll(() => writeFileSync(file("train.tsv"), letterTable(3)));

const TABLE: OptionTable = { lr: real(0, 1, ""), hiddenSize: count(1, ""), encoder: choice(["gru", "lstm"], "") };
const space = (value: unknown) => readSpace("space.json", new TextEncoder().encode(JSON.stringify(value)), TABLE);

describe("folds", () => {
  test("every example is in one, and each has its share of every class", () => {
    const examples = Array.from({ length: 100 }, (_, i) => (i < 70 ? "a" : "b"));
    const parts = folds(examples, (name) => name, 5, 1);
    expect(parts.map((rows) => rows.filter((row) => row < 70).length)).toEqual([14, 14, 14, 14, 14]);
    expect(parts.flat().sort((a, b) => a - b)).toEqual(examples.map((_, row) => row));
    expect(folds(examples, (name) => name, 5, 1)).toEqual(parts);
    expect(folds(examples, (name) => name, 5, 2)).not.toEqual(parts);
  });
});

describe("a space", () => {
  test("of lists has all combinations, where they are few enough", () => {
    const lists = space({ encoder: ["gru", "lstm"], hiddenSize: [8, 16, 32] });
    expect(gridOf(lists, 6)).toEqual(["gru", "lstm"].flatMap((encoder) => [8, 16, 32].map((hiddenSize) => ({ encoder, hiddenSize }))));
    expect(gridOf(lists, 5)).toBeUndefined();
    expect(gridOf(space({ lr: { from: 0.1, to: 0.2 } }), 100)).toBeUndefined();
  });

  test("of ranges is drawn from by the seed: within the ends, whole where the option is, even over magnitudes with log", () => {
    const ranges = space({ lr: { from: 0.0001, to: 1, log: true }, hiddenSize: { from: 1, to: 100 } });
    const trials = Array.from({ length: 400 }, (_, i) => drawTrial(ranges, 3, i)) as { lr: number; hiddenSize: number }[];
    expect(drawTrial(ranges, 3, 7)).toEqual(trials[7]);
    for (const { lr, hiddenSize } of trials) {
      expect(lr).toBeGreaterThanOrEqual(0.0001);
      expect(lr).toBeLessThanOrEqual(1);
      expect(Number.isInteger(hiddenSize) && hiddenSize >= 1 && hiddenSize <= 100).toBe(true);
    }
    // Half of the draws lie below the geometric mean 0.01: 200 of 400, give or take three deviations of 10.
    expect(Math.abs(trials.filter(({ lr }) => lr < 0.01).length - 200)).toBeLessThan(30);
    expect(Math.abs(trials.reduce((sum, { hiddenSize }) => sum + hiddenSize, 0) / 400 - 50.5)).toBeLessThan(5);
  });

  test.each([
    [{}, "nothing to try"],
    [{ hiddenSize: 8 }, "hiddenSize 8, wants a list of values"],
    [{ hiddenSize: [] }, "wants a list of values"],
    [{ hiddenSize: [8, 0] }, "hiddenSize 0, wants a whole number from 1"],
    [{ hidenSize: [8] }, "unknown option hidenSize, wants hiddenSize"],
    [{ lr: { from: 0.2, to: 0.1 } }, "lr from 0.2 to 0.1, wants a rising range"],
    [{ lr: { from: 0, to: 0.1, log: true } }, "wants a rising range of numbers, above 0 with log"],
    [{ lr: { from: 0.1, to: 0.2, step: 1 } }, "lr has step, wants from, to and log"],
    [{ encoder: { from: "gru", to: "lstm" } }, "wants a rising range"],
  ])("%j is refused", (value, message) => {
    expect(() => space(value)).toThrow(message);
  });
});

describe("commands", () => {
  test("cross-validate judges a model by every fold, beside baselines, and says mean and deviation", () => {
    const { status, out, err } = run(["cross-validate", "classify", ...QUICK, "--folds", "3"]);
    expect([status, err.match(/fold \d of 3/g)]).toEqual([0, ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]]);
    const { folds: found, mean, deviation, baselines } = JSON.parse(out);
    const values = found.map(({ accuracy }: { accuracy: number }) => accuracy);
    const middle = values.reduce((a: number, b: number) => a + b, 0) / 3;
    expect(mean.accuracy).toBeCloseTo(middle, 12);
    expect(deviation.accuracy).toBeCloseTo(Math.sqrt(values.reduce((sum: number, v: number) => sum + (v - middle) ** 2, 0) / 2), 12);
    expect(Object.keys(baselines).length).toBeGreaterThan(0);
    expect(run(["cross-validate", "classify", ...QUICK, "--folds", "1"])).toMatchObject({
      status: 2,
      err: expect.stringContaining("--folds 1"),
    });
  });

  test("tune keeps the options of the best dev metric, as a configuration that train takes", () => {
    writeFileSync(file("space.json"), '{"lr": [0, 0.02]} // none, and some');
    const { status, out } = run(["tune", "classify", ...QUICK, "--space", file("space.json"), "--out", file("tuned.json")]);
    expect(status).toBe(0);
    const { best, trials } = JSON.parse(out);
    expect(trials.map(({ options }: { options: object }) => options)).toEqual([{ lr: 0 }, { lr: 0.02 }]);
    expect(best).toEqual(trials[1]);
    expect(best.metric).toBeGreaterThan(trials[0].metric);
    expect(JSON.parse(readFileSync(file("tuned.json"), "utf8"))).toMatchObject({ lr: 0.02, hiddenSize: 8, epochs: 6 });
    const again = run(["train", "classify", "--train", file("train.tsv"), "--config", file("tuned.json"), "--out", file("m")]);
    expect([again.status, again.err]).toEqual([0, expect.stringMatching(/\n[1-6] epochs, /)]);
  });
});
