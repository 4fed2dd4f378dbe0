import { describe, expect, test } from "vitest";
import { CORE_ABI, TRAIN_ABI } from "../../src/engine/abi.js";
import { Optimizer } from "../../src/index.js";
import { createBackends, KINDS, runConfiguration } from "./configurations.js";
import { SURFACE } from "./exports.js";
import { OPTIMIZERS } from "./optimizers.js";

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

describe("the list of configurations", () => {
  test("has every kernel of the ABI", () => {
    const kernels = KINDS.filter((kind) => kind.startsWith("kernel/")).map((kind) => kind.slice(7));
    expect(kernels.sort()).toEqual([...Object.keys(CORE_ABI), ...Object.keys(TRAIN_ABI)].sort());
  });

  test("has every exported optimizer", () => {
    const isOptimizer = (subject: unknown) => typeof subject === "function" && subject.prototype instanceof Optimizer;
    expect(Object.keys(OPTIMIZERS).sort()).toEqual(
      Object.entries(SURFACE)
        .filter(([, subject]) => isOptimizer(subject))
        .map(([name]) => name)
        .sort(),
    );
  });
});
