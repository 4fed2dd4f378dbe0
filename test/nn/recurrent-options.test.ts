import { afterAll, describe, expect, test } from "vitest";
import { PURPOSE } from "../../src/engine/engine.js";
import { Stream, streamKey } from "../../src/engine/random.js";
import { backward, createEngine, type Engine, GRU, type GRUOptions, LSTM, mul, RNN, sum, type Tensor, tensor } from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";
import { numericGradient } from "../reference/differences.js";
import { runReference } from "../reference/recurrent.js";

const SEED = 7;
const STEP = 3;
const INPUT = 3;
const wasm = await createEngine({ seed: SEED, numerics: "reproducible", backend: "wasm" });
const js = await createEngine({ seed: SEED, numerics: "reproducible", backend: "js" });
afterAll(() => {
  wasm.dispose();
  js.dispose();
});

const LAYERS = { RNN, LSTM, GRU };

interface Case {
  readonly kind: keyof typeof LAYERS;
  readonly hiddenSize: number;
  readonly options: Omit<GRUOptions, "inputSize" | "hiddenSize">;
  /** Real steps of each row; the longest gives T. */
  readonly lengths: readonly number[];
  /** Whether initial states are given. */
  readonly state: boolean;
}

type Numbers = Record<string, Float32Array>;

/** What goes in: x [B, T, I] with NaN past each length, and the states given, [L·D, B, H]. */
function inputsOf({ kind, hiddenSize, options, lengths, state }: Case) {
  const time = Math.max(...lengths);
  const x = randomFloats(lengths.length * time * INPUT, 11);
  for (const [b, length] of lengths.entries()) x.fill(Number.NaN, (b * time + length) * INPUT, (b + 1) * time * INPUT);
  const stacked = (options.numLayers ?? 1) * (options.bidirectional ? 2 : 1);
  const states: Numbers = {};
  if (state)
    for (const name of kind === "LSTM" ? ["h", "c"] : ["h"]) states[name] = randomFloats(stacked * lengths.length * hiddenSize, 13);
  return { x, states, time, stacked };
}

const weightsOf = (size: number, seed: number) => randomFloats(size, seed);

/** Outputs, and gradients of sum(w·output) + sum(w·state) by name, of a training step. */
function measure(engine: Engine, item: Case): { values: Numbers; gradients: Numbers; parameters: Numbers } {
  const { x, states, time, stacked } = inputsOf(item);
  const layer = new LAYERS[item.kind](engine, { ...item.options, inputSize: INPUT, hiddenSize: item.hiddenSize });
  for (const [name, parameter] of layer.namedParameters())
    if (name.startsWith("initial")) parameter.assign(randomFloats(parameter.size, name.length));
  const leaf = (data: Float32Array, shape: number[]): Tensor => {
    const result = tensor(engine, data, shape);
    result.requiresGrad = true;
    return result;
  };
  const batch = item.lengths.length;
  const leaves: Record<string, Tensor> = { x: leaf(x, [batch, time, INPUT]) };
  for (const [name, data] of Object.entries(states)) leaves[name] = leaf(data, [stacked, batch, item.hiddenSize]);
  const { h = null, c = null } = leaves;
  const values = engine.step(
    () => {
      const given = h === null ? null : { h, ...(c === null ? {} : { c }) };
      const { output, state } = (layer as LSTM).forward(leaves.x!, given as never, { lengths: item.lengths });
      const parts: Record<string, Tensor> = { output, ...state };
      for (const name of Object.keys(parts)) if (parts[name] === undefined) delete parts[name];
      const losses = Object.values(parts).map((part, i) => sum(mul(part, tensor(engine, weightsOf(part.size, i), part.shape))));
      for (const [i, loss] of losses.entries()) backward(loss, { retainGraph: i < losses.length - 1 });
      return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.data() as Float32Array]));
    },
    { training: true, step: STEP },
  );
  const named = [...Object.entries(leaves), ...layer.namedParameters()];
  const gradients = Object.fromEntries(
    named.map(([name, { grad, size }]) => [name, (grad?.data() ?? new Float32Array(size)) as Float32Array]),
  );
  const parameters = Object.fromEntries(Array.from(layer.namedParameters(), ([name, p]) => [name, p.data() as Float32Array]));
  layer.dispose();
  return { values, gradients, parameters };
}

/** What the step's stream `index` keeps: 0 or 1/(1-p). */
function mask(index: number, p: number, count: number): Float64Array {
  const stream = new Stream(streamKey(SEED, PURPOSE.dropout, STEP, index));
  return Float64Array.from({ length: count }, () => (stream.nextU32() >>> 8 >= Math.round(p * 2 ** 24) ? 1 / (1 - p) : 0));
}

/** Place of (row, t) in the order of computing: step after step the rows still running, the longest first. */
function packedRow(lengths: readonly number[], row: number, t: number): number {
  const before = (a: number, b: number) => lengths[a]! > lengths[b]! || (lengths[a] === lengths[b] && a < b);
  const running = (step: number) => lengths.filter((length) => length > step).length;
  const earlier = Array.from({ length: t }, (_, step) => running(step)).reduce((a, b) => a + b, 0);
  return earlier + lengths.filter((_, other) => before(other, row)).length;
}

const rowOf = (values: ArrayLike<number>, at: number, n: number) => Array.from({ length: n }, (_, i) => values[at + i]!);

/** What the step's streams drop: weight_hh by weight_hh, then gap by gap between layers. */
function masksOf({ hiddenSize, options, lengths }: Case, parameters: Numbers) {
  const { numLayers = 1, bidirectional = false, dropout = 0, weightDropout = 0, variational = false } = options;
  const names = weightDropout > 0 ? Object.keys(parameters).filter((name) => name.startsWith("weight_hh")) : [];
  const ofWeights = new Map(names.map((name, i) => [name, mask(i, weightDropout, parameters[name]!.length)]));
  const width = (bidirectional ? 2 : 1) * hiddenSize;
  const rows = variational ? lengths.length : lengths.reduce((a, b) => a + b, 0);
  const ofGaps = Array.from({ length: numLayers - 1 }, (_, i) => (dropout > 0 ? mask(names.length + i, dropout, rows * width) : null));
  const factor = (layer: number, b: number, t: number, feature: number) =>
    ofGaps[layer - 1]?.[(variational ? b : packedRow(lengths, b, t)) * width + feature] ?? 1;
  return { ofWeights, factor };
}

/** The step in float64, from inputs by name. */
function stepInFloat64(item: Case, given: Record<string, ArrayLike<number>>, { ofWeights, factor }: ReturnType<typeof masksOf>) {
  const { kind, hiddenSize, options, lengths } = item;
  const { numLayers = 1, bidirectional = false, resetAfter = true, merge = "concat" } = options;
  const { time, stacked } = inputsOf(item);
  const weights = Array.from({ length: stacked }, (_, index) => {
    const directions = bidirectional ? 2 : 1;
    const suffix = `l${Math.floor(index / directions)}${index % directions === 1 ? "_reverse" : ""}`;
    const kept = ofWeights.get(`weight_hh_${suffix}`);
    return {
      weightIh: given[`weight_ih_${suffix}`]!,
      weightHh: Float64Array.from(given[`weight_hh_${suffix}`]!, (w, i) => w * (kept?.[i] ?? 1)),
      biasIh: given[`bias_ih_${suffix}`] ?? null,
      biasHh: given[`bias_hh_${suffix}`] ?? null,
      weightHr: null,
    };
  });
  const x = lengths.map((_, b) => Array.from({ length: time }, (_, t) => rowOf(given.x!, (b * time + t) * INPUT, INPUT)));
  const start = (state: "h" | "c", index: number, b: number) => {
    const [own, learned] = [given[state], given[`initial_${state}`]];
    if (own !== undefined) return rowOf(own, (index * lengths.length + b) * hiddenSize, hiddenSize);
    return learned === undefined ? new Array<number>(hiddenSize).fill(0) : rowOf(learned, index * hiddenSize, hiddenSize);
  };
  const spec = {
    kind: kind === "RNN" ? "RNN_TANH" : kind,
    inputSize: INPUT,
    hiddenSize,
    projSize: 0,
    numLayers,
    bidirectional,
    resetAfter,
  } as const;
  const { layers, output } = runReference(spec, weights, x, lengths, undefined, { start, factor });
  const width = hiddenSize * (bidirectional && merge === "concat" ? 2 : 1);
  const merged = (row: number[]): number[] => {
    if (row.length === 0) return new Array<number>(width).fill(0);
    if (row.length === width) return row;
    const [front, back] = [row.slice(0, width), row.slice(width)];
    return front.map((v, i) => (v + back[i]!) * (merge === "sum" ? 1 : 0.5));
  };
  const values = { output: output.flatMap((rows) => rows.flatMap(merged)), h: layers.flatMap(({ last }) => last.flat()) };
  return kind === "LSTM" ? { ...values, c: layers.flatMap(({ lastC }) => lastC.flat()) } : values;
}

/** Values, and the gradient of the loss for an input, in float64. */
function reference(item: Case, parameters: Numbers) {
  const { x, states } = inputsOf(item);
  const masks = masksOf(item, parameters);
  const inputs: Record<string, ArrayLike<number>> = { ...parameters, ...states, x };
  const loss = (name: string) => (values: Float64Array) =>
    Object.values(stepInFloat64(item, { ...inputs, [name]: values }, masks)).reduce((all, part, i) => {
      const weights = weightsOf(part.length, i);
      return all + part.reduce((own, v, k) => own + v * weights[k]!, 0);
    }, 0);
  return {
    values: stepInFloat64(item, inputs, masks) as Record<string, number[]>,
    gradient: (name: string, count: number) => numericGradient(loss(name), inputs[name]!, count),
  };
}

/** float32 rounds each term of a sum once; a gradient has one term a step, unit and gate at most. */
function near(got: Float32Array, want: readonly [number, number][], terms: number, what: string): void {
  const scale = want.reduce((top, [, v]) => Math.max(top, Math.abs(v)), 1);
  const tolerance = terms * 2 ** -24 * scale;
  for (const [i, v] of want)
    if (!(Math.abs(got[i]! - v) <= tolerance)) throw new Error(`${what}[${i}]: got ${got[i]}, wanted ${v} ± ${tolerance}`);
}

const ragged = [2, 4, 1, 4];
const cases: [string, Case][] = [];
const add = (what: string, kind: Case["kind"], hiddenSize: number, options: Case["options"], lengths = ragged, state = true) =>
  cases.push([what, { kind, hiddenSize, options, lengths, state }]);
for (const [hiddenSize, numLayers, bidirectional] of [
  [1, 1, false],
  [3, 2, true],
  [5, 1, true],
  [7, 2, false],
] as const) {
  const shape = `${numLayers} layers of ${hiddenSize}, ${bidirectional ? "both directions" : "one direction"}`;
  add(`reset before the product, ${shape}`, "GRU", hiddenSize, { resetAfter: false, numLayers, bidirectional });
  add(
    `reset before the product, ${shape}, no bias, equal lengths, no state`,
    "GRU",
    hiddenSize,
    { resetAfter: false, numLayers, bidirectional, bias: false },
    [3, 3, 3],
    false,
  );
}
for (const kind of ["RNN", "LSTM", "GRU"] as const) {
  const deep = { numLayers: 2, bidirectional: kind !== "RNN" };
  add(`${kind} with plain dropout`, kind, 4, { ...deep, dropout: 0.4 });
  add(`${kind} with weight drop`, kind, 4, { ...deep, weightDropout: 0.4 });
  add(`${kind} with variational dropout`, kind, 4, { ...deep, dropout: 0.4, variational: true });
  add(`${kind} with variational dropout of equal lengths`, kind, 3, { ...deep, dropout: 0.4, variational: true }, [3, 3], false);
  add(`${kind} with a learned state`, kind, 4, { ...deep, learnedState: true }, ragged, false);
  add(`${kind} with a learned state that gives way to a given one`, kind, 3, { learnedState: true }, ragged, true);
  add(`${kind} of one row with a learned state`, kind, 3, { learnedState: true }, [2], false);
  for (const merge of ["sum", "mean"] as const) add(`${kind} merged by ${merge}`, kind, 3, { numLayers: 2, bidirectional: true, merge });
  add(`${kind} of one direction, where merging changes nothing`, kind, 3, { merge: "sum" });
}
const all = {
  numLayers: 2,
  bidirectional: true,
  dropout: 0.3,
  variational: true,
  weightDropout: 0.5,
  learnedState: true,
  merge: "mean",
} as const;
add("GRU with everything", "GRU", 5, { ...all, resetAfter: false }, ragged, false);
add("LSTM with everything", "LSTM", 5, all, ragged, false);

describe("a training step equals float64, outputs and every gradient, with the same bits on both backends", () => {
  test.each(cases)("%s", (what, item) => {
    const got = measure(wasm, item);
    const twin = measure(js, item);
    const want = reference(item, got.parameters);
    const { numLayers = 1 } = item.options;
    const terms = numLayers * 4 * (INPUT + 4 * item.hiddenSize);
    expect(Object.keys(got.values)).toEqual(Object.keys(want.values));
    for (const [name, values] of Object.entries(want.values)) {
      expect(got.values[name]).toHaveLength(values.length);
      near(got.values[name]!, [...values.entries()], terms, name);
    }
    const count = what.startsWith("reset") ? 64 : 8;
    for (const [name, gradient] of Object.entries(got.gradients))
      near(gradient, want.gradient(name, count), 4 * terms, `gradient of ${name}`);
    expect(twin).toEqual(got);
  });
});
