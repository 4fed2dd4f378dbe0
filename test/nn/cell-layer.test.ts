import { afterAll, describe, expect, test } from "vitest";
import {
  add,
  backward,
  type CellLayer,
  ConfigError,
  concat,
  createEngine,
  type Engine,
  GRU,
  GRUCell,
  gradcheck,
  Linear,
  LSTM,
  LSTMCell,
  Module,
  mul,
  noGrad,
  RNN,
  RNNCell,
  reshape,
  ShapeError,
  sigmoid,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";
import { dense, type ReferenceStep, runLayers, type States } from "../reference/sequence.js";
import { close, leafOf } from "../values.js";

const engines = {
  wasm: await createEngine({ seed: 3, numerics: "reproducible" }),
  js: await createEngine({ seed: 3, backend: "js" }),
  /** Views change at every allocation. */
  growing: await createEngine({ seed: 3, numerics: "reproducible", debugGrow: true, maxMemory: 2 ** 29 }),
};
const engine = engines.wasm;
afterAll(() => Object.values(engines).forEach((own) => void own.dispose()));

interface GatedState {
  readonly h: Tensor;
  readonly slow: Tensor;
}

/** A gated unit with a second, slower state of another width, and an output of a third. */
class GatedCell extends Module {
  readonly stateSizes: { h: number; slow: number };
  readonly outputSize = 3;
  readonly gate: Linear;
  readonly fresh: Linear;
  readonly drift: Linear;
  readonly out: Linear;

  constructor(
    own: Engine,
    readonly inputSize: number,
    readonly hidden = 4,
    slow = 2,
  ) {
    super();
    this.stateSizes = { h: hidden, slow };
    const layer = (inFeatures: number, outFeatures: number) => new Linear(own, { inFeatures, outFeatures });
    this.gate = layer(inputSize + hidden, hidden);
    this.fresh = layer(inputSize + hidden, hidden);
    this.drift = layer(hidden, slow);
    this.out = layer(hidden + slow, 3);
  }

  step(x: Tensor, { h, slow }: GatedState): { output: Tensor; state: GatedState } {
    const f = sigmoid(this.gate.forward(concat([x, h], 1)));
    const n = tanh(this.fresh.forward(concat([x, mul(f, h)], 1)));
    const next = add(h, mul(f, sub(n, h)));
    const later = add(slow, tanh(this.drift.forward(next)));
    return { output: tanh(this.out.forward(concat([next, later], 1))), state: { h: next, slow: later } };
  }
}

/** GatedCell in float64 from its own float32 weights. */
function referenceStep(cell: GatedCell): ReferenceStep {
  const apply = ({ weight, bias }: Linear, x: readonly number[]) => dense(x, weight.data(), bias!.data());
  return (x, { h, slow }) => {
    const f = apply(cell.gate, [...x, ...h!]).map((v) => 1 / (1 + Math.exp(-v)));
    const n = apply(cell.fresh, [...x, ...f.map((v, i) => v * h![i]!)]).map(Math.tanh);
    const next = h!.map((v, i) => v + f[i]! * (n[i]! - v));
    const drift = apply(cell.drift, next).map(Math.tanh);
    const later = slow!.map((v, i) => v + drift[i]!);
    return { output: apply(cell.out, [...next, ...later]).map(Math.tanh), state: { h: next, slow: later } };
  };
}

const [batch, time, inputSize] = [5, 4, 3];
const lengths = [2, 4, 1, 4, 3];

/** Input whose padding is NaN. */
function paddedInput(seed: number): Float32Array {
  const x = randomFloats(batch * time * inputSize, seed);
  for (const [b, length] of lengths.entries()) x.fill(Number.NaN, (b * time + length) * inputSize, (b + 1) * time * inputSize);
  return x;
}

const make = (own: Engine, numLayers: number, bidirectional: boolean) =>
  RNN.from<GatedState>((size) => new GatedCell(own, size), { inputSize, numLayers, bidirectional });

const flat = (parts: readonly Tensor[]) => concat(parts.map((part) => reshape(part, [part.size])));

describe("a cell of one's own", () => {
  for (const [numLayers, bidirectional] of [
    [1, false],
    [1, true],
    [3, true],
  ] as const) {
    const title = `${numLayers} layers, ${bidirectional ? "both directions" : "one direction"}`;

    test(`${title}: outputs and last states equal float64 row by row; 0 past each length`, () => {
      const layer = make(engine, numLayers, bidirectional);
      const directions = bidirectional ? 2 : 1;
      const steps = layer.cells.map((cell) => referenceStep(cell as GatedCell));
      const x = paddedInput(7);
      const [h, slow] = [randomFloats(steps.length * batch * 4, 8), randomFloats(steps.length * batch * 2, 9)];
      const got = engine.step(() => {
        const state = { h: tensor(engine, h, [steps.length, batch, 4]), slow: tensor(engine, slow, [steps.length, batch, 2]) };
        const { output, state: last } = layer.forward(tensor(engine, x, [batch, time, inputSize]), state, { lengths });
        return { output: output.toArray() as number[][][], h: last.h.toArray() as number[][][], slow: last.slow.toArray() as number[][][] };
      });
      const part = (data: Float32Array, index: number, b: number, n: number) => [
        ...data.subarray((index * batch + b) * n, (index * batch + b + 1) * n),
      ];
      for (const [b, length] of lengths.entries()) {
        const rows = Array.from({ length }, (_, t) => [...x.subarray((b * time + t) * inputSize, (b * time + t + 1) * inputSize)]);
        const initial: States[] = steps.map((_, i) => ({ h: part(h, i, b, 4), slow: part(slow, i, b, 2) }));
        const want = runLayers(steps, directions, rows, initial);
        for (let t = 0; t < time; t++) {
          close(got.output[b]![t]!, t < length ? want.output[t]! : new Array(3 * directions).fill(0), `output of row ${b}, step ${t}`);
        }
        want.states.forEach((state, i) => {
          close(got.h[i]![b]!, state.h!, `h ${i} of row ${b}`);
          close(got.slow[i]![b]!, state.slow!, `slow ${i} of row ${b}`);
        });
      }
    });

    test(`${title}: gradients of input, states and every parameter, with NaN in the padding`, () => {
      const layer = make(engine, numLayers, bidirectional);
      const stacked = layer.cells.length;
      // gradcheck moves elements one by one; those of the padding have no effect, be they NaN.
      const x = leafOf(engine, [batch, time, inputSize], 1);
      const inputs = [x, leafOf(engine, [stacked, batch, 4], 2), leafOf(engine, [stacked, batch, 2], 3), ...layer.parameters()];
      const run = (input: Tensor, h: Tensor, slow: Tensor) => {
        const { output, state } = layer.forward(input, { h, slow }, { lengths });
        return flat([output, state.h, state.slow]);
      };
      gradcheck((input, h, slow) => run(input!, h!, slow!), inputs, { elements: 24 });

      const gradients = () => {
        for (const input of inputs) input.clearGrad();
        engine.step(() => backward(sum(run(inputs[0]!, inputs[1]!, inputs[2]!))));
        return inputs.map((input) => [...input.grad!.data()]);
      };
      const values = x.data();
      const before = gradients();
      x.assign(values.map((v, i) => (Number.isNaN(paddedInput(1)[i]!) ? Number.NaN : v)));
      const after = gradients();
      expect(after).toEqual(before);
      expect(after.flat().every(Number.isFinite)).toBe(true);
      paddedInput(1).forEach((v, i) => void (Number.isNaN(v) && expect(after[0]![i]).toBe(0)));
    });
  }

  test("a row alone and in a batch gives the same bits, on both backends", () => {
    const results = Object.values(engines).map((own) => {
      const layer = make(own, 2, true);
      layer.loadStateDict(make(engine, 2, true).stateDict());
      for (const [i, parameter] of layer.parameters().entries()) parameter.assign(randomFloats(parameter.size, i + 1));
      const x = paddedInput(4);
      const run = (data: Float32Array, rows: number, steps: number, given?: readonly number[]) =>
        own.step(() => layer.forward(tensor(own, data, [rows, steps, inputSize]), null, given ? { lengths: given } : {}).output.data());
      const together = run(x, batch, time, lengths);
      for (const [b, length] of lengths.entries()) {
        const alone = run(x.slice(b * time * inputSize, (b * time + length) * inputSize), 1, length);
        expect(together.slice(b * time * 6, (b * time + length) * 6), `row ${b}`).toEqual(alone);
      }
      return together;
    });
    for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  });

  test("steps that no row reaches, a batch of one and of none", () => {
    const layer = make(engine, 1, true);
    const x = randomFloats(2 * 5 * inputSize, 5);
    engine.step(() => {
      const long = layer.forward(tensor(engine, x, [2, 5, inputSize]), null, { lengths: [2, 3] });
      expect([...long.output.data().slice(2 * 6, 5 * 6)]).toEqual(new Array(18).fill(0));
      const none = layer.forward(zeros(engine, [0, 2, inputSize]));
      expect([none.output.shape, none.state.h.shape]).toEqual([
        [0, 2, 6],
        [2, 0, 4],
      ]);
    });
  });

  test("outside a step only output and states stay in memory, and they have no history", () => {
    const layer = make(engine, 2, true);
    const x = tensor(engine, randomFloats(2 * 3 * inputSize, 5), [2, 3, inputSize]);
    const run = () => {
      const { output, state } = layer.forward(x, null, { lengths: [3, 2] });
      const values = output.data();
      expect(output.requiresGrad).toBe(false);
      for (const made of [output, state.h, state.slow]) made.dispose();
      return values;
    };
    const first = run();
    const before = engine.memoryUse().inUse;
    for (let i = 0; i < 50; i++) run();
    expect(engine.memoryUse().inUse).toBe(before);
    expect(first).toEqual(engine.step(() => noGrad(engine, () => layer.forward(x, null, { lengths: [3, 2] }).output.data())));
  });

  test("one cell for both directions is tied: one set of parameters under both names, one gradient", () => {
    const cell = new RNNCell(engine, { inputSize, hiddenSize: 2 });
    const layer = RNN.from([cell, cell], { bidirectional: true });
    expect(layer.parameters()).toEqual(cell.parameters());
    expect([...layer.stateDict().keys()].filter((name) => name.startsWith("weight_ih"))).toEqual(["weight_ih_l0", "weight_ih_l0_reverse"]);
    gradcheck((x) => layer.forward(x!).output, [tensor(engine, randomFloats(12, 1), [2, 2, 3]), ...layer.parameters()]);
  });
});

describe("fused cells", () => {
  const kinds = [
    ["RNN", RNN, RNNCell, {}],
    ["RNN relu", RNN, RNNCell, { nonlinearity: "relu" }],
    ["GRU", GRU, GRUCell, {}],
    ["LSTM", LSTM, LSTMCell, {}],
    ["LSTM without bias", LSTM, LSTMCell, { bias: false }],
  ] as const;
  for (const [name, Layer, Cell, extra] of kinds) {
    test(`RNN.from over cells of ${name} has its names, and its bits in training; gradients agree within rounding`, () => {
      for (const own of Object.values(engines)) {
        const options = { hiddenSize: 5, ...extra };
        const shape = { inputSize, numLayers: 2, bidirectional: true, dropout: 0.4 };
        const fused = new Layer(own, { ...options, ...shape } as never) as LSTM;
        const layer = RNN.from<{ h: Tensor; c: Tensor }>(
          (size) => new Cell(own, { inputSize: size, ...options } as never) as LSTMCell,
          shape,
        );
        layer.loadStateDict(fused.stateDict());
        const input = tensor(own, paddedInput(3), [batch, time, inputSize]);
        const states = { h: tensor(own, randomFloats(100, 1), [4, batch, 5]), c: tensor(own, randomFloats(100, 2), [4, batch, 5]) };
        const leaves = [input, ...Object.values(states)];
        for (const leaf of leaves) leaf.requiresGrad = true;
        const run = (model: LSTM | CellLayer<{ h: Tensor; c: Tensor }>) => {
          for (const leaf of [...leaves, ...model.parameters()]) leaf.clearGrad();
          const values = own.step(
            () => {
              const { output, state } = model.forward(input, states, { lengths });
              const parts = [output, state.h, ...(state.c === undefined ? [] : [state.c])];
              backward(sum(mul(flat(parts), flat(parts))));
              return parts.map((part) => part.data());
            },
            { training: true, step: 7 },
          );
          const named = [...[...model.stateDict()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, p]) => p), ...leaves];
          return { values, gradients: named.map((leaf) => leaf.grad?.data()) };
        };
        const [want, got] = [run(fused), run(layer)];
        expect(got.values).toEqual(want.values);
        got.gradients.forEach((gradient, i) => {
          const wanted = want.gradients[i];
          expect(gradient?.length).toBe(wanted?.length);
          const scale = Math.max(1, ...Array.from(wanted ?? [], Math.abs));
          gradient?.forEach((v, k) => void expect(Math.abs(v - wanted![k]!)).toBeLessThan(4e-6 * scale));
        });
      }
    });
  }
});

describe("wrong calls", () => {
  class Broken extends Module {
    readonly inputSize = 3;
    readonly stateSizes = { h: 2 };
    constructor(readonly answer: (x: Tensor, h: Tensor) => unknown) {
      super();
    }
    step(x: Tensor, { h }: { h: Tensor }): never {
      return this.answer(x, h) as never;
    }
  }
  const cell = (size = 3, hiddenSize = 2) => new GRUCell(engine, { inputSize: size, hiddenSize });
  const x = zeros(engine, [2, 4, 3]);
  const layer = RNN.from(new LSTMCell(engine, { inputSize: 3, hiddenSize: 2 }), {});
  const calls: [string, typeof ConfigError | typeof ShapeError, RegExp, () => unknown][] = [
    [
      "no cell",
      ConfigError,
      /RNN\.from: cell 0 is no cell, wants a Module with inputSize, stateSizes and step/,
      () => RNN.from({} as never),
    ],
    [
      "a layer",
      ConfigError,
      /RNN\.from: cell 0 is no cell/,
      () => RNN.from(new Linear(engine, { inFeatures: 1, outFeatures: 1 }) as never),
    ],
    ["too few", ConfigError, /RNN\.from: 1 cells, wants 4, one a layer/, () => RNN.from(cell(), { numLayers: 2, bidirectional: true })],
    ["a hole", ConfigError, /RNN\.from: cell 1 is no cell/, () => RNN.from([cell(), undefined as never], { bidirectional: true })],
    ["no size", ConfigError, /RNN\.from: inputSize undefined, wants a whole number from 1/, () => RNN.from((size) => cell(size))],
    ["another size", ConfigError, /cell 0: inputSize 3, wants 4, the features it gets/, () => RNN.from(cell(), { inputSize: 4 })],
    ["sizes between layers", ConfigError, /cell 1: inputSize 3, wants 2/, () => RNN.from([cell(), cell()], { numLayers: 2 })],
    [
      "other states",
      ConfigError,
      /cell 1: stateSizes \{"h":4\}, wants \{"h":2\}, those of the first cell/,
      () => RNN.from([cell(), cell(2, 4)], { numLayers: 2 }),
    ],
    [
      "a size that is none",
      ConfigError,
      /cell 0: size of h 0, wants a whole number from 1/,
      () => RNN.from(Object.assign(new Broken(() => 0), { stateSizes: { h: 0 } }) as never),
    ],
    ["a misspelt option", ConfigError, /RNN\.from: unknown option layers/, () => RNN.from(cell(), { layers: 2 } as never)],
    ["features", ShapeError, /CellLayer\.forward: input has 5 features, wants inputSize 3/, () => layer.forward(zeros(engine, [2, 4, 5]))],
    ["a state left out", ShapeError, /state has no c, wants h, c/, () => layer.forward(x, { h: zeros(engine, [1, 2, 2]) } as never)],
    [
      "a state's shape",
      ShapeError,
      /CellLayer\.forward: state c has shape \[1, 2, 3\], wants \[1, 2, 2\] \(layers·directions, batch, size\)/,
      () => layer.forward(x, { h: zeros(engine, [1, 2, 2]), c: zeros(engine, [1, 2, 3]) }),
    ],
    [
      "an output of another width",
      ShapeError,
      /Broken\.step: output is f32 \[2, 3\], wants f32 \[2, 2\]/,
      () => RNN.from(new Broken((input, h) => ({ output: input, state: { h } })) as never).forward(x),
    ],
    [
      "a state that is missing",
      ShapeError,
      /Broken\.step: state h is undefined, wants f32 \[2, 2\]/,
      () => RNN.from(new Broken((_, h) => ({ output: h, state: {} })) as never).forward(x),
    ],
    ["nothing returned", ShapeError, /Broken\.step: output is undefined/, () => RNN.from(new Broken(() => undefined) as never).forward(x)],
  ];
  test.each(calls)("%s", (_, kind, message, call) => {
    expect(call).toThrowError(kind);
    expect(call).toThrowError(message);
    expect(engine.inStep).toBe(false);
  });

  test("lengths", () => {
    expect(() => layer.forward(x, null, { lengths: [5, 1] })).toThrowError(/CellLayer\.forward: length 5 at row 0/);
    expect(() => layer.forward(x, null, { lengths: [1] })).toThrowError(/CellLayer\.forward: 1 lengths, wants 2/);
  });
});
