import { describe, expect, test } from "vitest";
import { createEngine, gradcheck, tanh } from "../../src/index.js";
import { backwards } from "../../src/ops/backwards.js";
import type { Tape } from "../../src/tensor/tape.js";
import { CASES } from "./cases/index.js";
import { Draw } from "./draw.js";
import { checkGradients } from "./gradients.js";

const engine = await createEngine({ seed: 1 });
/** Operations that some check has recorded. */
const seen = new Set<string>();

describe("gradients of every exported operation, loss and layer equal differences", () => {
  for (const name of Object.keys(CASES).sort()) test(name, () => checkGradients(engine, name, seen));
});

test("every operation with a gradient was recorded by some case above", () => {
  expect(Object.keys(backwards).filter((op) => !seen.has(op))).toEqual([]);
});

describe("gradcheck itself", () => {
  test("finds a wrong gradient, and puts the inputs back", () => {
    const tape = engine.tape as Tape;
    const wrong = { ...tape.backwards, tanh: tape.backwards.sigmoid! };
    const own = tape.backwards;
    const x = new Draw(engine, "gradients", 4, 0).leaf([3]);
    const before = [...x.data()];
    Object.defineProperty(tape, "backwards", { value: wrong, configurable: true });
    try {
      expect(() => gradcheck(tanh, [x])).toThrowError(/gradcheck: input 0 \[3\], element \d: backward gives .* differences give/);
    } finally {
      Object.defineProperty(tape, "backwards", { value: own, configurable: true });
    }
    expect([...x.data()]).toEqual(before);
  });
});
