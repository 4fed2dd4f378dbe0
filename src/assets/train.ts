/** What an entry that trains brings its engines besides: kernels and a tape. */
import trainWasm from "../../build/wasm/train-baseline-inline.js";
import { TRAIN_ABI } from "../engine/abi.js";
import type { EngineAssets } from "../engine/load.js";
import { backwards } from "../ops/backwards.js";
import { initialise } from "../ops/initialise.js";
import { Tape } from "../tensor/tape.js";
import { runAssets } from "./run.js";

/** What needs no worker and nothing on demand. */
export const training = { trainAbi: TRAIN_ABI, tape: () => new Tape(backwards, initialise) };

/** @param worker the file that src/worker.ts is built to */
export function trainAssets(worker: () => URL): EngineAssets {
  const run = runAssets(worker);
  return {
    ...run,
    ...training,
    baseline: { ...run.baseline, train: trainWasm },
    loadRelaxed: async () => {
      const [core, train] = await Promise.all([run.loadRelaxed(), import("../../build/wasm/train-relaxed-inline.js")]);
      return { ...core, train: train.default };
    },
  };
}
