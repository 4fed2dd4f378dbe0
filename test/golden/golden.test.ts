/** Golden families against PyTorch's float64. The fixtures are a part of the set beside the repository, which CI checks when it is there. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/index.js";
import { runFamily } from "./families.js";

const fixtures = fileURLToPath(new URL("../fixtures/golden/", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/golden/", import.meta.url));
const FAMILIES = readdirSync(fixtures)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -5));
/** Families without tensors of PyTorch's float32 error to compare with, and one whose norms are taken in float64. */
const WITHOUT_RATIO = ["errors", "sched", "clip"];
if (!existsSync(shared)) console.error("golden: ../shared is not there, the fixtures alone are checked");

describe.each(["wasm", "js"] as const)("%s", (backend) => {
  test.each(FAMILIES)(
    "family %s: every tensor within PyTorch's tolerance, root mean square at most twice PyTorch float32's",
    async (family) => {
      const engine = await createEngine({ backend });
      const { cases, tensors, within, rmsRatio, failures } = runFamily(engine, fixtures, family);
      expect(failures).toEqual([]);
      expect(cases).toBeGreaterThan(5);
      expect(within).toBe(tensors);
      if (!WITHOUT_RATIO.includes(family)) expect(rmsRatio).toBeGreaterThan(0.25);
      expect(rmsRatio).toBeLessThanOrEqual(2);
      engine.dispose();
    },
  );
});

test.runIf(existsSync(shared))("the fixtures are a part of the whole set", () => {
  expect(readdirSync(shared)).toEqual(expect.arrayContaining(readdirSync(fixtures)));
});
