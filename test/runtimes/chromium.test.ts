import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Smoke {
  readonly isolated: boolean;
  readonly result: {
    readonly losses: readonly number[];
    readonly accuracy: number;
    readonly backend: string;
    readonly turns: number;
  };
}

test.for([
  ["plain", "wasm"],
  ["no-wasm", "js"],
] as const)(
  "a %s page of headless Chromium trains a classifier on %s: its loss falls, its saved model is right",
  ([policy, backend], { skip }) => {
    const args = ["scripts/chromium.mjs", policy, "test/runtimes/smoke-training.mjs", "smokeTraining"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    skip(status === 2, stderr.trim());
    expect([status, stderr]).toEqual([0, ""]);
    const { isolated, result } = JSON.parse(stdout) as Smoke;
    expect([isolated, result.backend]).toEqual([false, backend]);
    expect(result.losses).toHaveLength(8);
    expect(result.losses.at(-1)!).toBeLessThan(0.5 * result.losses[0]!);
    expect(result.accuracy).toBeGreaterThan(0.8);
    // Training let the page's own timer in between.
    expect(result.turns).toBeGreaterThan(0);
  },
);
