import { describe, expect, test } from "vitest";
import { ProgressLine, progressText } from "../../src/cli/progress.js";

const state = {
  epoch: 1,
  epochs: 10,
  step: 150,
  steps: 1000,
  examplesPerSecond: 1234.4,
  lr: 0.01,
  loss: 0.3116,
  metric: 0.951,
  best: 0.96,
  secondsLeft: 81,
};

describe("progress", () => {
  test("a line says where training is, how good, how fast, how long still", () => {
    expect(progressText(state)).toBe(
      "epoch 2/10 [###-----------------] 15 %  loss 0.312  dev 95.1 % (best 96.0 %)  1234 examples/s  1:21 left",
    );
    expect(progressText({ ...state, metric: undefined, best: undefined })).not.toContain("dev");
  });

  test("a terminal's line is rewritten and ends with a new one; elsewhere plain lines come now and then", () => {
    let now = 0;
    const written = (isTTY: boolean) => {
      const chunks: string[] = [];
      const line = new ProgressLine({ isTTY, columns: 40, write: (text: string) => chunks.push(text) }, () => now);
      for (const ms of [0, 10, 200, 6000]) {
        now = ms;
        line.update(state);
      }
      line.end();
      line.end();
      return chunks;
    };
    const [terminal, log] = [written(true), written(false)];
    expect(terminal).toHaveLength(4);
    expect(terminal[0]).toBe(`\r\x1b[2K${progressText(state).slice(0, 39)}`);
    expect(terminal.at(-1)).toBe("\n");
    expect(log).toEqual([`${progressText(state)}\n`, `${progressText(state)}\n`]);
  });
});
