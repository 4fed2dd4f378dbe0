/**
 * npm run vanishing [-- --steps 200 --updates 1200 --out models/vanishing.svg]
 * How much of the loss's gradient reaches each step of the adding problem, before and after training, in four networks; and which of them
 * learn it: whose squared error on fresh sequences is below a tenth of 1/6, the variance of the targets, which is the error of their mean.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { Stream } from "../src/engine/random.js";
import { Adam, backward, clipGradNorm, createEngine, type GRU, Linear, mseLoss, reshape, slice, type Tensor } from "../src/index.js";
import { gradientThroughTime } from "../src/inspect/index.js";
import { writeBytes } from "../src/platform/node.js";
import { addingProblem, type Contender, NETWORKS } from "./adding-problem.js";
import { type Line, lineChart } from "./line-chart.js";

const text = (value: string) => ({ type: "string", default: value }) as const;
const { values } = parseArgs({ options: { steps: text("200"), updates: text("1200"), out: text("models/vanishing.svg") } });
const [steps, updates] = [Number(values.steps), Number(values.updates)];
const [batch, fresh, hiddenSize, learnt] = [32, 500, 32, 1 / 60];

interface Batch {
  readonly input: Tensor;
  readonly target: Tensor;
}

/** Trains one network; its gradients before and after, and its error on fresh sequences. */
async function contend({ name, lr, make }: Contender): Promise<{ before: Float64Array; after: Float64Array; error: number }> {
  const engine = await createEngine({ seed: 1 });
  const layer = make(engine, hiddenSize, steps);
  const output = new Linear(engine, { inFeatures: hiddenSize, outFeatures: 1 });
  const parameters = [...layer.parameters(), ...output.parameters()];
  const optimizer = new Adam(parameters, { lr });
  const loss = (own: typeof layer, { input, target }: Batch) => {
    const { state } = (own as GRU).forward(input);
    return mseLoss(output.forward(reshape(slice(state.h, 0, -1), [-1, hiddenSize])), target);
  };
  const fixed = addingProblem(engine, new Stream([7, 7]), batch, steps);
  const before = gradientThroughTime(layer, fixed, loss).layers[0]!.h;
  const stream = new Stream([1, 2]);
  for (let k = 0; k < updates; k++) {
    engine.step(
      () => {
        optimizer.zeroGrad();
        backward(loss(layer, addingProblem(engine, stream, batch, steps)));
        clipGradNorm(parameters, 1);
        optimizer.step();
      },
      { training: true },
    );
    if (process.stderr.isTTY && k % 20 === 0) process.stderr.write(`\r${name}: update ${k} of ${updates}  `);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  const after = gradientThroughTime(layer, fixed, loss).layers[0]!.h;
  const error = engine.step(() => loss(layer, addingProblem(engine, new Stream([8, 8]), fresh, steps)).item());
  engine.dispose();
  return { before, after, error };
}

const lines: Line[] = [];
/** What arrives at the first step of what arrives at the last. */
const share = (norms: Float64Array) => (norms[0] === 0 ? "0" : (norms[0]! / norms.at(-1)!).toExponential(1));
console.log(`| network | gradient at the first step over the last, before training | after ${updates} updates | error | learns it |`);
console.log("|---|---|---|---|---|");
for (const network of NETWORKS) {
  const { before, after, error } = await contend(network);
  console.log(`| ${network.name} | ${share(before)} | ${share(after)} | ${error.toFixed(4)} | ${error < learnt ? "yes" : "no"} |`);
  lines.push(
    { name: `${network.name}, before`, values: before, dashed: true },
    { name: `${network.name}, after`, values: after, dashed: false },
  );
}
console.log("\nGradient 0: below 2^-100, where the cells cut it.");
console.log(
  `Error: mean square over ${fresh} fresh sequences of ${steps} steps; 0.167 is that of the mean alone, below ${learnt.toFixed(4)} counts as learnt.`,
);
await mkdir(path.dirname(values.out), { recursive: true });
const chart = { title: "The adding problem: how much gradient reaches a step", xLabel: "step", yLabel: "norm of dLoss/dh" };
await writeBytes(values.out, new TextEncoder().encode(lineChart(lines, chart)));
console.log(`Picture: ${values.out}`);
