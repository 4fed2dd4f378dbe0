/** `recurra train sequence` and its models, as real processes. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { run, scratchFolder } from "./process.js";

const folder = scratchFolder();
const put = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};
const wave = (from: number, count: number): number[] => Array.from({ length: count }, (_, t) => Math.sin((from + t) / 3));
const csv = (numbers: readonly number[]): string => `level\n${numbers.map((number) => number.toFixed(5)).join("\n")}\n`;

describe("recurra train sequence", () => {
  test("learns the next steps of one series better than the last value, and foretells them", () => {
    const model = path.join(folder, "wave.safetensors");
    const files = ["--train", put("train.csv", csv(wave(0, 300))), "--test", put("test.csv", csv(wave(300, 80)))];
    const { status, out } = run(["train", "sequence", ...files, "--out", model, "--hidden-size", "16", "--epochs", "30"]);
    expect(status).toBe(0);
    const { task, metrics, baselines } = JSON.parse(out);
    expect([task, Object.keys(metrics)]).toEqual(["sequence", ["mae", "rmse", "r2"]]);
    // Steps differ by 2 sin(1/6) cos(…): 0.235 root mean square, which is what the last value is wrong by.
    expect(baselines.lastValue.rmse).toBeCloseTo(0.235, 2);
    expect(metrics.rmse).toBeLessThan(0.18);
    const known = wave(400, 40);
    const [next] = JSON.parse(run(["predict", model, "--json"], `${JSON.stringify(known)}\n`).out).next;
    expect(Math.abs(next[0] - Math.sin(440 / 3))).toBeLessThan(0.2);
    expect(Number(run(["predict", model], `${known.join(" ")}\n`).out)).toBeCloseTo(next[0], 5);
    expect(run(["predict", model], "1 2 three\n")).toMatchObject({ status: 1, err: expect.stringContaining('line 1 "1 2 three", wants') });
    expect(run(["predict", model], "[1, [2, 3]\n")).toMatchObject({ status: 1, err: expect.stringContaining("wants numbers, or JSON") });
  });

  test("learns classes of rows", () => {
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${i % 2 === 0 ? "up" : "down"},${[0, 1, 2].map((t) => (i % 2 === 0 ? t : -t) + i / 60).join(",")}\n`,
    );
    const model = path.join(folder, "classes.safetensors");
    const data = put("classes.csv", `target,a,b,c\n${rows.join("")}`);
    const { status, err } = run(["train", "sequence", "--train", data, "--out", model, "--hidden-size", "8", "--epochs", "20"]);
    expect([status, err]).toEqual([0, expect.stringMatching(/this model +\d+\.\d\d % +\d+\.\d\d %/)]);
    const [row] = run(["predict", model, "--top", "2"], "0,1,2\n").out.trim().split("\n");
    expect(row).toMatch(/^up\t0\.[5-9]\d+\tdown\t0\.\d+$/);
    const judged = JSON.parse(run(["eval", model, data, "--json"]).out);
    expect(judged.metrics.accuracy).toBeGreaterThan(0.9);
  });
});
