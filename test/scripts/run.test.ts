/** scripts/run.mjs, as a real process. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/run.mjs", ...args], { encoding: "utf8" });
  return { status, out: stdout, err: stderr };
};

describe("run", () => {
  test("shows a program's head as its help", () => {
    const { status, out } = run("bench/accuracy.ts", "--", "--help");
    expect([status, out.split("\n")[0]]).toEqual([0, expect.stringMatching(/^npm run accuracy -- \[NAME…\] \[options\]: /)]);
    expect(out).toMatch(/^ {2}--seeds 1,2,3 /m);
    expect(out).not.toContain("*/");
  });

  test("an unknown option is one line and code 2", () => {
    const { status, err } = run("bench/accuracy.ts", "--sedes", "1");
    expect(status).toBe(2);
    expect(err).toMatch(/^accuracy\.ts: Unknown option '--sedes'.*--help shows what there is\n$/s);
  });
});
