/** `recurra train classify` and what stands around it, as real processes. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { cli, letterTable, run, scratchFolder, start } from "./process.js";

const folder = scratchFolder();
const file = (name: string) => path.join(folder, name);
const put = (name: string, text: string | Uint8Array): string => {
  writeFileSync(file(name), text);
  return file(name);
};
/** Small and quick on letters. */
const QUICK = ["--epochs", "12", "--batch-size", "8", "--hidden-size", "8", "--embedding-dim", "8", "--min-count", "1"];

beforeAll(() => {
  put("train.tsv", letterTable(4));
  put("test.tsv", letterTable(1));
});

const weightsIn = (record: string): string => JSON.parse(readFileSync(record, "utf8")).model.weights;

describe("recurra train classify", () => {
  test("prints baselines before it trains, and ends with one line of JSON; model, record, log and report are there", () => {
    const out = file("a/b/model.safetensors");
    const args = ["--train", file("train.tsv"), "--test", file("test.tsv"), "--out", out, "--log", file("log.jsonl")];
    const { status, out: said, err } = run(["train", "classify", ...args, "--report", file("report.html"), ...QUICK]);
    expect([status, said.split("\n").length]).toEqual([0, 2]);
    const summary = JSON.parse(said);
    expect(Object.keys(summary)).toEqual(["task", "metrics", "baselines", "epochs", "seconds", "parameters"]);
    expect(summary.task).toBe("classify");
    expect(summary.metrics.accuracy).toBeGreaterThan(0.9);
    expect(summary.metrics.accuracy).toBeLessThanOrEqual(1);
    expect(err.indexOf("baselines on test")).toBeLessThan(err.indexOf("epoch 1/12"));
    expect(err).toMatch(/^train {2}108 texts, 2 labels .*\ndev {4}12 texts, 2 labels \(cut from .*\ntest {3}30 texts, 2 labels/);
    // Not a terminal: lines are not rewritten, and nothing is coloured.
    expect(err).not.toContain("\x1b");
    expect(err).not.toContain("\r");
    const events = readFileSync(file("log.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ event: "run", plan: { task: "classify", seed: 1 } });
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["start", "evaluate", "epoch", "end", "saved"]));
    expect(events.at(-1).event).toBe("metrics");
    expect(events.at(-1).test).toEqual(summary.metrics);
    expect(readFileSync(file("report.html"), "utf8")).toMatch(/^<!doctype html>[\s\S]*<svg[\s\S]*low taken for/);
    const predicted = run(["predict", out], "aab\nhhi\n")
      .out.split("\n")
      .map((line) => line.split("\t")[0]);
    expect(predicted).toEqual(["low", "high", ""]);
    const judged = run(["eval", out, file("test.tsv"), "--json"]);
    expect(JSON.parse(judged.out).metrics).toEqual(summary.metrics);
  });

  test("says that a first line may be a header, where its label comes once and all others more often", () => {
    const quick = [...QUICK, "--epochs", "1", "--out", file("headed.safetensors")];
    const note = /^note .*"Text", has the label "Class".*--columns/m;
    const table = `Class\tText\n${letterTable(2)}`;
    const noted = (text: string, columns: readonly string[] = []) =>
      note.test(run(["train", "classify", "--train", put("headed.tsv", text), ...columns, ...quick]).err);
    expect(noted(table)).toBe(true);
    expect(noted(table, ["--columns", "label=Class,text=Text"])).toBe(false);
    expect(noted(`${table}other\tzzz\n`)).toBe(false);
  });

  test("eval gives 95 % intervals around each metric, and tests the difference of two models", () => {
    const crossed = letterTable(4).replace(/^(low|high)/gm, (label) => (label === "low" ? "high" : "low"));
    const train = (name: string, data: string) => run(["train", "classify", "--train", data, "--out", file(name), ...QUICK]).status;
    expect([train("good", file("train.tsv")), train("bad", put("crossed.tsv", crossed))]).toEqual([0, 0]);
    const { metrics, intervals, against } = JSON.parse(
      run(["eval", file("good"), file("test.tsv"), "--against", file("bad"), "--json"]).out,
    );
    for (const name of ["accuracy", "macroF1"]) {
      expect(intervals[name].low).toBeLessThanOrEqual(metrics[name]);
      expect(intervals[name].high).toBeGreaterThanOrEqual(metrics[name]);
    }
    expect(against).toMatchObject({ model: file("bad"), metric: "accuracy", difference: metrics.accuracy - against.metrics.accuracy });
    expect(against.difference).toBeGreaterThan(0.8);
    expect(against.p).toBeLessThan(0.001);
    const text = run(["eval", file("good"), file("test.tsv"), "--against", file("good")]).out;
    expect(text).toMatch(/95 % intervals +from +to\n[\s\S]*difference in accuracy \+0\.00 %, p = 1\.0 \(exact randomisation\)\n$/);
  });

  test("the same seed gives the same weights, another one others; verify repeats the run and notices what changed", () => {
    const train = (seed: string, name: string) =>
      run(["train", "classify", "--train", file("train.tsv"), "--out", file(name), "--seed", seed, "--numerics", "reproducible", ...QUICK]);
    expect([train("3", "s3").status, train("3", "t3").status, train("4", "s4").status]).toEqual([0, 0, 0]);
    expect(weightsIn(file("s3.run.json"))).toBe(weightsIn(file("t3.run.json")));
    expect(weightsIn(file("s3.run.json"))).not.toBe(weightsIn(file("s4.run.json")));
    const good = run(["verify", file("s3.run.json")]);
    expect([good.status, JSON.parse(good.out).same]).toEqual([0, true]);

    const record = JSON.parse(readFileSync(file("s3.run.json"), "utf8"));
    const other = run(["verify", put("other.run.json", JSON.stringify({ ...record, seed: 4 }))]);
    expect([other.status, JSON.parse(other.out).same, JSON.parse(other.out).weights]).toEqual([1, false, weightsIn(file("s4.run.json"))]);
    expect(other.err).toContain("other weights than recorded");
    const data = { train: { ...record.data.train, sha256: "0".repeat(64) } };
    const moved = run(["verify", put("moved.run.json", JSON.stringify({ ...record, data }))]);
    expect([moved.status, moved.out]).toEqual([1, ""]);
    expect(moved.err).toMatch(/train\.tsv: SHA-256 [0-9a-f]{64}, wants 0{64}, as the record/);
    expect(run(["verify", put("typo.run.json", JSON.stringify({ ...record, options: { hidenSize: 4 } }))]).err).toContain("hidenSize");
  });

  test("--multi-label: texts of several labels are judged by micro F1 and exact matches", () => {
    const rows = ["a", "b", "c"].flatMap((one) =>
      ["a", "b", "c"].map((two) => [[...new Set([one, two])].sort().join("+"), `${one}${one} ${two}${two}`]),
    );
    const data = put(
      "several.tsv",
      rows
        .map((row) => `${row.join("\t")}\n`)
        .join("")
        .repeat(8),
    );
    const args = ["--train", data, "--test", data, "--multi-label", "+", "--out", file("several"), "--epochs", "20", "--batch-size", "8"];
    const { status, out } = run(["train", "classify", ...args, "--min-count", "1"]);
    const { metrics } = JSON.parse(out);
    expect([status, Object.keys(metrics)]).toEqual([0, ["microF1", "macroF1", "exactMatch"]]);
    expect(metrics.microF1).toBeGreaterThan(0.9);
    const [said] = run(["predict", file("several"), "--json"], "aa cc\n").out.split("\n");
    expect(JSON.parse(said!).labels.sort()).toEqual(["a", "c"]);
    expect(JSON.parse(run(["eval", file("several"), data, "--multi-label", "+", "--json"]).out).metrics).toEqual(metrics);
  });

  test.each(["bag", "window", "gru"])("--encoder %s, with --tokenizer", (encoder) => {
    const args = ["--train", file("train.tsv"), "--out", file(encoder), "--encoder", encoder, "--tokenizer", "characters", "--lowercase"];
    expect(run(["train", "classify", ...args, ...QUICK]).status).toBe(0);
    expect(JSON.parse(readFileSync(file(`${encoder}.run.json`), "utf8")).config.encoder).toBe(encoder);
    expect(run(["predict", file(encoder)], "AAB\n").status).toBe(0);
    expect(run(["train", "classify", ...args.filter((arg) => !/tokenizer|characters/.test(arg))])).toMatchObject({
      status: 2,
      err: expect.stringContaining("lowercase without tokenizer"),
    });
  });

  test("explain shows what tokens add to a label: their weights and the rest, of one label or another", () => {
    expect(run(["train", "classify", "--train", file("train.tsv"), "--out", file("explained"), "--encoder", "bag"]).status).toBe(0);
    const explained = JSON.parse(run(["explain", file("explained"), "aaa fff", "--label", "low", "--json"]).out);
    expect(explained.tokens.map(({ start, end }: { start: number; end: number }) => [start, end])).toEqual([
      [0, 3],
      [4, 7],
    ]);
    expect(explained.tokens[0].weight).toBeGreaterThan(explained.tokens[1].weight);
    expect(run(["explain", file("explained"), "aaa"]).out).toMatch(/^low [01]\.\d{4}\n\ntoken[\s\S]*\(rest\) +-?\d/);
    expect(run(["explain", file("explained"), "aaa", "--label", "lwo"])).toMatchObject({ status: 2, err: expect.stringContaining("lwo") });
  });

  test("a reader of its progress that goes away does not end it", () => {
    const args = ["train", "classify", "--train", file("train.tsv"), "--out", file("unread"), ...QUICK].map((arg) => `'${arg}'`).join(" ");
    spawnSync("sh", ["-c", `'${process.execPath}' '${cli}' ${args} 2>&1 >/dev/null | head -n 1`]);
    expect(run(["predict", file("unread")], "aab\n").status).toBe(0);
  });

  test("flags go before the configuration file", () => {
    const config = put("config.json", '{"epochs": 2, "hiddenSize": 4, "batchSize": 30, "minCount": 1, "seed": 9}');
    const { status, err } = run([
      "train",
      "classify",
      "--train",
      file("train.tsv"),
      "--out",
      file("c"),
      "--config",
      config,
      "--epochs",
      "1",
    ]);
    expect([status, err]).toEqual([0, expect.stringMatching(/\n1 epochs, 4 steps/)]);
    const record = JSON.parse(readFileSync(file("c.run.json"), "utf8"));
    expect(record.options).toEqual({ epochs: 1, hiddenSize: 4, batchSize: 30, minCount: 1 });
    expect([record.seed, record.config.hiddenSize]).toEqual([9, 4]);
  });

  test("a run that a signal ended goes on from its checkpoints to the weights of one that was never disturbed", async () => {
    const args = [
      "train",
      "classify",
      "--train",
      file("train.tsv"),
      "--seed",
      "5",
      "--numerics",
      "reproducible",
      ...QUICK,
      "--epochs",
      "60",
    ];
    expect(run([...args, "--patience", "60", "--out", file("whole")]).status).toBe(0);
    const parts = [...args, "--patience", "60", "--out", file("parts"), "--checkpoints", file("kept")];
    let sent = false;
    const stopped = await start(parts, (said, child) => {
      if (!sent && said.includes("epoch 1/")) sent = child.kill("SIGTERM");
    });
    expect(stopped.status).toBe(143);
    expect(run([...parts, "--resume", "--log", file("resumed.jsonl")]).status).toBe(0);
    expect(readFileSync(file("resumed.jsonl"), "utf8")).toContain('"event":"resume"');
    expect(weightsIn(file("parts.run.json"))).toBe(weightsIn(file("whole.run.json")));
    expect(run([...args, "--resume"])).toMatchObject({ status: 2, err: expect.stringContaining("--resume without --checkpoints") });
  });

  test("--init starts from another model, which the record names", () => {
    const args = ["train", "classify", "--train", file("train.tsv"), ...QUICK];
    expect(run([...args, "--out", file("first")]).status).toBe(0);
    const { status } = run([...args, "--epochs", "1", "--lr", "0", "--init", file("first"), "--out", file("second")]);
    expect(status).toBe(0);
    expect(weightsIn(file("second.run.json"))).toBe(weightsIn(file("first.run.json")));
    expect(JSON.parse(readFileSync(file("second.run.json"), "utf8")).init.path).toBe("first");
    expect(run(["verify", file("second.run.json")]).status).toBe(0);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends after the step, saves a model that runs, and exits with %i", async (signal, code) => {
    const out = file(`${signal}.safetensors`);
    const args = ["train", "classify", "--train", file("train.tsv"), "--out", out, "--epochs", "1000000", "--patience", "1000000"];
    let sent = false;
    const { status, err } = await start(args, (said, child) => {
      if (!sent && said.includes("epoch 1/")) sent = child.kill(signal);
    });
    expect([status, err]).toEqual([code, expect.stringContaining(`(aborted); saved to ${out}`)]);
    expect(run(["predict", out], "aab\n").status).toBe(0);
  });
});

describe("what train refuses", () => {
  const wrong: [string, () => string[], number, RegExp][] = [
    ["no data", () => [], 2, /required option '--train <file>' not specified/],
    ["a missing file", () => ["--train", file("none.tsv")], 1, /^recurra: read .*none\.tsv: ENOENT.*wants a readable file\n$/],
    ["a folder", () => ["--train", folder], 1, /^recurra: read .*: EISDIR.*wants a readable file\n$/],
    ["an empty file", () => ["--train", put("empty.tsv", "")], 1, /^recurra: .*empty\.tsv.*wants at least/],
    [
      "a binary file",
      () => ["--train", put("binary.tsv", Uint8Array.of(0x97, 0xff, 0, 1, 0x0a, 0x80))],
      1,
      /^recurra: .*binary\.tsv.*wants UTF-8/,
    ],
    ["wrong columns", () => ["--train", put("wide.tsv", "a\tb\tc\n")], 1, /^recurra: .*wide\.tsv.*3 columns.*wants/],
    ["columns that are none", () => ["--train", file("train.tsv"), "--columns", "label"], 2, /columns.*label.*wants name=column/],
    ["an unknown role", () => ["--train", file("train.tsv"), "--columns", "lable=1,text=2"], 2, /unknown option lable, wants label/],
    ["one label", () => ["--train", put("one.tsv", "a\tb\na\tc\n")], 2, /1 labels?, wants at least 2/],
    [
      "an unknown option",
      () => ["--train", file("train.tsv"), "--hiden-size", "3"],
      2,
      /unknown option '--hiden-size'\n\(Did you mean --hidden-size/,
    ],
    ["a bad number", () => ["--train", file("train.tsv"), "--epochs", "0"], 2, /train classify: --epochs 0, wants a whole number from 1/],
    ["a missing configuration", () => ["--train", file("train.tsv"), "--config", file("none.json")], 1, /none\.json: ENOENT/],
    ["a place that is a folder", () => ["--train", file("train.tsv"), "--out", folder], 1, /^recurra: write .*: a folder, wants a file/],
    ["a log that is a folder", () => ["--train", file("train.tsv"), "--log", folder], 1, /^recurra: write .*: a folder, wants a file/],
  ];
  test.each(wrong)("%s, with a clear message and exit code", (_, args, code, message) => {
    const { status, out, err } = run(["train", "classify", "--out", file("never.safetensors"), ...args()]);
    expect(err).toMatch(message);
    expect([status, out]).toEqual([code, ""]);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test("an unknown task and a record that is none", () => {
    expect(run(["train", "clasify"])).toMatchObject({ status: 2, err: expect.stringContaining("Did you mean classify?") });
    mkdirSync(file("r"));
    expect(run(["verify", put("r/x.json", "{}")])).toMatchObject({ status: 1, err: expect.stringContaining("no record of a run") });
    expect(run(["verify", put("r/y.json", '{"format": "recurra-run", "version": 1, "model": {}, "data": {"train": {}}}')]).err).toContain(
      "model without path and sha256",
    );
  });

  test("--help of every command has examples and is no error, into a pipe that closes too", () => {
    for (const command of [["train", "classify"], ["predict"], ["eval"], ["explain"], ["inspect"], ["verify"]]) {
      const { status, out } = run([...command, "--help"]);
      expect([status, out]).toEqual([0, expect.stringMatching(/\nExamples:\n {2}.*recurra /)]);
    }
  });
});
