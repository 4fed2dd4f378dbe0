import { describe, test } from "vitest";
import { createBackends, runConfiguration } from "./configurations.js";

const COUNT = 10_000;
const PARTS = 10;
const backends = await createBackends();

describe(`${COUNT} random configurations give the same bits on wasm and TypeScript`, () => {
  for (let part = 0; part < PARTS; part++) {
    const [start, end] = [(part * COUNT) / PARTS, ((part + 1) * COUNT) / PARTS];
    test(`numbers ${start} to ${end - 1}`, () => {
      for (let number = start; number < end; number++) runConfiguration(backends, 1, number);
    });
  }
});
