import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the vanishing-gradient example, on short sequences: whose gradient reaches the first step, who learns, and a picture", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "recurra-"));
  const picture = path.join(folder, "a/vanishing.svg");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["scripts/run.mjs", "examples/vanishing-gradients.ts", "--steps", "30", "--updates", "500", "--out", picture],
    { cwd: root, encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, ""]);
  const rows = stdout.split("\n").filter((line) => /^\| (Elman|GRU|LSTM)/.test(line));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  expect(cells.map(([, name]) => name)).toEqual(["Elman, tanh", "Elman, ReLU, identity", "GRU", "LSTM"]);
  // The tanh network's gradient vanishes, the identity's does not; the gates open while the GRU learns.
  const share = (row: number, column: number) => Number(cells[row]![column]);
  expect(share(0, 2)).toBeLessThan(1e-4);
  expect(share(0, 3)).toBeLessThan(1e-4);
  expect(share(1, 2)).toBeGreaterThan(0.1);
  expect(share(2, 2)).toBeLessThan(1e-4);
  expect(share(2, 3)).toBeGreaterThan(0.01);
  expect([cells[0]!.at(-2), cells[2]!.at(-2), cells[3]!.at(-2)]).toEqual(["no", "yes", "yes"]);
  expect(readFileSync(picture, "utf8").match(/<path d="M/g)).toHaveLength(8);
  rmSync(folder, { recursive: true });
});
