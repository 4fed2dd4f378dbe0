import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createEngine, gradcheck, Module, tanh } from "../../src/index.js";
import { backwards } from "../../src/ops/backwards.js";
import type { Tape } from "../../src/tensor/tape.js";
import { CASES } from "./cases/index.js";
import { Draw } from "./draw.js";
import { ENTRIES, SURFACE } from "./exports.js";
import { checkGradients } from "./gradients.js";
import { OTHER_NAMES, reasonFor } from "./other.js";

const engine = await createEngine({ seed: 1 });
/** Operations that some check has recorded. */
const seen = new Set<string>();

describe("gradients of every exported operation, loss and layer equal differences", () => {
  for (const name of Object.keys(SURFACE).sort()) {
    if (name in CASES) test(name, () => checkGradients(engine, name, seen));
    else if (reasonFor(name) === undefined) {
      test(name, () => {
        throw new Error(
          `${name} is exported and never checked, wants a case in test/surface/cases/ (or, without gradients, a reason in other.ts)`,
        );
      });
    }
  }
});

test("every operation with a gradient was recorded by some case above", () => {
  expect(Object.keys(backwards).filter((op) => !seen.has(op))).toEqual([]);
});

describe("the list of exports", () => {
  test("has every entry of package.json", () => {
    const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { exports: object };
    expect(Object.keys(ENTRIES)).toEqual(Object.keys(exports).filter((name) => name !== "./package.json"));
    for (const entry of Object.values(ENTRIES)) for (const name of Object.keys(entry)) expect(SURFACE).toHaveProperty(name);
  });

  test("gives a module no excuse, a name no two places, and has no names that are gone", () => {
    const modules = Object.entries(SURFACE).filter(([, subject]) => typeof subject === "function" && subject.prototype instanceof Module);
    expect(modules.filter(([name]) => !(name in CASES)).map(([name]) => name)).toEqual([]);
    expect(Object.keys(CASES).filter((name) => reasonFor(name) !== undefined)).toEqual([]);
    expect(OTHER_NAMES.filter((name) => !(name in SURFACE))).toEqual([]);
  });
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
