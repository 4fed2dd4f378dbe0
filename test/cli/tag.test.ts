/** `recurra train tag` and its models, as real processes. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run, scratchFolder } from "./process.js";

const folder = scratchFolder();
const file = (name: string) => path.join(folder, name);
const model = file("tagger.safetensors");
const NAMES = ["Ana", "Bo Li", "Carla", "Dan Ek"];
const CITIES = ["Rome", "Oslo", "Lima"];

/** Sentences with names and places, in two columns with empty lines between. */
function sentences(repeats: number): string {
  const blocks = NAMES.flatMap((name) =>
    CITIES.map((city) => {
      const person = name.split(" ").map((word, i) => `${word}\t${i === 0 ? "B" : "I"}-per\n`);
      return `${person.join("")}lives\tO\nin\tO\n${city}\tB-loc\n.\tO\n\n`;
    }),
  );
  return blocks.join("").repeat(repeats);
}

beforeAll(() => {
  writeFileSync(file("train.conll"), sentences(6));
  writeFileSync(file("test.conll"), sentences(1));
});

describe("recurra train tag", () => {
  test("learns entities, and says accuracy, precision, recall and F1 in its last line", () => {
    const sizes = ["--hidden-size", "8", "--embedding-dim", "8", "--affix-dim", "8", "--epochs", "20", "--batch-size", "8", "--lr", "0.02"];
    const files = ["--train", file("train.conll"), "--dev", file("test.conll"), "--test", file("test.conll"), "--out", model];
    const { status, out, err } = run(["train", "tag", ...files, ...sizes]);
    expect([status, err]).toEqual([0, expect.stringContaining("sentences, ")]);
    const { task, metrics } = JSON.parse(out);
    expect([task, Object.keys(metrics)]).toEqual(["tag", ["accuracy", "precision", "recall", "f1"]]);
    expect(metrics.f1).toBeGreaterThan(0.9);
    const judged = run(["eval", model, file("test.conll"), "--json"]);
    expect(JSON.parse(judged.out).metrics).toEqual(metrics);
    expect(readFileSync(file("tagger.run.json"), "utf8")).toContain('"task": "tag"');
  });

  test("predict gives a token and its tag a line and an empty line behind a sentence; JSON has places in the text", () => {
    expect(run(["predict", model], "Bo Li lives in Oslo.\n\nAna lives in Rome.\n").out).toBe(
      "Bo\tB-per\nLi\tI-per\nlives\tO\nin\tO\nOslo\tB-loc\n.\tO\n\n\nAna\tB-per\nlives\tO\nin\tO\nRome\tB-loc\n.\tO\n\n",
    );
    const tagged = JSON.parse(run(["predict", model, "--json"], "  Bo Li lives in Oslo.\n").out);
    expect(tagged.entities).toEqual([
      { type: "per", text: "Bo Li", start: 2, end: 7 },
      { type: "loc", text: "Oslo", start: 17, end: 21 },
    ]);
    expect(tagged.tokens.at(-1)).toEqual({ text: ".", start: 21, end: 22, tag: "O" });
  });

  test("--tokens takes what stands between spaces as tokens", () => {
    expect(run(["predict", model, "--tokens"], "Ana  lives\n").out).toBe("Ana\tB-per\nlives\tO\n\n");
    expect(JSON.parse(run(["predict", model, "--tokens", "--json"], "Ana lives\n").out)).toEqual({
      tokens: ["Ana", "lives"],
      tags: ["B-per", "O"],
    });
  });

  test("--vectors are what words start with, the record has their hash, and verify reads them again", () => {
    writeFileSync(file("vectors.txt"), "ana 1 2 3 4\nrome 0 0 1 0\nlives 0.5 0 0 0\n");
    const args = ["--train", file("train.conll"), "--vectors", file("vectors.txt"), "--hidden-size", "4", "--epochs", "1"];
    expect(run(["train", "tag", ...args, "--numerics", "reproducible", "--out", file("v.safetensors")]).status).toBe(0);
    const record = JSON.parse(readFileSync(file("v.run.json"), "utf8"));
    expect([record.config.embeddingDim, record.vectors.path]).toEqual([4, "vectors.txt"]);
    expect(run(["verify", file("v.run.json")]).status).toBe(0);
    writeFileSync(file("vectors.txt"), "ana 1 2 3\nrome 0 0 1 0\n");
    expect(run(["verify", file("v.run.json")]).err).toMatch(/vectors\.txt: SHA-256/);
    expect(run(["train", "tag", ...args, "--out", file("w")])).toMatchObject({
      status: 1,
      err: expect.stringMatching(/vectors\.txt, line 2/),
    });
  });

  test("a table without --columns is refused with the columns it has", () => {
    writeFileSync(file("wide.tsv"), "x\tAna lives\tB-per O\n");
    const { status, err } = run(["train", "tag", "--train", file("wide.tsv"), "--out", file("never")]);
    expect([status, err]).toEqual([1, expect.stringMatching(/3 columns.*Ana lives.*wants/)]);
  });
});
