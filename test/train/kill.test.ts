import { expect, test } from "vitest";
import { killTrainings } from "./kill/kills.js";

test("1,000 updates in processes killed at random give the weights of 1,000 in one, and no checkpoint is lost", {
  timeout: 120_000,
}, async () => {
  const report = await killTrainings(4, 7);
  expect(report).toMatchObject({ kills: 4, failures: [] });
});
