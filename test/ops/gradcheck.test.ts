import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  abs,
  add,
  affine,
  clamp,
  concat,
  createEngine,
  crossEntropy,
  div,
  dropout,
  elu,
  embedding,
  exp,
  GRU,
  gather,
  gelu,
  gradcheck,
  hardSigmoid,
  hardTanh,
  LSTM,
  LSTMCell,
  leakyRelu,
  linear,
  log,
  logSigmoid,
  logSoftmax,
  matmul,
  max,
  mean,
  mul,
  neg,
  RNN,
  relu,
  reshape,
  sigmoid,
  silu,
  slice,
  softmax,
  softplus,
  sqrt,
  stack,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  transpose,
} from "../../src/index.js";
import { backwards } from "../../src/ops/backwards.js";
import type { Tape } from "../../src/tensor/tape.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 1 });
/** Operations that some check has recorded. */
const seen = new Set<string>();

/** A persistent leaf of seeded values. */
function leaf(shape: readonly number[], seed: number, map: (u: number) => number = (u) => u): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const result = tensor(engine, randomFloats(size, seed).map(map), shape);
  result.requiresGrad = true;
  return result;
}

function check(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], training = false): void {
  const watched = (...args: Tensor[]) => {
    const y = fn(...args);
    for (const { op } of (engine.tape as Tape).entries()) seen.add(op);
    return y;
  };
  const { checked } = gradcheck(watched, inputs, { training });
  expect(checked).toBeGreaterThan(0);
  for (const input of inputs) input.dispose();
}

const away = (u: number) => (u < 0 ? u - 0.2 : u + 0.2);
const positive = (u: number) => Math.abs(u) + 0.5;
const extents = [1, 3, 5, 7, 17];
const shape = fc.array(fc.constantFrom(...extents), { minLength: 1, maxLength: 3 }).filter((s) => s.reduce((a, b) => a * b, 1) <= 400);
const seed = fc.integer({ min: 1, max: 1e6 });
const runs = { seed: 11, numRuns: 12 };

describe("element by element", () => {
  const maps: [string, (x: Tensor) => Tensor, (u: number) => number][] = [
    ["neg", neg, (u) => u],
    ["affine", (x) => affine(x, -1.5, 0.25), (u) => u],
    ["exp", exp, (u) => u],
    ["log", log, positive],
    ["sqrt", sqrt, positive],
    ["tanh", tanh, (u) => 2 * u],
    ["sigmoid", sigmoid, (u) => 3 * u],
    ["relu", relu, away],
    ["leakyRelu", (x) => leakyRelu(x, 0.1), away],
    ["elu", (x) => elu(x, 1.5), (u) => away(2 * u)],
    ["gelu", gelu, (u) => 2 * u],
    ["softplus", softplus, (u) => 3 * u],
    ["hardTanh", (x) => hardTanh(x, -1, 1.5), (u) => 0.8 * u],
    ["hardSigmoid", hardSigmoid, (u) => 2 * u],
    ["logSigmoid", logSigmoid, (u) => 3 * u],
    ["silu", silu, (u) => 3 * u],
    ["abs", abs, away],
    ["clamp", (x) => clamp(x, -0.9, 0.9), (u) => (Math.abs(u) > 0.8 ? 1.5 * u : 0.9 * u)],
  ];
  for (const [name, fn, map] of maps) {
    test(`${name} over random shapes`, () => {
      fc.assert(
        fc.property(shape, seed, (s, k) => check(fn, [leaf(s, k, map)])),
        runs,
      );
    });
  }

  test("add, sub, mul and div broadcast both sides", () => {
    const broadcast = fc.tuple(shape, fc.integer({ min: 0, max: 7 }), seed);
    fc.assert(
      fc.property(broadcast, ([s, mask, k]) => {
        const left = s.map((extent, i) => ((mask >> i) & 1 ? 1 : extent));
        const right = s.map((extent, i) => ((mask >> i) & 1 ? extent : i === 0 ? 1 : extent)).slice(mask & 1);
        for (const fn of [add, sub, mul, div]) check(fn, [leaf(left, k), leaf(right, k + 1, positive)]);
      }),
      runs,
    );
  });

  test("a tensor used twice gets both gradients", () => {
    check((x) => mul(x, tanh(x)), [leaf([3, 5], 1)]);
    check((x) => add(x, x), [leaf([7], 2)]);
  });

  test("dropout passes the gradient of what it kept", () => {
    fc.assert(
      fc.property(shape, seed, (s, k) => check((x) => dropout(x, 0.4), [leaf(s, k)], true)),
      runs,
    );
  });
});

describe("layout", () => {
  test("reshape, transpose, slice, concat and stack over random shapes", () => {
    const size = fc.constantFrom(...extents);
    fc.assert(
      fc.property(size, size, size, seed, (a, b, c, k) => {
        check((x) => reshape(x, [c, -1]), [leaf([a, b, c], k)]);
        check((x) => transpose(x, [2, 0, 1]), [leaf([a, b, c], k)]);
        check((x) => slice(x, 1, Math.floor(b / 2), b), [leaf([a, b, c], k)]);
        check((x, y) => concat([x, y, x], 1), [leaf([a, b, c], k), leaf([a, c, c], k + 1)]);
        check((x, y) => stack([x, y], 1), [leaf([a, b], k), leaf([a, b], k + 1)]);
      }),
      { seed: 12, numRuns: 6 },
    );
  });

  test("gather with repeated indices", () => {
    const index = tensor(engine, Int32Array.of(0, 2, 2, 1, 0, 1), [2, 3]);
    check((x) => gather(x, 1, index), [leaf([2, 4], 5)]);
    check((x) => gather(x, 0, index), [leaf([3, 3], 6)]);
  });
});

describe("products and sums", () => {
  test("matmul of matrices, vectors and broadcast batches", () => {
    const size = fc.constantFrom(...extents);
    fc.assert(
      fc.property(size, size, size, seed, (m, k, n, s) => {
        check(matmul, [leaf([m, k], s), leaf([k, n], s + 1)]);
        check(matmul, [leaf([3, m, k], s), leaf([k, n], s + 1)]);
        check(matmul, [leaf([k], s), leaf([2, k, n], s + 1)]);
      }),
      { seed: 13, numRuns: 5 },
    );
    check(matmul, [leaf([5], 1), leaf([5], 2)]);
    check(matmul, [leaf([2, 1, 3, 4], 1), leaf([3, 4, 2], 2)]);
  });

  test("linear with and without bias, over matrices and sequences", () => {
    for (const batch of [[5], [1], [3, 4]]) {
      check((x, w, b) => linear(x, w, b), [leaf([...batch, 7], 1), leaf([3, 7], 2), leaf([3], 3)]);
      check((x, w) => linear(x, w, null), [leaf([...batch, 17], 1), leaf([5, 17], 2)]);
    }
  });

  test("sum, mean and max over every axis and over all", () => {
    fc.assert(
      fc.property(shape, seed, fc.integer({ min: 0, max: 2 }), (s, k, axis) => {
        const along = axis % s.length;
        // Distinct values a fifth apart: differences must not change which is the largest.
        const distinct = (x: readonly number[]) => {
          const values = leaf(x, k);
          values.assign(Float32Array.from({ length: values.size }, (_, i) => ((i * 7919) % values.size) / 5));
          return values;
        };
        check((x) => sum(x), [leaf(s, k)]);
        check((x) => sum(x, along), [leaf(s, k)]);
        check((x) => mean(x, along, { keepDim: true }), [leaf(s, k)]);
        check((x) => max(x, along).values, [distinct(s)]);
      }),
      runs,
    );
  });
});

describe("softmax, losses and embeddings", () => {
  test("softmax and log-softmax of any width", () => {
    for (const n of extents) {
      check((x) => softmax(x), [leaf([3, n], n, (u) => 3 * u)]);
      check((x) => logSoftmax(x), [leaf([2, 2, n], n, (u) => 3 * u)]);
    }
  });

  test("cross-entropy with weights, smoothing, ignored targets and each reduction", () => {
    const target = tensor(engine, Int32Array.of(0, 2, -100, 1));
    const weight = tensor(engine, [0.5, 1, 2]);
    for (const reduction of ["mean", "sum", "none"] as const) {
      for (const labelSmoothing of [0, 0.2]) {
        check((x) => crossEntropy(x, target, { weight, labelSmoothing, reduction }), [leaf([4, 3], 1, (u) => 3 * u)]);
      }
    }
  });

  test("embedding adds up repeated ids and leaves the padding row alone", () => {
    const ids = tensor(engine, Int32Array.of(1, 1, 4, 2, 1, 4), [2, 3]);
    check((w) => embedding(w, ids), [leaf([5, 3], 1)]);
    check((w) => embedding(w, ids, 0), [leaf([5, 7], 2)]);
  });
});

describe("recurrent layers", () => {
  const kinds = [
    ["RNN tanh", (o: object) => new RNN(engine, o as never)],
    ["LSTM", (o: object) => new LSTM(engine, o as never)],
    ["GRU", (o: object) => new GRU(engine, o as never)],
    ["LSTM with projection", (o: object) => new LSTM(engine, { ...o, projSize: (o as { hiddenSize: number }).hiddenSize - 2 } as never)],
  ] as const;
  for (const [name, make] of kinds) {
    for (const bidirectional of [false, true]) {
      test(`${name}, ${bidirectional ? "both directions" : "one direction"}: input, states and every parameter, ragged lengths`, () => {
        for (const [hiddenSize, inputSize, numLayers] of [
          [3, 1, 1],
          [5, 3, 2],
          [7, 5, 1],
        ] as const) {
          const layer = make({ inputSize, hiddenSize, numLayers, bidirectional, dropout: numLayers > 1 ? 0.3 : 0 });
          const [batch, time] = [3, 4];
          const directions = bidirectional ? 2 : 1;
          const states = [leaf([numLayers * directions, batch, layer.spec.projSize || hiddenSize], 1)];
          if (layer instanceof LSTM) states.push(leaf([numLayers * directions, batch, hiddenSize], 2));
          const run = (x: Tensor, h: Tensor, c?: Tensor) => {
            const { output, state } = (layer as LSTM).forward(x, { h, c } as never, { lengths: [2, 4, 1] });
            const parts = [output, state.h, ...(layer instanceof LSTM ? [state.c] : [])];
            return concat(parts.map((part) => reshape(part, [part.size])));
          };
          const parameters = layer.parameters();
          check(
            (x, h, c) => run(x!, h!, layer instanceof LSTM ? c : undefined),
            [leaf([batch, time, inputSize], 3), ...states, ...parameters],
            true,
          );
        }
      });
    }
  }

  test("a cell run twice by hand", () => {
    const cell = new LSTMCell(engine, { inputSize: 3, hiddenSize: 4 });
    check(
      (x, y) => {
        const first = cell.forward(x!);
        return cell.forward(y!, first).h;
      },
      [leaf([2, 3], 1), leaf([2, 3], 2), ...cell.parameters()],
    );
  });
});

afterAll(() => {
  const unchecked = Object.keys(backwards).filter((op) => !seen.has(op));
  if (unchecked.length > 0) throw new Error(`operations without a gradient check: ${unchecked.join(", ")}`);
});

describe("gradcheck itself", () => {
  test("finds a wrong gradient, and puts the inputs back", () => {
    const tape = engine.tape as Tape;
    const wrong = { ...tape.backwards, tanh: tape.backwards.sigmoid! };
    const own = tape.backwards;
    const x = leaf([3], 4);
    const before = [...x.data()];
    Object.defineProperty(tape, "backwards", { value: wrong, configurable: true });
    try {
      expect(() => gradcheck(tanh, [x])).toThrowError(/gradcheck: input 0 \[3\], element \d: backward gives .* differences give/);
    } finally {
      Object.defineProperty(tape, "backwards", { value: own, configurable: true });
    }
    expect([...x.data()]).toEqual(before);
  });
});
