import { afterAll, describe, expect, test } from "vitest";
import { PURPOSE } from "../../src/engine/engine.js";
import { Stream, streamKey } from "../../src/engine/random.js";
import {
  concat,
  createEngine,
  GRU,
  GRUCell,
  gradcheck,
  Linear,
  LSTM,
  LSTMCell,
  type LSTMState,
  type RecurrentCell,
  RNN,
  RNNCell,
  reshape,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { Highway, HighwayCell, LayerNormLSTMCell, Residual, ResidualCell, StackedCells, Zoneout } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";
import { lstmStep } from "../reference/gated.js";
import { dense, type ReferenceStep, runLayers, type States, type Vector } from "../reference/sequence.js";
import { close, leafOf } from "../values.js";

const engine = await createEngine({ seed: 11 });
afterAll(() => engine.dispose());

const [batch, time, size] = [4, 3, 4];
const lengths = [2, 3, 1, 3];

/** Input of seeded numbers, NaN in the padding. */
function padded(seed: number): Tensor {
  const x = randomFloats(batch * time * size, seed);
  for (const [b, length] of lengths.entries()) x.fill(Number.NaN, (b * time + length) * size, (b + 1) * time * size);
  return tensor(engine, x, [batch, time, size]);
}

const rowOf = (x: Tensor, b: number, length: number) => (x.toArray() as number[][][])[b]!.slice(0, length);

const lstmReference = (cell: LSTMCell): ReferenceStep =>
  lstmStep({
    hidden: cell.spec.hiddenSize,
    weightIh: cell.weightIh.data(),
    weightHh: cell.weightHh.data(),
    biasIh: cell.biasIh!.data(),
    biasHh: cell.biasHh!.data(),
    norms: {},
    eps: 0,
  });

const zeroStates: States = { h: new Array(size).fill(0), c: new Array(size).fill(0) };
const s = (x: number) => 1 / (1 + Math.exp(-x));

/** Checks a layer over ragged rows with NaN padding against a step of float64, and gradients of input and every parameter. */
function check<S extends Record<keyof S, Tensor>>(cell: RecurrentCell<S>, step: ReferenceStep, start: States): void {
  const layer = RNN.from(cell);
  const x = padded(3);
  const { output, state } = engine.step(() => layer.forward(x, null, { lengths }));
  for (const [b, length] of lengths.entries()) {
    const want = runLayers([step], 1, rowOf(x, b, length), [start]);
    rowOf(output, b, time).forEach((got, t) => {
      close(got, t < length ? want.output[t]! : new Array(layer.outputSize).fill(0), `row ${b}, step ${t}`);
    });
    for (const [name, own] of Object.entries<Tensor>(state))
      close((own.toArray() as number[][][])[0]![b]!, want.states[0]![name]!, `${name} of row ${b}`);
  }
  gradcheck((input) => layer.forward(input!, null, { lengths }).output, [leafOf(engine, [batch, time, size], 4), ...layer.parameters()], {
    elements: 20,
    training: true,
  });
}

describe("Zoneout", () => {
  const rates = { h: 0.25, c: 0.5 };
  const cell = new LSTMCell(engine, { inputSize: size, hiddenSize: size });

  test("outside training states are the expectation p·old + (1-p)·new, the output the state", () => {
    const inner = lstmReference(cell);
    const step: ReferenceStep = (x, before) => {
      const { state } = inner(x, before);
      const mix = (name: "h" | "c") => state[name]!.map((fresh, i) => rates[name] * before[name]![i]! + (1 - rates[name]) * fresh);
      const h = mix("h");
      return { output: h, state: { h, c: mix("c") } };
    };
    check(new Zoneout(cell, rates), step, zeroStates);
  });

  test("in training each unit keeps its old value to the bit with its probability, or takes the new one", () => {
    const zoned = new Zoneout<LSTMState>(cell, rates);
    const [x, h, c] = [1, 2, 3].map((seed) => tensor(engine, randomFloats(batch * size, seed), [batch, size])) as [Tensor, Tensor, Tensor];
    const fresh = engine.step(() => cell.step(x, { h, c }).state);
    const got = engine.step(() => zoned.step(x, { h, c }), { training: true, step: 6 });
    for (const [index, [name, p]] of (Object.entries(rates) as ["h" | "c", number][]).entries()) {
      const stream = new Stream(streamKey(engine.seed, PURPOSE.dropout, 6, index));
      const old = { h, c }[name].data();
      const want = Array.from(fresh[name].data(), (v, i) => (stream.nextFloat() < p ? old[i]! : v));
      expect([...got.state[name].data()]).toEqual(want);
      expect(want.some((v, i) => v === old[i])).toBe(true);
      expect(want.some((v, i) => v !== old[i])).toBe(true);
    }
    expect(got.output.data()).toEqual(got.state.h.data());
  });

  test("a rate of 1 freezes the state, one of 0 is the cell itself", () => {
    const x = padded(5);
    const run = (own: RecurrentCell<LSTMState>, training: boolean) =>
      engine.step(() => RNN.from(own).forward(x, null, { lengths }).output.data(), { training });
    for (const training of [true, false]) {
      expect(run(new Zoneout(cell, { h: 1, c: 1 }), training).every((v) => v === 0)).toBe(true);
      expect(run(new Zoneout(cell, { h: 0 }), training)).toEqual(run(cell, training));
    }
  });

  test("wrong rates and what is no cell are refused", () => {
    expect(() => new Zoneout(cell, { h: 1.5 })).toThrowError("Zoneout: p 1.5, wants a probability from 0 to 1");
    expect(() => new Zoneout(cell, { x: 0.5 } as never)).toThrowError("Zoneout: unknown option x, wants");
    expect(() => new Zoneout({} as never, {})).toThrowError("Zoneout: cell is no cell, wants a Module with inputSize, stateSizes and step");
  });
});

describe("shortcuts around cells", () => {
  test("ResidualCell adds its input", () => {
    const cell = new LSTMCell(engine, { inputSize: size, hiddenSize: size });
    const inner = lstmReference(cell);
    const step: ReferenceStep = (x, before) => {
      const { output, state } = inner(x, before);
      return { output: output.map((v, i) => v + x[i]!), state };
    };
    check(new ResidualCell(cell), step, zeroStates);
  });

  test("HighwayCell lets its input pass by a gate that starts nearly open", () => {
    const cell = new LSTMCell(engine, { inputSize: size, hiddenSize: size });
    const highway = new HighwayCell(engine, cell, { gateBias: -2 });
    expect([...highway.gate.bias!.data()]).toEqual(new Array(size).fill(-2));
    const inner = lstmReference(cell);
    const { weight, bias } = highway.gate;
    const step: ReferenceStep = (x, before) => {
      const { output, state } = inner(x, before);
      const gate = dense(x, weight.data(), bias!.data()).map(s);
      return { output: output.map((v, i) => gate[i]! * v + (1 - gate[i]!) * x[i]!), state };
    };
    check(highway, step, zeroStates);
    expect([...highway.stateDict().keys()].slice(0, 3)).toEqual(["cell.weight_ih", "cell.weight_hh", "cell.bias_ih"]);
  });

  test("a cell of another width is refused", () => {
    const cell = new LSTMCell(engine, { inputSize: 3, hiddenSize: 4 });
    expect(() => new ResidualCell(cell)).toThrowError("ResidualCell: the cell gives 4 features, wants inputSize 3");
    expect(() => new HighwayCell(engine, cell)).toThrowError("HighwayCell: the cell gives 4 features, wants inputSize 3");
    const square = new LSTMCell(engine, { inputSize: 3, hiddenSize: 3 });
    expect(() => new HighwayCell(engine, square, { gateBias: Number.NaN })).toThrowError(
      "HighwayCell: gateBias NaN, wants a finite number",
    );
    expect(() => new HighwayCell(engine, square, { bias: 1 } as never)).toThrowError("HighwayCell: unknown option bias");
  });
});

describe("StackedCells", () => {
  test("cells of different kinds and sizes run one above the other", () => {
    const below = new LSTMCell(engine, { inputSize: size, hiddenSize: 3 });
    const above = new LSTMCell(engine, { inputSize: 3, hiddenSize: 2 });
    const stacked = new StackedCells([below, above]);
    expect(stacked.stateSizes).toEqual({ h_l0: 3, c_l0: 3, h_l1: 2, c_l1: 2 });
    const [first, second] = [lstmReference(below), lstmReference(above)];
    const step: ReferenceStep = (x, { h_l0, c_l0, h_l1, c_l1 }) => {
      const a = first(x, { h: h_l0!, c: c_l0! });
      const b = second(a.output, { h: h_l1!, c: c_l1! });
      return { output: b.output, state: { h_l0: a.state.h!, c_l0: a.state.c!, h_l1: b.state.h!, c_l1: b.state.c! } };
    };
    check(stacked, step, { h_l0: [0, 0, 0], c_l0: [0, 0, 0], h_l1: [0, 0], c_l1: [0, 0] });
    expect([...stacked.stateDict().keys()].slice(3, 5)).toEqual(["cells.0.bias_hh", "cells.1.weight_ih"]);
  });

  test("equal to the layers of a GRU, to the bit", () => {
    const gru = new GRU(engine, { inputSize: size, hiddenSize: 5, numLayers: 2 });
    const cells = [size, 5].map((inputSize) => new GRUCell(engine, { inputSize, hiddenSize: 5 }));
    for (const [layer, cell] of cells.entries()) {
      const part = Array.from(gru.stateDict()).filter(([name]) => name.endsWith(`_l${layer}`));
      cell.loadStateDict(new Map(part.map(([name, own]) => [name.slice(0, -3), own])));
    }
    const x = padded(6);
    const [want, got] = engine.step(() => [
      gru.forward(x, null, { lengths }).output.data(),
      RNN.from(new StackedCells(cells)).forward(x, null, { lengths }).output.data(),
    ]);
    expect(got).toEqual(want);
  });

  test("a cell keeps its mask of the sequence under every wrapper", () => {
    const cell = new LayerNormLSTMCell(engine, { inputSize: size, hiddenSize: size, recurrentDropout: 0.5 });
    const wrapped = new StackedCells([new ResidualCell(new Zoneout(cell, {}))]);
    const [x, h, c] = [1, 2, 3].map((seed) => tensor(engine, randomFloats(batch * size, seed), [batch, size])) as [Tensor, Tensor, Tensor];
    const run = () => {
      const step = wrapped.begin();
      // The same call twice: only the mask could make a difference.
      return [1, 2].map(() => step(x, { h_l0: h, c_l0: c }).output.data());
    };
    const [first, second] = engine.step(run, { training: true, step: 1 });
    expect(first).toEqual(second);
    const [again] = engine.step(run, { training: true, step: 2 });
    expect(again).not.toEqual(first);
  });

  test("none, what is no cell, and sizes that do not fit are refused", () => {
    const cell = new RNNCell(engine, { inputSize: 3, hiddenSize: 2 });
    expect(() => new StackedCells([])).toThrowError("StackedCells: no cells, wants at least 1");
    expect(() => new StackedCells([cell, cell])).toThrowError("StackedCells: cell 1: inputSize 3, wants 2, the features it gets");
    expect(() => new StackedCells([new Linear(engine, { inFeatures: 1, outFeatures: 1 })] as never)).toThrowError(
      "StackedCells: cell 0 is no cell",
    );
  });
});

describe("shortcuts around layers", () => {
  test("Residual and Highway of a recurrent layer leave padding out, with NaN in it too", () => {
    const lstm = new LSTM(engine, { inputSize: size, hiddenSize: size / 2, bidirectional: true });
    const highway = new Highway(engine, lstm, { size });
    const residual = new Residual(lstm);
    const gate = (x: Vector) => dense(x, highway.gate.weight.data(), highway.gate.bias!.data()).map(s);
    const x = padded(7);
    const inner = engine.step(() => lstm.forward(x, null, { lengths }));
    const joins = [
      { layer: residual, join: (a: Vector, y: Vector) => y.map((v, i) => v + a[i]!) },
      { layer: highway, join: (a: Vector, y: Vector) => y.map((v, i) => gate(a)[i]! * v + (1 - gate(a)[i]!) * a[i]!) },
    ];
    for (const { layer, join } of joins) {
      const { output, state } = layer.forward(x, null, { lengths });
      expect(output.requiresGrad).toBe(false);
      expect(state.h.data()).toEqual(inner.state.h.data());
      for (const [b, length] of lengths.entries()) {
        const [given, made] = [rowOf(x, b, time), rowOf(inner.output, b, time)];
        rowOf(output, b, time).forEach((got, t) => {
          close(got, t < length ? join(given[t]!, made[t]!) : new Array(size).fill(0), `row ${b}, step ${t}`);
        });
      }
      const run = (input: Tensor) => {
        const result = layer.forward(input, null, { lengths });
        return concat([result.output, result.state.h].map((part) => reshape(part, [part.size])));
      };
      gradcheck((input) => run(input!), [leafOf(engine, [batch, time, size], 4), ...layer.parameters()], { elements: 20 });
    }
    expect([...highway.stateDict().keys()].slice(-3)).toEqual(["layer.bias_hh_l0_reverse", "gate.weight", "gate.bias"]);
  });

  test("around a layer of one tensor, and one around the other", () => {
    const linear = new Linear(engine, { inFeatures: 3, outFeatures: 3 });
    const x = leafOf(engine, [2, 3], 8);
    const deep = new Residual(new Residual(linear));
    const want = (x.toArray() as number[][]).map((row) =>
      dense(row, linear.weight.data(), linear.bias!.data()).map((v, i) => v + 2 * row[i]!),
    );
    (deep.forward(x).toArray() as number[][]).forEach((row, b) => void close(row, want[b]!, `row ${b}`));
    gradcheck((input) => deep.forward(input!), [x, ...deep.parameters()]);
  });

  test("outputs of another shape and wrong options are refused", () => {
    const wide = new Residual(new Linear(engine, { inFeatures: 3, outFeatures: 4 }));
    expect(() => wide.forward(zeros(engine, [2, 3]))).toThrowError("Residual.forward: the layer gives [2, 4], wants [2, 3] as its input");
    const gru = new GRU(engine, { inputSize: 3, hiddenSize: 2 });
    expect(() => new Highway(engine, gru, { size: 3 }).forward(zeros(engine, [1, 2, 3]))).toThrowError(
      "Highway.forward: the layer gives [1, 2, 2], wants [1, 2, 3]",
    );
    expect(() => new Highway(engine, gru, {} as never)).toThrowError("Highway: size undefined, wants a whole number from 1");
    expect(() => new Residual(gru).forward(zeros(engine, [1, 2, 3]), null, { lengths: [3] })).toThrowError(
      "GRU.forward: length 3 at row 0",
    );
  });
});
