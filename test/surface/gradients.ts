/** Checks of one export's gradients over many trials. */
import type { Engine } from "../../src/engine/engine.js";
import { backward, concat, gradcheck, mul, reshape, sum, type Tensor, tensor } from "../../src/index.js";
import type { Tape } from "../../src/tensor/tape.js";
import { firstDifference } from "../kernels/harness.js";
import { Draw } from "./draw.js";
import { makeTrial, type ReadyTrial } from "./trial.js";

/** Trials of each export; more where its options have more combinations. */
const LEAST_TRIALS = 12;
/** Elements whose differences are taken in a trial, shared out among its tensors, and at least so many of each. */
const ELEMENTS = 64;
const LEAST_ELEMENTS = 2;
/** The same where gradients add up, which goes wrong for whole tensors. */
const ADDED_ELEMENTS = 1;

/** All elements of all f32 tensors in a row. */
export const joined = (tensors: readonly Tensor[]): Tensor =>
  concat(tensors.filter(({ dtype }) => dtype === "f32").map((own) => reshape(own, [own.size])));

/** A number that every element of the outputs goes into, with weights from -1 to 1 that repeat after 64 elements. */
export function weighted(outputs: readonly Tensor[]): Tensor {
  const y = joined(outputs);
  const weights = Float32Array.from({ length: y.size }, (_, i) => (((i * 37) % 64) - 31.5) / 32);
  return sum(mul(y, tensor(y.engine, weights)));
}

/**
 * Over enough trials for every combination of options: gradients equal differences, also where other operations have given the inputs a
 * gradient before, and with only one of several outputs in use; and each input's gradient has the same bits when the others want none.
 * @param seen names of recorded operations, added to
 */
export function checkGradients(engine: Engine, name: string, seen: Set<string>): void {
  const seed = Array.from(name).reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 1_000_003, 7);
  for (let index = 0, count = LEAST_TRIALS; index < count; index++) {
    const draw = new Draw(engine, "gradients", seed, index);
    try {
      checkTrial(engine, makeTrial(name, draw), index, seen);
    } catch (error) {
      throw new Error(`${name}, trial ${index}: ${(error as Error).message}`, { cause: error });
    } finally {
      draw.dispose();
    }
    count = Math.max(count, draw.combinations);
  }
}

function checkTrial(engine: Engine, trial: ReadyTrial, index: number, seen: Set<string>): void {
  const { inputs, training } = trial;
  const leaves = inputs.filter(({ requiresGrad }) => requiresGrad);
  if (leaves.length === 0) throw new Error("nothing requires a gradient, wants at least one leaf or parameter");
  const chosen = (outputs: readonly Tensor[]) => {
    const floats = outputs.filter(({ dtype }) => dtype === "f32");
    return index % 2 === 0 ? floats : [floats[(index >> 1) % floats.length]!];
  };
  const elements = Math.max(LEAST_ELEMENTS, Math.ceil(ELEMENTS / leaves.length));
  const plain = (...given: Tensor[]) => joined(chosen(trial.run(...given)));
  gradcheck(plain, inputs, { training, elements });
  gradcheck((...given) => concat([plain(...given), joined(leaves)]), inputs, { training, elements: ADDED_ELEMENTS });

  const gradients = (wanted: readonly Tensor[]) => {
    for (const leaf of leaves) {
      leaf.requiresGrad = wanted.includes(leaf);
      leaf.clearGrad();
    }
    engine.step(
      () => {
        const loss = weighted(chosen(trial.run(...inputs)));
        if (loss.requiresGrad) backward(loss);
        for (const { op } of (engine.tape as Tape).entries()) seen.add(op);
      },
      { training, step: 0 },
    );
    return leaves.map((leaf) => (leaf.grad?.data() ?? new Float32Array(leaf.size)) as Float32Array);
  };
  const together = gradients(leaves);
  for (const [i, leaf] of leaves.entries()) {
    const difference = firstDifference(together[i]!, gradients([leaf])[i]!, ["all", "alone"]);
    if (difference !== undefined) throw new Error(`the gradient of leaf ${i} depends on whether others want theirs: ${difference}`);
  }
}
