/** A row alone and in a batch gives the same bits, outputs and the gradients of inputs; a batch of no rows gives none. */
import type { Engine } from "../../src/engine/engine.js";
import { backward, mul, sum, tensor } from "../../src/index.js";
import { firstDifference } from "../kernels/harness.js";
import { Draw } from "./draw.js";
import { joined } from "./gradients.js";
import { sizeOf } from "./numbers.js";
import { makeTrial, type ReadyTrial } from "./trial.js";

/** Outputs and gradients, each with the axis of the batch; the axis is null where rows share it. */
interface Part {
  readonly what: string;
  readonly shape: readonly number[];
  readonly axis: number | null;
  readonly data: Float32Array;
}

type Values = Float32Array | Int32Array;

/** Rows of an array along an axis. */
function take<T extends Values>(data: T, shape: readonly number[], axis: number, rows: readonly number[]): T {
  const inner = sizeOf(shape.slice(axis + 1));
  const extent = shape[axis]!;
  const outer = sizeOf(shape.slice(0, axis));
  const taken = new (data.constructor as new (n: number) => T)(outer * rows.length * inner);
  for (let o = 0; o < outer; o++) {
    for (const [i, row] of rows.entries()) {
      const from = (o * extent + row) * inner;
      taken.set(data.subarray(from, from + inner), (o * rows.length + i) * inner);
    }
  }
  return taken;
}

const picked = (shape: readonly number[], axis: number, count: number) => shape.map((extent, i) => (i === axis ? count : extent));

/** Weights of the outputs, so that every element has a gradient of its own; the same for a row wherever it stands. */
function weightsOf(shape: readonly number[], axis: number, rows: readonly number[]): Float32Array {
  const inner = sizeOf(shape.slice(axis + 1));
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const row = rows[Math.floor(i / inner) % rows.length]!;
    const within = Math.floor(i / (inner * rows.length)) * inner + (i % inner);
    return (((row * 23 + within * 37) % 64) - 31.5) / 32;
  });
}

/** Runs the trial over some rows of its batch. */
function over(engine: Engine, trial: ReadyTrial, axes: Axes, rows: readonly number[]): Part[] {
  const inputs = trial.inputs.map((input, i) => {
    const axis = axes.input(i);
    if (axis === null) return input;
    const part = tensor(engine, take(input.data(), input.shape, axis, rows), picked(input.shape, axis, rows.length));
    part.requiresGrad = input.requiresGrad;
    return part;
  });
  for (const input of inputs) input.clearGrad();
  const outputs = engine.step(() => {
    const given = trial.run(...inputs);
    const terms = given.flatMap((y, i) =>
      y.dtype === "f32" ? [mul(y, tensor(engine, weightsOf(y.shape, axes.output(i), rows), y.shape))] : [],
    );
    const loss = sum(joined(terms));
    if (loss.requiresGrad) backward(loss);
    return given.map((y, i): Part => ({ what: `output ${i}`, shape: y.shape, axis: axes.output(i), data: y.data() as Float32Array }));
  });
  const gradients = inputs.map((input, i): Part => {
    const data = (input.grad?.data() ?? new Float32Array(input.size)) as Float32Array;
    return { what: `gradient of input ${i}`, shape: input.shape, axis: axes.input(i), data };
  });
  for (const [i, input] of inputs.entries()) if (axes.input(i) !== null) input.dispose();
  return [...outputs, ...gradients];
}

interface Axes {
  input(i: number): number | null;
  output(i: number): number;
}

/** The trial's batch axes; null where rows are not independent. Parameters come after the inputs and are shared. */
function axesOf({ rows, inputs, own }: ReadyTrial): Axes | null {
  if (typeof rows === "string") return null;
  if (typeof rows !== "number") return { input: (i) => (i < own ? rows.inputs[i]! : null), output: (i) => rows.outputs[i]! };
  return inputs.slice(0, own).some(({ rank }) => rank <= rows) ? null : { input: (i) => (i < own ? rows : null), output: () => rows };
}

/** @returns whether there were rows to compare. @throws Error naming row, output and element */
export function checkRows(engine: Engine, name: string, seed: number, index: number): boolean {
  const draw = new Draw(engine, "rows", seed, index);
  try {
    const trial = makeTrial(name, draw);
    const axes = axesOf(trial);
    if (axes === null) return false;
    const first = trial.inputs.findIndex((_, i) => axes.input(i) !== null);
    const batch = trial.inputs[first]!.shape[axes.input(first)!]!;
    const together = over(engine, trial, axes, [...new Array(batch).keys()]);
    const last = draw.int(0, batch - 1);
    for (const rows of [[], [0], [last], [last, 0, draw.int(0, batch - 1)]])
      compare(together, over(engine, trial, axes, rows), rows, batch);
    return true;
  } catch (error) {
    throw new Error(`${name}, seed ${seed}, trial ${index}: ${(error as Error).message}`, { cause: error });
  } finally {
    draw.dispose();
  }
}

function compare(together: readonly Part[], apart: readonly Part[], rows: readonly number[], batch: number): void {
  for (const [i, { what, shape, axis, data }] of together.entries()) {
    if (axis === null) continue;
    const difference = firstDifference(take(data, shape, axis, rows), apart[i]!.data, ["in the batch", "apart"]);
    if (difference !== undefined) throw new Error(`rows ${rows.join(", ")} of ${batch}: ${what} ${difference}`);
  }
}
