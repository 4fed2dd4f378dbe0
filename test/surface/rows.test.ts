import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/index.js";
import { CASES } from "./cases/index.js";
import { checkRows } from "./rows.js";

const TRIALS = 24;
/** Exports whose rows are never independent. */
const JOINT = ["Dropout", "LockedDropout", "WordDropout", "dropout"];

// By default numerics are fast: relaxed SIMD where the runtime has it.
describe.each(["wasm", "js"] as const)("a row alone and in a batch gives the same bits, forward and back, %s", async (backend) => {
  const engine = await createEngine({ seed: 1, backend });
  for (const name of Object.keys(CASES).sort()) {
    test(name, () => {
      const compared = Array.from({ length: TRIALS }, (_, index) => checkRows(engine, name, 17, index)).filter(Boolean).length;
      if (JOINT.includes(name)) expect(compared).toBe(0);
      else expect(compared).toBeGreaterThan(0);
    });
  }
});
