import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the vanishing-gradient example prints a row for each network and draws a picture", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "recurra-"));
  const picture = path.join(folder, "a/vanishing.svg");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["scripts/run.mjs", "examples/vanishing-gradients.ts", "--steps", "30", "--updates", "3", "--out", picture],
    { cwd: root, encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, ""]);
  const rows = stdout.split("\n").filter((line) => /^\| (Elman|GRU|LSTM)/.test(line));
  expect(rows).toHaveLength(4);
  // The tanh network's gradient vanishes, the identity's does not.
  const ratio = (row: string) => Number(row.split("|")[2]);
  expect(ratio(rows[0]!)).toBeLessThan(1e-4);
  expect(ratio(rows[1]!)).toBeGreaterThan(0.1);
  expect(readFileSync(picture, "utf8").match(/<polyline/g)).toHaveLength(8);
  rmSync(folder, { recursive: true });
});
