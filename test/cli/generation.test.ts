/** `recurra train seq2seq`, `train lm` and `generate`, as real processes. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { lm } from "../../src/cli/tasks/lm.js";
import { run, scratchFolder } from "./process.js";

const folder = scratchFolder();
const put = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

/** Numbers in another order of their digits: 0 … 999 backwards, with leading zeros. */
const pairs = (from: number, step: number): string =>
  Array.from({ length: 300 }, (_, i) => String((from + i * step) % 1000).padStart(3, "0"))
    .map((digits) => `${digits}\t${[...digits].reverse().join("")}\n`)
    .join("");

describe("recurra train seq2seq", () => {
  const model = path.join(folder, "digits.safetensors");
  const train = put("train.tsv", pairs(0, 7) + pairs(3, 11) + pairs(5, 13));
  const small = ["--hidden-size", "48", "--batch-size", "32", "--dropout", "0", "--lr", "0.01", "--epochs", "12"];
  const trained = run(["train", "seq2seq", "--train", train, "--test", put("test.tsv", pairs(1, 17)), "--out", model, ...small]);

  test("ends with its metrics beside those of copying", () => {
    expect(trained.status).toBe(0);
    const { task, metrics, baselines } = JSON.parse(trained.out.trim().split("\n").at(-1)!);
    expect([task, Object.keys(metrics)]).toEqual(["seq2seq", ["exactMatch", "tokenErrorRate", "bleu", "chrf"]]);
    expect(metrics.exactMatch).toBeGreaterThan(0.9);
    expect(baselines.copy.exactMatch).toBeLessThan(0.2);
  });

  test("predict writes a line for each, n best with scores, and what they attend to", () => {
    expect(run(["predict", model], "123\n456\n").out).toBe("321\n654\n");
    const lines = run(["predict", model, "--nbest", "2", "--beam", "4"], "123\n").out.trim().split("\n");
    expect(lines[0]).toMatch(/^321\t-\d+\.\d{4}$/);
    expect(lines).toHaveLength(2);
    expect(run(["predict", model, "--alignment"], "123\n").out).toMatch(/^321\t\d-0 \d-1 \d-2\n$/);
    const { outputs } = JSON.parse(run(["predict", model, "--json", "--alignment"], "123\n").out);
    expect(outputs[0].attention).toHaveLength(4);
    expect(run(["predict", model, "--beam", "0"], "123\n")).toMatchObject({ status: 2, err: expect.stringContaining("--beam 0, wants") });
  });

  test("eval judges it on other pairs", () => {
    const { metrics } = JSON.parse(run(["eval", model, put("other.tsv", pairs(2, 19)), "--json"]).out);
    expect(metrics.exactMatch).toBeGreaterThan(0.9);
  });
});

describe("recurra train lm", () => {
  const model = path.join(folder, "text.safetensors");
  const text = put("text.txt", "one two three four five six seven eight nine ten\n".repeat(120));
  const options = ["--hidden-size", "32", "--embedding-dim", "16", "--dropout", "0", "--epochs", "14", "--batch-size", "8"];
  const trained = run(["train", "lm", "--train", text, "--test", text, "--out", model, ...options]);

  test("ends with nats, bits and perplexity, better than shares of characters", () => {
    expect(trained).toMatchObject({ status: 0, err: expect.stringMatching(/ \d+ tokens\/s /) });
    const { metrics, baselines } = JSON.parse(trained.out.trim().split("\n").at(-1)!);
    expect(Object.keys(metrics)).toEqual(["nats", "bitsPerCharacter", "perplexity"]);
    expect(metrics.nats).toBeLessThan(0.3);
    expect(metrics.bitsPerCharacter).toBeCloseTo(metrics.nats / Math.LN2, 6);
    expect(baselines.characterShares.nats).toBeGreaterThan(2);
  });

  test("generate writes on from the prompt, the same for the same seed, and ends before a stop", () => {
    const written = run(["generate", model, "--prompt", "one two ", "--temperature", "0", "--stop", "six"]);
    expect(written).toMatchObject({ status: 0, out: "one two three four five \n" });
    const draw = (seed: string) => run(["generate", model, "--max-tokens", "40", "--temperature", "4", "--seed", seed]).out;
    expect(draw("1")).toBe(draw("1"));
    expect(draw("1")).not.toBe(draw("2"));
    expect(run(["generate", model, "--top-p", "7"])).toMatchObject({ status: 2, err: expect.stringContaining("--top-p 7, wants") });
  });

  test("predict gives nats of lines; generate wants a language model", () => {
    const [known, unlike] = run(["predict", model], "one two three four\nxqzwv\n")
      .out.trim()
      .split("\n")
      .map((line) => Number(line.split("\t")[0]));
    expect(known).toBeLessThan(unlike!);
    expect(run(["predict", model], "\n").out).toBe("-\t\n");
    const other = path.join(folder, "digits.safetensors");
    expect(run(["generate", other])).toMatchObject({ status: 1, err: expect.stringContaining('task "seq2seq", wants a language-model') });
  });
});

describe("the parts of a text", () => {
  test("are what it is judged by, so that intervals and tests have many", () => {
    const model = path.join(folder, "text.safetensors");
    const text = put("numbers.txt", "one two three four five six seven eight nine ten\n".repeat(100));
    const { examples, metrics, intervals, against } = JSON.parse(run(["eval", model, text, "--against", model, "--json"]).out);
    expect(examples).toBe(5);
    expect(intervals.nats.low).toBeLessThan(metrics.nats);
    expect(intervals.nats.high).toBeGreaterThan(metrics.nats);
    expect(against).toMatchObject({ difference: 0, p: 1 });
  });

  test("an empty text is refused by its name, and one too short for dev is judged by itself", () => {
    const out = ["--out", path.join(folder, "tiny.safetensors"), "--epochs", "1"];
    expect(run(["train", "lm", "--train", put("empty.txt", ""), ...out])).toMatchObject({
      status: 1,
      err: expect.stringMatching(/empty\.txt: no text, wants at least one\n$/),
    });
    const { status, err } = run(["train", "lm", "--train", put("short.txt", "ab\n"), ...out]);
    expect([status, err.includes("baselines on train"), err.includes("NaN")]).toEqual([0, true, false]);
  });
});

describe("dev of a text", () => {
  /** What was cut, put together again. */
  const joined = (text: string) => {
    const { train, dev } = lm.cut!([text]);
    // A text too short to cut anything off stays whole.
    if (dev.length === 0) expect(train).toEqual([text]);
    else expect(train.length).toBe(dev.length);
    expect(train.map((piece, i) => piece + (dev[i] ?? "")).join("")).toBe(text);
    return { train, dev };
  };

  test("is whole lines from ten places, three of a hundred characters", () => {
    const { dev } = joined(Array.from({ length: 2000 }, (_, i) => `line ${i} of them all\n`).join(""));
    expect(dev).toHaveLength(10);
    for (const piece of dev) expect(piece).toMatch(/^(line \d+ of them all\n)+$/);
    expect(dev.join("").length / (2000 * 22)).toBeCloseTo(0.03, 2);
  });

  test("leaves something to learn from of a text that is one line, and halves no character", () => {
    for (const text of ["hello", "a", `${"word ".repeat(500)}end`, "\u{1F600}".repeat(997)]) {
      const { train, dev } = joined(text);
      expect(train.join("").length).toBeGreaterThan(0.9 * text.length - 1);
      for (const piece of [...train, ...dev]) expect(piece).not.toMatch(/\p{Surrogate}/u);
    }
    expect(joined("").train.join("")).toBe("");
  });

  test("a model of a few lines trains", () => {
    const options = ["--lines", "--epochs", "1", "--out", path.join(folder, "few.safetensors")];
    expect(run(["train", "lm", "--train", put("few.txt", "anna\nben\nclara\n"), ...options])).toMatchObject({ status: 0 });
  });
});
