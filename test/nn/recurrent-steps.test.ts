import { afterAll, describe, expect, test } from "vitest";
import {
  backward,
  createEngine,
  GRU,
  GRUCell,
  type HiddenState,
  LSTM,
  mul,
  noGrad,
  RNN,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 3 });
afterAll(() => engine.dispose());
const [batch, time, inputSize, hiddenSize] = [3, 4, 2, 5];
const x = tensor(engine, randomFloats(batch * time * inputSize, 1), [batch, time, inputSize]);
const sizes = { inputSize, hiddenSize };

type Layer = RNN | LSTM | GRU;
const forward = (layer: Layer, input: Tensor = x, lengths: readonly number[] = [4, 4, 4]) =>
  (layer as GRU).forward(input, null, { lengths });
const outputOf = (layer: Layer, training: boolean, step = 0, lengths?: readonly number[]) =>
  engine.step(() => forward(layer, x, lengths).output.data(), { training, step });
/** The same weights in a layer with other options. */
function alike<T extends Layer>(layer: Layer, copy: T): T {
  copy.loadStateDict(layer.stateDict());
  return copy;
}

describe("dropout inside recurrent layers", () => {
  const kinds = [
    ["weight drop", { weightDropout: 0.5 }],
    ["variational dropout", { dropout: 0.5, variational: true }],
  ] as const;
  for (const [name, options] of kinds) {
    test(`${name}: fresh masks for each training step, the same for the same step, and none outside`, () => {
      const layer = new LSTM(engine, { ...sizes, numLayers: 2, ...options });
      const plain = alike(layer, new LSTM(engine, { ...sizes, numLayers: 2 }));
      const clean = outputOf(plain, true);
      expect(outputOf(layer, false)).toEqual(clean);
      const first = outputOf(layer, true, 0);
      expect(first).not.toEqual(clean);
      expect(outputOf(layer, true, 1)).not.toEqual(first);
      expect(outputOf(layer, true, 0)).toEqual(first);
      expect(outputOf(layer, false)).toEqual(clean);
      expect(forward(layer).output.data()).toEqual(clean);
    });

    test(`${name}: a failed call draws nothing`, () => {
      const layer = new GRU(engine, { ...sizes, numLayers: 2, ...options });
      const quiet = outputOf(layer, true);
      const after = engine.step(
        () => {
          expect(() => forward(layer, zeros(engine, [3, 4, 7]))).toThrowError(/7 features/);
          expect(() => forward(layer, x, [4, 4, 5])).toThrowError(/length 5/);
          return forward(layer).output.data();
        },
        { training: true, step: 0 },
      );
      expect(after).toEqual(quiet);
    });

    test(`${name}: a stepper takes the whole weights, in a training step too`, () => {
      const layer = new GRU(engine, { ...sizes, numLayers: 2, ...options });
      const clean = outputOf(layer, false);
      const stepper = layer.stepper({ batch });
      const out = new Float32Array(batch * hiddenSize);
      engine.step(
        () => {
          for (let t = 0; t < time; t++) {
            stepper.step(
              [...Array(batch).keys()].flatMap((b) => [...x.data()].slice((b * time + t) * 2, (b * time + t + 1) * 2)),
              out,
            );
            for (let b = 0; b < batch; b++) {
              const at = (b * time + t) * hiddenSize;
              expect(out.slice(b * hiddenSize, (b + 1) * hiddenSize)).toEqual(clean.slice(at, at + hiddenSize));
            }
          }
        },
        { training: true },
      );
      stepper.dispose();
    });
  }

  test("a variational mask belongs to the row, whatever the lengths of the others", () => {
    const layer = new RNN(engine, { ...sizes, numLayers: 3, dropout: 0.5, variational: true });
    const even = outputOf(layer, true, 5);
    const ragged = outputOf(layer, true, 5, [2, 4, 3]);
    for (const [b, length] of [2, 4, 3].entries()) {
      const at = b * time * hiddenSize;
      expect(ragged.slice(at, at + length * hiddenSize)).toEqual(even.slice(at, at + length * hiddenSize));
    }
  });

  test("probability 1 leaves nothing of the recurrent weights, or of the layer below", () => {
    const layer = new GRU(engine, { ...sizes, weightDropout: 1 });
    const dropped = outputOf(layer, true);
    layer.weights[0]!.weightHh.assign(new Float32Array(3 * hiddenSize * hiddenSize));
    expect(dropped).toEqual(outputOf(layer, false));
    const cut = new RNN(engine, { ...sizes, numLayers: 2, dropout: 1, variational: true });
    const silent = outputOf(cut, true);
    cut.weights[1]!.weightIh.assign(new Float32Array(hiddenSize * hiddenSize));
    expect(silent).toEqual(outputOf(cut, false));
  });

  test("dropped weights leave no memory behind", () => {
    const layer = new LSTM(engine, { ...sizes, bidirectional: true, weightDropout: 0.3 });
    const use = () => {
      engine.step(() => backward(sum(forward(layer).output)), { training: true });
      return engine.memoryUse().inUse;
    };
    use();
    const settled = use();
    for (let i = 0; i < 50; i++) use();
    expect(use()).toBe(settled);
  });
});

describe("learned initial states", () => {
  test("are absent by default, and otherwise named and needed by state dictionaries", () => {
    const names = (layer: Layer) => [...layer.stateDict()].map(([name, { shape }]) => `${name} ${shape.join("x")}`);
    const plain = new LSTM(engine, { ...sizes, numLayers: 2, bidirectional: true });
    expect(names(plain).some((name) => name.startsWith("initial"))).toBe(false);
    const learned = new LSTM(engine, { ...sizes, numLayers: 2, bidirectional: true, projSize: 3, learnedState: true });
    expect(names(learned).slice(-2)).toEqual(["initial_h 4x1x3", "initial_c 4x1x5"]);
    expect(names(new GRU(engine, { ...sizes, learnedState: true })).slice(-1)).toEqual(["initial_h 1x1x5"]);
    const wide = new LSTM(engine, { ...sizes, numLayers: 2, bidirectional: true, learnedState: true });
    expect(() => wide.loadStateDict(plain.stateDict())).toThrowError(/missing keys: initial_h, initial_c; unexpected keys: none/);
  });

  test("start as zeros, and change no weight that the seed gives to what is made after them", async () => {
    const weights = async (learnedState: boolean) => {
      const own = await createEngine({ seed: 9 });
      const layers = [new GRU(own, { ...sizes, learnedState }), new GRU(own, sizes)];
      const result = layers.flatMap((layer) => [...layer.namedParameters()].filter(([name]) => !name.startsWith("initial")));
      const values = result.map(([, parameter]) => [...parameter.data()]);
      expect([...(layers[0]!.initialH?.data() ?? [])]).toEqual(learnedState ? [0, 0, 0, 0, 0] : []);
      own.dispose();
      return values;
    };
    expect(await weights(true)).toEqual(await weights(false));
  });

  test("a stepper starts from them, and from new ones after reset", () => {
    for (const layer of [
      new LSTM(engine, { ...sizes, numLayers: 2, learnedState: true }),
      new GRU(engine, { ...sizes, numLayers: 2, learnedState: true }),
    ]) {
      const stepper = layer.stepper({ batch });
      const out = new Float32Array(batch * hiddenSize);
      for (const seed of [1, 2]) {
        for (const p of [layer.initialH, layer.initialC]) p?.assign(randomFloats(p.size, seed));
        stepper.reset();
        stepper.step(new Float32Array(batch * inputSize), out);
        const whole = (layer as GRU).forward(zeros(engine, [batch, 1, inputSize])).output.data();
        expect(out).toEqual(whole);
      }
      stepper.dispose();
    }
  });

  test("a given state of another batch size is refused, one row too", () => {
    const layer = new GRU(engine, { ...sizes, learnedState: true });
    expect(() => layer.forward(x, { h: zeros(engine, [1, 1, hiddenSize]) })).toThrowError(
      /state h has shape \[1, 1, 5\], wants \[1, 3, 5\]/,
    );
  });
});

describe("edges", () => {
  test("a batch of no rows passes through every option, and back", () => {
    const all = { numLayers: 2, bidirectional: true, dropout: 0.5, variational: true, weightDropout: 0.5, learnedState: true } as const;
    for (const layer of [
      new LSTM(engine, { ...sizes, ...all, merge: "sum" }),
      new GRU(engine, { ...sizes, ...all, merge: "mean", resetAfter: false }),
    ]) {
      engine.step(
        () => {
          const { output, state } = (layer as { forward(x: Tensor): { output: Tensor; state: HiddenState } }).forward(
            zeros(engine, [0, 4, 2]),
          );
          expect([output.shape, state.h.shape]).toEqual([
            [0, 4, 5],
            [4, 0, 5],
          ]);
          backward(sum(output));
        },
        { training: true },
      );
      for (const [name, { grad }] of layer.namedParameters())
        expect(
          [...(grad?.data() ?? [])].every((g) => g === 0),
          name,
        ).toBe(true);
    }
  });

  test("outside a step a forward pass leaves nothing but its results", () => {
    const layer = new LSTM(engine, { ...sizes, bidirectional: true, merge: "sum", learnedState: true });
    const use = () => {
      const { output, state } = layer.forward(x);
      for (const result of [output, state.h, state.c]) result.dispose();
      return engine.memoryUse().inUse;
    };
    use();
    const settled = use();
    for (let i = 0; i < 20; i++) expect(use()).toBe(settled);
    expect(layer.forward(x).output.data()).toEqual(engine.step(() => layer.forward(x).output.data()));
  });

  for (const [name, Kind] of Object.entries({ RNN, LSTM, GRU })) {
    test(`${name}: many rows, whose inputs go in step by step, get the bits that each gets alone, kept for a gradient or not`, () => {
      const rows = 19;
      const layer = new Kind(engine, { ...sizes, numLayers: 2, bidirectional: true });
      const values = randomFloats(rows * time * inputSize, 8);
      const lengths = Array.from({ length: rows }, (_, row) => 1 + ((3 * row) % time));
      const run = (from: number, count: number, kept: boolean) => {
        const own = values.slice(from * time * inputSize, (from + count) * time * inputSize);
        return engine.step(() => {
          const input = tensor(engine, own, [count, time, inputSize]);
          input.requiresGrad = kept;
          const read = () => forward(layer, input, lengths.slice(from, from + count)).output;
          if (!kept) return [noGrad(engine, read).data()];
          const output = read();
          backward(sum(mul(output, output)));
          return [output.data(), (input.grad as Tensor).data()];
        });
      };
      const [free] = run(0, rows, false);
      const [output, gradient] = run(0, rows, true);
      expect(output).toEqual(free);
      for (let row = 0; row < rows; row++) {
        const [own, ownGradient] = run(row, 1, true);
        expect(output!.slice(row * own!.length, (row + 1) * own!.length), `row ${row}`).toEqual(own);
        expect(gradient!.slice(row * ownGradient!.length, (row + 1) * ownGradient!.length), `gradient of row ${row}`).toEqual(ownGradient);
      }
    });
  }

  test("merged outputs are 0 past each length", () => {
    const layer = new GRU(engine, { ...sizes, bidirectional: true, merge: "mean" });
    const output = outputOf(layer, false, 0, [1, 4, 2]);
    expect([...output.slice(hiddenSize, time * hiddenSize)]).toEqual(new Array(3 * hiddenSize).fill(0));
  });

  test("the two GRU forms differ, and agree where the reset gate is open", () => {
    const after = new GRU(engine, { ...sizes, numLayers: 2 });
    const before = alike(after, new GRU(engine, { ...sizes, numLayers: 2, resetAfter: false }));
    expect(outputOf(before, false)).not.toEqual(outputOf(after, false));
    for (const layer of [after, before])
      for (const { biasIh } of layer.weights) biasIh!.assign(Array.from(biasIh!.data(), (v, i) => (i < hiddenSize ? 200 : v)));
    const [a, b] = [outputOf(before, false), outputOf(after, false)];
    for (let i = 0; i < a.length; i++) expect(Math.abs(a[i]! - b[i]!)).toBeLessThan(1e-6);
  });

  test("a cell that resets before the product gives the bits of its layer", () => {
    const cell = new GRUCell(engine, { ...sizes, resetAfter: false });
    const layer = new GRU(engine, { ...sizes, resetAfter: false });
    layer.loadStateDict(new Map(Array.from(cell.stateDict(), ([name, p]) => [`${name}_l0`, p])));
    const h = tensor(engine, randomFloats(batch * hiddenSize, 4), [batch, hiddenSize]);
    const input = tensor(engine, randomFloats(batch * inputSize, 5), [batch, inputSize]);
    const { state } = layer.forward(tensor(engine, input.data(), [batch, 1, inputSize]), {
      h: tensor(engine, h.data(), [1, batch, hiddenSize]),
    });
    expect(cell.forward(input, h).data()).toEqual(state.h.data());
  });
});
