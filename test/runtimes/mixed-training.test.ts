import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("mixed-training.mjs", import.meta.url));
const pinned = readFileSync(new URL("mixed-training.sha256", import.meta.url), "utf8").trim();

test.each(["wasm", "js"])("%s: the weights after a thousand mixed training steps are the pinned bits", (backend) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, backend], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout.trim()).toBe(pinned);
});
