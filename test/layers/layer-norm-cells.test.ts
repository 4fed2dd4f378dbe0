import { afterAll, describe, expect, test } from "vitest";
import { PURPOSE } from "../../src/engine/engine.js";
import { Stream, streamKey } from "../../src/engine/random.js";
import { concat, createEngine, type Engine, GRUCell, gradcheck, LSTMCell, RNN, reshape, type Tensor, tensor } from "../../src/index.js";
import { LayerNormGRUCell, LayerNormLSTMCell } from "../../src/layers/index.js";
import type { LayerNorm } from "../../src/nn/layer-norm.js";
import { randomFloats } from "../kernels/harness.js";
import { type Factors, type GatedWeights, gruStep, lstmStep } from "../reference/gated.js";
import { runLayers, type States } from "../reference/sequence.js";
import { close, leafOf } from "../values.js";

const engines = {
  wasm: await createEngine({ seed: 3, numerics: "reproducible" }),
  js: await createEngine({ seed: 3, backend: "js" }),
  /** Views change at every allocation. */
  growing: await createEngine({ seed: 3, numerics: "reproducible", debugGrow: true, maxMemory: 2 ** 29 }),
};
const engine = engines.wasm;
afterAll(() => Object.values(engines).forEach((own) => void own.dispose()));

type AnyState = { readonly h: Tensor; readonly c: Tensor };
const KINDS = {
  LSTM: { Cell: LayerNormLSTMCell, Fused: LSTMCell, step: lstmStep, states: ["h", "c"], norms: ["i", "h", "c"] },
  GRU: { Cell: LayerNormGRUCell, Fused: GRUCell, step: gruStep, states: ["h"], norms: ["i", "h", "in", "hn"] },
} as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];
type AnyCell = LayerNormLSTMCell & LayerNormGRUCell;

const [batch, time, inputSize, hiddenSize] = [4, 3, 3, 5];
const lengths = [2, 3, 1, 3];

/** A cell whose norms are not the identity. */
function makeCell({ Cell }: Kind, own: Engine, extra: object, size = inputSize): AnyCell {
  const cell = new Cell(own, { inputSize: size, hiddenSize, ...extra }) as AnyCell;
  for (const [i, parameter] of cell.parameters().entries()) parameter.assign(randomFloats(parameter.size, size + i).map((v) => v + 0.2));
  return cell;
}

function weightsOf({ norms }: Kind, cell: AnyCell): GatedWeights {
  const named = norms.map((name) => {
    const norm = (cell as unknown as Record<string, LayerNorm | null>)[`layernorm${name[0]!.toUpperCase()}${name.slice(1)}`]!;
    return norm === null ? [] : [[name, { weight: norm.weight!.data(), bias: norm.bias!.data() }]];
  });
  return {
    hidden: hiddenSize,
    weightIh: cell.weightIh.data(),
    weightHh: cell.weightHh.data(),
    biasIh: cell.biasIh?.data(),
    biasHh: cell.biasHh?.data(),
    norms: Object.fromEntries(named.flat()),
    eps: 1e-5,
  };
}

const rowOf = (x: ArrayLike<number>, b: number, length: number, size: number) =>
  Array.from({ length }, (_, t) => Array.from({ length: size }, (_, i) => x[(b * time + t) * size + i]!));

describe.each(Object.entries(KINDS))("LayerNorm%sCell", (name, kind) => {
  const startOf = (count: number): States[] =>
    Array.from({ length: count }, () => Object.fromEntries(kind.states.map((state) => [state, new Array<number>(hiddenSize).fill(0)])));

  test("over ragged rows in both directions equals float64, with norms and without, on both backends to the bit", () => {
    for (const layerNorm of [true, false]) {
      const results = Object.values(engines).map((own) => {
        const layer = RNN.from<AnyState>((size) => makeCell(kind, own, { layerNorm }, size) as never, {
          inputSize,
          numLayers: 2,
          bidirectional: true,
        });
        const x = randomFloats(batch * time * inputSize, 5);
        for (const [b, length] of lengths.entries()) x.fill(Number.NaN, (b * time + length) * inputSize, (b + 1) * time * inputSize);
        const output = own.step(() => layer.forward(tensor(own, x, [batch, time, inputSize]), null, { lengths }).output.data());
        const steps = layer.cells.map((cell) => kind.step(weightsOf(kind, cell as never)));
        for (const [b, length] of lengths.entries()) {
          const want = runLayers(steps, 2, rowOf(x, b, length, inputSize), startOf(4));
          rowOf(output, b, time, 2 * hiddenSize).forEach((got, t) => {
            close(got, t < length ? want.output[t]! : new Array(2 * hiddenSize).fill(0), `row ${b}, step ${t}`);
          });
        }
        return output;
      });
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
    }
  });

  test(`without norms it is ${name}Cell, under the same names`, () => {
    const fused = new kind.Fused(engine, { inputSize, hiddenSize });
    const cell = new kind.Cell(engine, { inputSize, hiddenSize, layerNorm: false });
    cell.loadStateDict(fused.stateDict());
    const x = tensor(engine, randomFloats(batch * time * inputSize, 6), [batch, time, inputSize]);
    const run = (own: typeof cell | typeof fused) =>
      engine.step(() =>
        RNN.from<AnyState>(own as never)
          .forward(x, null, { lengths })
          .output.data(),
      );
    close(run(cell), run(fused), "output");
  });

  test("gradients of input, states and every parameter, both dropouts on, ragged", () => {
    // A large eps: norms of small variance bend more than differences over 2^-5 can follow.
    const cell = makeCell(kind, engine, { recurrentDropout: 0.3, candidateDropout: 0.25, eps: 0.1 });
    const layer = RNN.from<AnyState>(cell as never);
    const states = kind.states.map((_, i) => leafOf(engine, [1, batch, hiddenSize], 20 + i, 0.8));
    const run = (x: Tensor, ...given: Tensor[]) => {
      const { output, state } = layer.forward(x, { h: given[0]!, c: given[1]! }, { lengths });
      return concat([output, ...kind.states.map((own) => state[own])].map((part) => reshape(part, [part.size])));
    };
    gradcheck((x, ...given) => run(x!, ...given), [leafOf(engine, [batch, time, inputSize], 7, 0.8), ...states, ...cell.parameters()], {
      training: true,
      elements: 20,
    });
  });

  test("in training one mask a sequence falls on h and a new one a step on the candidate; else neither", () => {
    const [p, q] = [0.4, 0.25];
    const cell = makeCell(kind, engine, { recurrentDropout: p, candidateDropout: q });
    const layer = RNN.from<AnyState>(cell as never);
    const [x, h] = [randomFloats(batch * time * inputSize, 8), randomFloats(batch * hiddenSize, 9)];
    const zero = new Float32Array(batch * hiddenSize);
    const run = (training: boolean) =>
      engine.step(
        () => {
          const state = { h: tensor(engine, h, [1, batch, hiddenSize]), c: tensor(engine, zero, [1, batch, hiddenSize]) };
          return layer.forward(tensor(engine, x, [batch, time, inputSize]), state).output.data();
        },
        { training, step: 9 },
      );
    /** Factors of draw number `draw` of step 9: 0, or 1/(1-p). */
    const draw = (index: number, rate: number) => {
      const stream = new Stream(streamKey(engine.seed, PURPOSE.dropout, 9, index));
      return Array.from({ length: batch * hiddenSize }, () => (stream.nextFloat() < rate ? 0 : 1 / (1 - rate)));
    };
    const onH = draw(0, p);
    const onCandidate = Array.from({ length: time }, (_, t) => draw(1 + t, q));
    for (const training of [true, false]) {
      const output = run(training);
      for (let b = 0; b < batch; b++) {
        const own = (all: readonly number[]) => all.slice(b * hiddenSize, (b + 1) * hiddenSize);
        let t = 0;
        const factors = (): Factors => ({ h: own(onH), candidate: own(onCandidate[t++]!) });
        const step = kind.step(weightsOf(kind, cell), training ? factors : undefined);
        const start = { h: own([...h]), c: own([...zero]) };
        const want = runLayers([step], 1, rowOf(x, b, time, inputSize), [start]);
        rowOf(output, b, time, hiddenSize).forEach(
          (got, i) => void close(got, want.output[i]!, `training ${training}, row ${b}, step ${i}`),
        );
      }
    }
  });

  test("wrong options are refused", () => {
    const options = { inputSize, hiddenSize };
    const make = (extra: object) => () => new kind.Cell(engine, { ...options, ...extra });
    const where = `LayerNorm${name}Cell`;
    expect(make({ hiddenSize: 0 })).toThrowError(`${where}: hiddenSize 0, wants a whole number from 1`);
    expect(make({ recurrentDropout: 2 })).toThrowError(`${where}: recurrentDropout 2, wants a number from 0 to 1`);
    expect(make({ candidateDropout: Number.NaN })).toThrowError(`${where}: candidateDropout NaN, wants a number from 0 to 1`);
    expect(make({ eps: -1 })).toThrowError(`${where}: eps -1, wants a number from 0`);
    expect(make({ layerNorm: 1 })).toThrowError(`${where}: layerNorm 1, wants true or false`);
    expect(make({ recurrent_dropout: 0.1 })).toThrowError(`${where}: unknown option recurrent_dropout, wants recurrentDropout`);
  });
});

test("parameters have the names of PyTorch's example of a layer-normalised LSTM", () => {
  const names = (kind: Kind) =>
    [...new kind.Cell(engine, { inputSize, hiddenSize }).stateDict()].map(([key, { shape }]) => [key, shape[0]]);
  expect(names(KINDS.LSTM)).toEqual([
    ["weight_ih", 20],
    ["weight_hh", 20],
    ["layernorm_i.weight", 20],
    ["layernorm_i.bias", 20],
    ["layernorm_h.weight", 20],
    ["layernorm_h.bias", 20],
    ["layernorm_c.weight", 5],
    ["layernorm_c.bias", 5],
  ]);
  expect(names(KINDS.GRU).filter(([key]) => String(key).endsWith("norm_i.weight") || String(key).endsWith("hn.bias"))).toEqual([
    ["layernorm_i.weight", 10],
    ["layernorm_hn.bias", 5],
  ]);
});
