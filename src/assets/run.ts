/** What every entry brings its engines: kernels to run models by, and what is loaded on demand. */
import coreWasm from "../../build/wasm/core-baseline-inline.js";
import type { EngineAssets } from "../engine/load.js";
import { relaxedOnNode } from "./on-node.js";

/** @param worker the file src/worker.ts is built to */
export const runAssets = (worker: () => URL): EngineAssets => ({
  trainAbi: null,
  baseline: { core: coreWasm, train: null },
  loadRelaxed: async () => ({ core: (await import("../../build/wasm/core-relaxed-inline.js")).default, train: null }),
  tape: null,
  spawn: async () => (await import("../platform/workers.js")).spawnWorker(worker()),
  onNode: relaxedOnNode,
});
