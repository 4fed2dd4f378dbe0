import { afterAll, describe, expect, test } from "vitest";
import {
  createEngine,
  GRU,
  GRUCell,
  Linear,
  LSTMCell,
  Module,
  noGrad,
  RNN,
  reshape,
  slice,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { type Recording, recordStates } from "../../src/inspect/index.js";
import { randomFloats } from "../kernels/harness.js";
import { lstmUnit } from "../reference/cells.js";
import { BATCH, HIDDEN, INPUT, input, LAYERS, LENGTHS, reference, TIME, TOLERANCE } from "./models.js";

const engines = await Promise.all((["wasm", "js"] as const).map((backend) => createEngine({ seed: 1, backend })));
const [engine] = engines as [(typeof engines)[0]];
afterAll(() => {
  for (const each of engines) each.dispose();
});

const rowAt = ({ shape, data }: Recording, b: number, t: number): number[] => {
  const [, time, size] = shape as [number, number, number];
  return Array.from(data.slice((b * time + t) * size, (b * time + t + 1) * size));
};

/** Largest distance of two rows. */
const distance = (got: readonly number[], want: readonly number[]): number => {
  expect(got).toHaveLength(want.length);
  return Math.max(...got.map((value, i) => Math.abs(value - want[i]!)));
};

describe.each(engines.map((each) => [each.info.backend, each] as const))("recordStates, %s", (_, own) => {
  test.each(LAYERS)("%s: gates and states of every step are those of float64, 0 past each length", (_, make) => {
    const layer = make(own);
    const x = input(own);
    const { layers } = recordStates(layer as GRU, x, (model, batch) => model.forward(batch, null, { lengths: LENGTHS }));
    const want = reference(layer, x);
    const { spec } = layer;
    const directions = spec.bidirectional ? 2 : 1;
    expect(layers).toHaveLength(spec.numLayers * directions);
    for (const [index, states] of layers.entries()) {
      expect(states.name).toBe(`l${Math.floor(index / directions)}${index % directions === 1 ? "_reverse" : ""}`);
      expect([states.layer, states.direction]).toEqual([Math.floor(index / directions), index % directions === 1 ? "reverse" : "forward"]);
      expect([...states.lengths]).toEqual(LENGTHS);
      expect(states.h.shape).toEqual([BATCH, TIME, spec.projSize || HIDDEN]);
      const names = spec.kind === "LSTM" ? ["i", "f", "g", "o"] : spec.kind === "GRU" ? ["r", "z", "n"] : [];
      expect(Object.keys(states.gates)).toEqual(names);
      expect(states.c === null).toBe(spec.kind !== "LSTM");
      for (let b = 0; b < BATCH; b++) {
        for (let t = 0; t < TIME; t++) {
          const real = t < LENGTHS[b]!;
          const or = (rows: number[][][], recording: Recording) => (real ? rows[b]![t]! : new Array(recording.shape[2]!).fill(0));
          const { h, c, gates } = want.layers[index]!;
          expect(distance(rowAt(states.h, b, t), or(h, states.h))).toBeLessThan(TOLERANCE);
          if (states.c !== null) expect(distance(rowAt(states.c, b, t), or(c, states.c))).toBeLessThan(TOLERANCE);
          for (const [gate, name] of names.entries()) {
            const rows = gates.map((row) => row.map((values) => values.slice(gate * HIDDEN, (gate + 1) * HIDDEN)));
            expect(distance(rowAt(states.gates[name]!, b, t), or(rows, states.gates[name]!))).toBeLessThan(TOLERANCE);
          }
        }
      }
    }
  });
});

/** A cell in a loop under a layer, as decoders have it. */
class Stepwise extends Module {
  readonly cell = new LSTMCell(engine, { inputSize: 2, hiddenSize: 3 });
  readonly out = new Linear(engine, { inFeatures: 3, outFeatures: 1 });

  forward(x: Tensor): Tensor {
    const [batch, time, size] = x.shape as [number, number, number];
    let state = { h: zeros(engine, [batch, 3]), c: zeros(engine, [batch, 3]) };
    for (let t = 0; t < time; t++) state = this.cell.forward(reshape(slice(x, 1, t, t + 1), [batch, size]), state);
    return this.out.forward(state.h);
  }
}

describe("recordStates", () => {
  test("the result has the bits it has without recording, whether parameters are frozen or not, and nothing of the model changes", () => {
    for (const [, make] of LAYERS) {
      const layer = make(engine) as GRU;
      const x = input(engine);
      const run = () => layer.forward(x, null, { lengths: LENGTHS }).output;
      const plain = engine.step(() => noGrad(engine, () => run().data()));
      for (const parameter of layer.parameters().slice(0, 2)) parameter.requiresGrad = false;
      const before = layer.parameters().map(({ requiresGrad, grad, storage }) => [requiresGrad, grad, storage.version]);
      const { result } = recordStates(layer, x, run);
      expect(result.data()).toEqual(plain);
      expect(layer.parameters().map(({ requiresGrad, grad, storage }) => [requiresGrad, grad, storage.version])).toEqual(before);
    }
  });

  test("single steps of a cell follow one another in time", () => {
    const model = new Stepwise();
    const x = tensor(engine, randomFloats(2 * 5 * 2, 3), [2, 5, 2]);
    const { result, layers } = recordStates(model, x);
    expect(result.shape).toEqual([2, 1]);
    const [cell] = layers as [(typeof layers)[0]];
    expect(layers).toHaveLength(1);
    expect([cell.name, cell.h.shape, [...cell.lengths]]).toEqual(["cell", [2, 5, 3], [5, 5]]);
    // Each c follows from the recorded gates and the c before it.
    for (let b = 0; b < 2; b++) {
      for (let t = 0; t < 5; t++) {
        const [i, f, g, o] = ["i", "f", "g", "o"].map((name) => rowAt(cell.gates[name]!, b, t)) as [number[], number[], number[], number[]];
        const before = t === 0 ? [0, 0, 0] : rowAt(cell.c!, b, t - 1);
        const c = before.map((value, j) => f[j]! * value + i[j]! * g[j]!);
        expect(distance(rowAt(cell.c!, b, t), c)).toBeLessThan(TOLERANCE);
        expect(
          distance(
            rowAt(cell.h, b, t),
            c.map((value, j) => o[j]! * Math.tanh(value)),
          ),
        ).toBeLessThan(TOLERANCE);
      }
    }
    // And the last step's gates from the weights themselves.
    const [w, u, bi, bh] = model.cell.parameters().map((parameter) => parameter.data());
    const last = rowAt(cell.h, 1, 3);
    const own = Array.from(x.data().slice((5 + 4) * 2));
    const pre = Array.from(
      { length: 12 },
      (_, r) => own.reduce((s, v, k) => s + w![r * 2 + k]! * v, bi![r]! + bh![r]!) + last.reduce((s, v, k) => s + u![r * 3 + k]! * v, 0),
    );
    const unit = lstmUnit(
      [0, 3, 6, 9].map((r) => pre[r]!),
      rowAt(cell.c!, 1, 3)[0]!,
    );
    expect(
      distance(
        ["i", "f", "g", "o"].map((name) => rowAt(cell.gates[name]!, 1, 4)[0]!),
        [...unit.gates],
      ),
    ).toBeLessThan(TOLERANCE);
  });

  test("cells run by RNN.from: the recordings of the layer itself, where rows do not end before others", () => {
    const cells = RNN.from((inputSize) => new GRUCell(engine, { inputSize, hiddenSize: HIDDEN }), {
      inputSize: INPUT,
      bidirectional: true,
    });
    const layer = new GRU(engine, { inputSize: INPUT, hiddenSize: HIDDEN, bidirectional: true });
    layer.loadStateDict(cells.stateDict());
    const x = input(engine);
    const [want, got] = [recordStates(layer, x).layers, recordStates(cells, x).layers];
    expect(got.map(({ name }) => name)).toEqual(["l0", "l0_reverse"]);
    for (const [i, { h, gates }] of want.entries()) {
      expect(distance(Array.from(got[i]!.h.data), Array.from(h.data))).toBeLessThan(TOLERANCE);
      expect(distance(Array.from(got[i]!.gates.z!.data), Array.from(gates.z!.data))).toBeLessThan(TOLERANCE);
    }
    expect(() => recordStates(cells, x, (model) => model.forward(x, null, { lengths: LENGTHS }))).toThrowError(
      /recordStates: l0 ran over 3 rows and over 2, wants all of its single steps over the same/,
    );
  });

  test("dropout does not run, and the next training step draws what it would have drawn", async () => {
    const outputs = async (look: boolean) => {
      const own = await createEngine({ seed: 3 });
      const layer = new GRU(own, { inputSize: INPUT, hiddenSize: HIDDEN, numLayers: 2, dropout: 0.5 });
      const x = input(own);
      if (look) expect(recordStates(layer, x).layers).toHaveLength(2);
      return [0, 1].map(() => own.step(() => layer.forward(x).output.data(), { training: true }));
    };
    expect(await outputs(true)).toEqual(await outputs(false));
  });

  test("what shows no recurrent layer is refused, and so is a training step", () => {
    const layer = LAYERS[3]![1](engine) as GRU;
    const x = input(engine);
    expect(() => recordStates(layer, x, () => 1)).toThrowError(/recordStates: no recurrent layer of the model was seen/);
    expect(() => recordStates(layer, x, (model) => noGrad(engine, () => model.forward(x)))).toThrowError(/no recurrent layer/);
    expect(() => engine.step(() => recordStates(layer, x), { training: true })).toThrowError(/inside a training step/);
    expect(() => recordStates(new (class extends Module {})() as never, x)).toThrowError(/the model has no parameters/);
  });
});
