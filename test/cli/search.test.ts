/** `recurra cross-validate` and `recurra tune`, and what they draw. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { choice, count, type OptionTable, real } from "../../src/cli/options.js";
import { readSpace } from "../../src/cli/search-space.js";
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
  "--encoder",
  "gru",
];

beforeAll(() => writeFileSync(file("train.tsv"), letterTable(3)));

const TABLE: OptionTable = { lr: real(0, 1, ""), hiddenSize: count(1, ""), encoder: choice(["gru", "lstm"], "") };
const space = (value: unknown) => readSpace("space.json", new TextEncoder().encode(JSON.stringify(value)), TABLE);

describe("a space", () => {
  test("has lists, and ranges that are whole where the option is", () => {
    expect(space({ encoder: ["gru"], lr: { low: 0.001, high: 1, log: true }, hiddenSize: { low: 1, high: 100 } })).toEqual({
      encoder: ["gru"],
      lr: { low: 0.001, high: 1, log: true, whole: false },
      hiddenSize: { low: 1, high: 100, whole: true },
    });
  });

  test.each([
    [{ hiddenSize: 8 }, "hiddenSize 8, wants a list of values"],
    [{ hiddenSize: [] }, "wants a list of values"],
    [{ hiddenSize: [8, 0] }, "hiddenSize 0, wants a whole number from 1"],
    [{ hidenSize: [8] }, "unknown option hidenSize, wants hiddenSize"],
    [{ lr: { low: 0.2 } }, "lr.high undefined, wants a number from 0 to 1"],
    [{ lr: { low: 0.1, high: 2 } }, "lr.high 2, wants a number from 0 to 1"],
    [{ lr: { low: 0.1, hihg: 0.2 } }, "unknown option hihg, wants high"],
    [{ encoder: { low: "gru", high: "rnn" } }, 'encoder.high "rnn", wants "gru" or "lstm"'],
  ])("%j is refused", (value, message) => {
    expect(() => space(value)).toThrow(message);
  });
});

describe("commands", () => {
  test("cross-validate judges a model by every fold, beside baselines, and says mean and deviation", () => {
    const { status, out, err } = run(["cross-validate", "classify", ...QUICK, "--folds", "3"]);
    expect([status, err.match(/fold \d of 3/g)]).toEqual([0, ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]]);
    const { folds: found, mean, deviation } = JSON.parse(out);
    const values = found.map(({ accuracy }: { accuracy: number }) => accuracy);
    const middle = values.reduce((a: number, b: number) => a + b, 0) / 3;
    expect(mean.accuracy).toBeCloseTo(middle, 12);
    expect(deviation.accuracy).toBeCloseTo(Math.sqrt(values.reduce((sum: number, v: number) => sum + (v - middle) ** 2, 0) / 2), 12);
    expect(err.match(/naiveBayesWords/g)).toHaveLength(3);
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
    expect(best.score).toBeGreaterThan(trials[0].score);
    expect(JSON.parse(readFileSync(file("tuned.json"), "utf8"))).toMatchObject({ lr: 0.02, hiddenSize: 8, epochs: 6 });
    const again = run(["train", "classify", "--train", file("train.tsv"), "--config", file("tuned.json"), "--out", file("m")]);
    expect([again.status, again.err]).toEqual([0, expect.stringMatching(/\n[1-6] epochs, /)]);
  });
});
