/** The built command as a process. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createEngine, VERSION } from "../../src/index.js";
import { trainSequenceClassifier } from "../../src/tasks/index.js";
import { cli, run, scratchFolder } from "./process.js";

const folder = scratchFolder();
const model = path.join(folder, "model.safetensors");

beforeAll(async () => {
  const engine = await createEngine({ seed: 1 });
  const letters = "abcdefghij".split("").flatMap((letter) => [
    { text: letter.repeat(3), label: letter < "f" ? "low" : "high" },
    { text: `${letter}${letter}`, label: letter < "f" ? "low" : "high" },
  ]);
  const { classifier } = await trainSequenceClassifier(
    engine,
    { train: letters, dev: [] },
    { hiddenSize: 8, embeddingDim: 8, epochs: 30, batchSize: 4, dropout: 0, tokenDropout: 0, minCount: 1 },
  );
  writeFileSync(model, classifier.save());
  engine.dispose();
});
describe("recurra predict", () => {
  test("labels lines of standard input: label, probability, text", () => {
    const { status, out, err } = run(["predict", model], "aab\nhhi\r\n");
    expect([status, err]).toEqual([0, ""]);
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(rows.map(([label, , text]) => [label, text])).toEqual([
      ["low", "aab"],
      ["high", "hhi"],
    ]);
    for (const [, probability] of rows) expect(Number(probability)).toBeGreaterThan(0.5);
  });

  test("reads a file, empty lines and a byte order mark included; gives the k likeliest and JSON", () => {
    const file = path.join(folder, "text.txt");
    writeFileSync(file, "\ufeffccc\n\njj\n");
    const { status, out } = run(["predict", model, file, "--top", "2", "--json"]);
    expect(status).toBe(0);
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { text: string; predictions: { label: string; probability: number }[] });
    expect(rows.map(({ text }) => text)).toEqual(["ccc", "", "jj"]);
    expect(rows[0]!.predictions.map(({ label }) => label)).toEqual(["low", "high"]);
    expect(rows[0]!.predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 3);
  });

  test("the TypeScript backend prints the same", () => {
    expect(run(["predict", model, "--backend", "js"], "aab\nhhi\n")).toEqual(run(["predict", model], "aab\nhhi\n"));
  });

  test("empty input gives empty output", () => {
    expect(run(["predict", model])).toEqual({ status: 0, out: "", err: "" });
  });

  test("many lines into a pipe that closes early is no failure", () => {
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `yes abc | head -n 20000 | "${process.execPath}" "${cli}" predict "${model}" | head -n 1`],
      { encoding: "utf8" },
    );
    expect([status, stderr]).toEqual([0, ""]);
  });

  const wrong: [string, string[], number, RegExp][] = [
    ["a missing model", ["predict", path.join(folder, "none")], 1, /^recurra: read .*none: ENOENT.*wants a readable file\n$/],
    ["a missing text", ["predict", model, path.join(folder, "none.txt")], 1, /^recurra: .*none\.txt/],
    ["a model that is none", ["predict", cli], 1, /^recurra: safetensors: a header of \d+ bytes/],
    ["an unknown option", ["predict", model, "--tpo", "3"], 2, /unknown option '--tpo'[\s\S]*--top/],
    ["an unknown command", ["perdict"], 2, /unknown command 'perdict'[\s\S]*predict/],
    ["a bad number", ["predict", model, "--top", "0"], 2, /--top 0, wants a whole number from 1/],
    ["a bad backend", ["predict", model, "--backend", "gpu"], 2, /backend "gpu", wants "auto", "wasm" or "js"/],
    ["no model", ["predict"], 2, /missing required argument 'model'/],
  ];
  test.each(wrong)("%s ends with a clear message and its exit code", (_, args, code, message) => {
    const { status, out, err } = run(args);
    expect(err).toMatch(message);
    expect([status, out]).toEqual([code, ""]);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test("text that is not UTF-8 is refused with its line", () => {
    const file = path.join(folder, "latin1.txt");
    writeFileSync(file, Buffer.from([0x61, 0x0a, 0xe9, 0x0a]));
    const { status, err } = run(["predict", model, file]);
    expect([status, err]).toEqual([1, expect.stringMatching(/^recurra: .*latin1\.txt, line 2, column 1: .*, wants UTF-8\n$/)]);
  });

  test("--help shows examples, --version the version", () => {
    const help = run(["predict", "--help"]);
    expect(help.status).toBe(0);
    expect(help.out).toMatch(/Examples:\n.*recurra predict models\/language\.safetensors/);
    expect(run(["--version"])).toEqual({ status: 0, out: `${VERSION}\n`, err: "" });
    expect(run([]).status).toBe(2);
  });
});
