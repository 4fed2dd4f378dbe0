/**
 * npm run vanishing [-- --steps 200 --updates 1000 --out models/vanishing.svg]
 * How much of the loss's gradient reaches each step of the adding problem, before and after training, in four networks; and which of them
 * learn it.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { Stream } from "../src/engine/random.js";
import { Adam, backward, clipGradNorm, createEngine, type GRU, Linear, mseLoss, reshape, slice, type Tensor } from "../src/index.js";
import { gradientThroughTime } from "../src/inspect/index.js";
import { writeBytes } from "../src/platform/node.js";
import { addingProblem, NETWORKS } from "./adding-problem.js";
import { type Line, lineChart } from "./line-chart.js";

const text = (value: string) => ({ type: "string", default: value }) as const;
const { values } = parseArgs({ options: { steps: text("200"), updates: text("1000"), out: text("models/vanishing.svg") } });
const [steps, updates] = [Number(values.steps), Number(values.updates)];
const [batch, hiddenSize] = [32, 64];

const lines: Line[] = [];
console.log("| network | dLoss/dh, first step over last, before training | after | loss after (0.167: the mean alone) | learns it |");
console.log("|---|---|---|---|---|");
for (const [name, make] of NETWORKS) {
  const engine = await createEngine({ seed: 1 });
  const layer = make(engine, hiddenSize);
  const output = new Linear(engine, { inFeatures: hiddenSize, outFeatures: 1 });
  const parameters = [...layer.parameters(), ...output.parameters()];
  const optimizer = new Adam(parameters, { lr: 0.005 });
  const read = (h: Tensor) => output.forward(reshape(slice(h, 0, -1), [batch, hiddenSize]));
  const fixed = addingProblem(engine, new Stream([7, 7]), batch, steps);
  const measure = (when: "before" | "after") => {
    const { h, loss } = gradientThroughTime(engine, layer, fixed.input, (_, last) => mseLoss(read(last), fixed.target));
    const [top] = h as [Float64Array];
    lines.push({ name: `${name}, ${when}`, values: top, dashed: when === "before" });
    return { ratio: (top[0]! / top.at(-1)!).toExponential(1), loss };
  };
  const before = measure("before");
  const stream = new Stream([1, 2]);
  for (let k = 0; k < updates; k++) {
    engine.step(
      () => {
        const { input, target } = addingProblem(engine, stream, batch, steps);
        optimizer.zeroGrad();
        backward(mseLoss(read((layer as GRU).forward(input).state.h), target));
        clipGradNorm(parameters, 1);
        optimizer.step();
      },
      { training: true },
    );
    if (process.stderr.isTTY && k % 20 === 0) process.stderr.write(`\r${name}: update ${k} of ${updates}  `);
  }
  const after = measure("after");
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  console.log(`| ${name} | ${before.ratio} | ${after.ratio} | ${after.loss.toFixed(4)} | ${after.loss < 0.05 ? "yes" : "no"} |`);
  engine.dispose();
}
await mkdir(path.dirname(values.out), { recursive: true });
await writeBytes(values.out, new TextEncoder().encode(lineChart(lines, "step", "|dLoss/dh|")));
console.log(`\nPicture: ${values.out}`);
