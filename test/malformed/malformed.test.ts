/** Hostile and odd files: each meets its verdict. The folder beside the repository, when there, is checked whole. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { LATER, READERS } from "./formats.js";
import { type Case, casesOf, isMet, judge, judgeFolder } from "./judge.js";

const fixtures = fileURLToPath(new URL("../fixtures/malformed/", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/golden/malformed/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
if (!existsSync(shared)) console.error("malformed: ../shared is not there, the fixtures alone are checked");

for (const folder of [fixtures, shared]) {
  if (!existsSync(folder)) continue;
  const cases = casesOf(folder).filter(({ format }) => !LATER.has(format));
  describe(folder === shared ? "the whole set" : "fixtures", () => {
    test.each(cases.map((wanted) => [wanted.file, wanted.why, wanted.verdict, wanted] as const))(
      "%s (%s): %s",
      async (_file, _why, verdict, wanted) => {
        const outcome = await judge(folder, wanted);
        expect(isMet(verdict, outcome), outcome).toBe(true);
      },
    );
  });
}

test("the fixtures have files of every format that is read, and only those of their index", () => {
  const cases = casesOf(fixtures);
  expect(new Set(cases.map(({ format }) => format))).toEqual(new Set(READERS.keys()));
  expect(readdirSync(fixtures).sort()).toEqual(["index.json", ...cases.map(({ file }) => file)].sort());
});

describe("the judge", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "malformed-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const judged = async (cases: Partial<Case>[]) => {
    cpSync(fixtures, folder, { recursive: true });
    writeFileSync(path.join(folder, "index.json"), JSON.stringify({ cases }));
    return judgeFolder(folder);
  };

  test("finds verdicts that are not met, contents that are not as expected, formats and keys without meaning", async () => {
    const report = await judged([
      { file: "csv_ok_quotes.csv", format: "csv", verdict: "reject" },
      { file: "csv_bad_ragged.csv", format: "csv", verdict: "accept" },
      { file: "csv_ok_quotes.csv", format: "csv", verdict: "accept", expect: { rows: [] } },
      { file: "csv_ok_quotes.csv", format: "csv", verdict: "either", expect: { colour: "red" } },
      { file: "csv_ok_quotes.csv", format: "hdf5", verdict: "either" },
      { file: "csv_ok_quotes.csv", format: "csv", verdict: "either" },
      { file: "ok_plain.safetensors", format: "safetensors", verdict: "accept", expect: { a: [1, 2, 3, 5] } },
      { file: "vocab_ok_proto.json", format: "vocab", verdict: "accept", expect: { unknown: ["toString"] } },
      { file: "x.onnx", format: "onnx", verdict: "reject" },
    ]);
    expect(report).toMatchObject({ files: 8, met: 1, left: 1 });
    expect(report.failures.map(({ got }) => got)).toEqual([
      "accept",
      "reject",
      expect.stringMatching(/^rows \[.*, wants \[\]$/),
      'colour undefined, wants "red"',
      "no reader of format hdf5",
      "a [1,2,3,4], wants [1,2,3,5]",
      'unknown [], wants ["toString"]',
    ]);
  });

  test("the program prints the report, and its exit code says whether all verdicts are met", () => {
    const run = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/run.mjs", "test/malformed/run.ts", "--", ...args], {
        cwd: root,
        encoding: "utf8",
      });
      return { status, stderr, report: stdout === "" ? undefined : JSON.parse(stdout) };
    };
    const count = casesOf(fixtures).length;
    expect(run(fixtures)).toMatchObject({ status: 0, report: { files: count, met: count, failures: [], left: 0 } });
    expect(run(fixtures, "--formats", "csv,vocab")).toMatchObject({ status: 0, report: { files: 18, met: 18, left: count - 18 } });
    expect(run(folder)).toMatchObject({ status: 1, report: { files: 8, met: 1, left: 1 }, stderr: expect.stringMatching(/^onnx: left/) });
    expect(run(fixtures, "--formats", "hdf5")).toMatchObject({ status: 2, report: undefined });
    expect(run("/nowhere").status).toBe(2);
  });
});
