/**
 * Random configurations: a kernel's call, or an exported operation, loss or layer with its backward pass and an optimizer's updates,
 * run on WebAssembly and on the TypeScript kernels and compared bit for bit (any NaN equals any NaN). Seed and number say what it is.
 */
import { createJsKernels } from "../../src/engine/js/index.js";
import {
  backward,
  clipGradNorm,
  clipGradValue,
  createEngine,
  type Engine,
  type Gradient,
  type Optimizer,
  type Tensor,
} from "../../src/index.js";
import { createRigs, firstDifference, type Rig, sameBits } from "../kernels/harness.js";
import { CASES } from "./cases/index.js";
import { Draw } from "./draw.js";
import { SURFACE } from "./exports.js";
import { weighted } from "./gradients.js";
import { Blocks, type Generator } from "./kernels/blocks.js";
import { CORE_CALLS } from "./kernels/core.js";
import { TRAIN_CALLS } from "./kernels/train.js";
import { OPTIMIZERS } from "./optimizers.js";
import { makeTrial, type ReadyTrial } from "./trial.js";

const CALLS: Readonly<Record<string, Generator>> = { ...CORE_CALLS, ...TRAIN_CALLS };

/** Every kind of configuration: `kernel/…` and `surface/…`. */
export const KINDS: readonly string[] = [
  ...Object.keys(CALLS).map((name) => `kernel/${name}`),
  ...Object.keys(CASES).map((name) => `surface/${name}`),
].sort();

/** Both backends, twice: memories for kernels alone, and engines. */
export interface Backends {
  readonly rigs: { readonly all: readonly Rig[] };
  readonly engines: readonly Engine[];
}

export const createBackends = async (): Promise<Backends> => ({
  rigs: createRigs(createJsKernels),
  engines: [
    await createEngine({ seed: 1, numerics: "reproducible", backend: "wasm" }),
    await createEngine({ seed: 1, numerics: "reproducible", backend: "js" }),
  ],
});

/** The kind of a configuration: they take turns. */
export const kindOf = (number: number): string => KINDS[number % KINDS.length]!;

/** @throws Error naming seed, number, kind, place and both values where bits differ */
export function runConfiguration({ rigs, engines }: Backends, seed: number, number: number): void {
  const kind = kindOf(number);
  const name = kind.slice(kind.indexOf("/") + 1);
  try {
    if (kind.startsWith("kernel/")) sameBits(rigs, CALLS[name]!(new Blocks(seed, number)));
    else compare(...(engines.map((engine) => train(engine, name, seed, number)) as [Values, Values]));
  } catch (error) {
    throw new Error(`configuration ${number} of seed ${seed}, ${kind}: ${(error as Error).message}`, { cause: error });
  }
}

/** What came out, by what it is. */
type Values = ReadonlyMap<string, Float32Array>;

function compare(wasm: Values, js: Values): void {
  for (const [what, values] of wasm) {
    const difference = firstDifference(values, js.get(what)!);
    if (difference !== undefined) throw new Error(`${what} ${difference}`);
  }
}

/** Forward, backward and up to three updates: outputs, gradients, and what the optimizer made of the inputs. */
function train(engine: Engine, name: string, seed: number, number: number): Values {
  const draw = new Draw(engine, "bits", seed, number);
  const values = new Map<string, Float32Array>();
  let optimizer: Optimizer | null = null;
  try {
    const trial = makeTrial(name, draw);
    const leaves = trial.inputs.filter(({ requiresGrad }) => requiresGrad);
    optimizer = drawOptimizer(draw, leaves);
    for (let update = draw.int(1, 3); update > 0; update--) {
      const note = (what: string, tensor: Gradient) =>
        values.set(`${what}, ${update} updates from the end,`, tensor.data() as Float32Array);
      optimizer.zeroGrad();
      forwardAndBack(engine, trial, number, note);
      clip(draw, leaves);
      for (const [i, { grad }] of leaves.entries()) if (grad !== null) note(`gradient of leaf ${i}`, grad);
      optimizer.step();
      for (const [i, leaf] of leaves.entries()) {
        note(`leaf ${i} after an update by ${optimizer.name}`, leaf);
        for (const [key, state] of Object.entries(optimizer.state(leaf)?.tensors ?? {}))
          note(`${optimizer.name}'s ${key} of leaf ${i}`, state);
      }
    }
    return values;
  } finally {
    optimizer?.dispose();
    draw.dispose();
  }
}

function forwardAndBack(engine: Engine, trial: ReadyTrial, step: number, note: (what: string, tensor: Gradient) => void): void {
  engine.step(
    () => {
      const outputs = trial.run(...trial.inputs);
      for (const [i, output] of outputs.entries()) note(`output ${i}`, output);
      const loss = weighted(outputs);
      if (loss.requiresGrad) backward(loss);
    },
    { training: trial.training, step },
  );
}

function clip(draw: Draw, leaves: readonly Tensor[]): void {
  const how = draw.int(0, 5);
  if (how === 0) clipGradNorm(leaves, draw.number(0, 2), { normType: draw.from([2, 1, 3.5, Number.POSITIVE_INFINITY]) });
  else if (how === 1) clipGradValue(leaves, draw.number(0, 1));
}

function drawOptimizer(draw: Draw, leaves: readonly Tensor[]): Optimizer {
  const [name, options] = draw.from(Object.entries(OPTIMIZERS));
  const Kind = SURFACE[name as keyof typeof SURFACE] as unknown as new (parameters: readonly Tensor[], options: object) => Optimizer;
  return new Kind(leaves, options(draw));
}
