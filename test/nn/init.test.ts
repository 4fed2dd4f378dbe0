import { afterAll, describe, expect, test } from "vitest";
import { createEngine, Embedding, init, Linear, LSTM, type Tensor, zeros } from "../../src/index.js";

const engine = await createEngine({ seed: 3 });
afterAll(() => engine.dispose());
const weight = (...shape: number[]) => zeros(engine, shape);

function moments(tensor: Tensor): { mean: number; std: number; largest: number } {
  const data = Array.from(tensor.data());
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, std: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length), largest: Math.max(...data.map(Math.abs)) };
}

describe("initialisers", () => {
  // 20,000 draws: a standard deviation is known to 1 % within three standard errors (1/sqrt(2·20000) = 0.5 %).
  const cases: [string, (t: Tensor) => Tensor, std: number, bound: number][] = [
    ["uniform", (t) => init.uniform(t, -2, 2), 2 / Math.sqrt(3), 2],
    ["normal", (t) => init.normal(t, 0, 0.5), 0.5, 4],
    ["xavierUniform", (t) => init.xavierUniform(t, 2), 2 * Math.sqrt(2 / 300), 2 * Math.sqrt(6 / 300)],
    ["xavierNormal", (t) => init.xavierNormal(t), Math.sqrt(2 / 300), 1],
    ["kaimingUniform", (t) => init.kaimingUniform(t, { nonlinearity: "relu" }), Math.sqrt(2 / 200), Math.sqrt(6 / 200)],
    ["kaimingNormal backward", (t) => init.kaimingNormal(t, { mode: "fanOut", a: 0.5 }), Math.sqrt(2 / 1.25 / 100), 1],
  ];
  for (const [name, fill, std, bound] of cases) {
    test(`${name} has its deviation and its bound`, () => {
      const got = moments(fill(weight(100, 200)));
      expect(Math.abs(got.mean)).toBeLessThan(0.04 * std);
      expect(Math.abs(got.std / std - 1)).toBeLessThan(0.015);
      expect(got.largest).toBeLessThanOrEqual(Math.fround(bound));
    });
  }

  test("orthogonal matrices have orthonormal rows or columns, whichever are fewer", () => {
    for (const [rows, columns] of [
      [5, 5],
      [3, 7],
      [20, 4],
    ] as const) {
      const q = init.orthogonal(weight(rows, columns), 2).toArray() as number[][];
      const vectors = rows <= columns ? q : q[0]!.map((_, c) => q.map((row) => row[c]!));
      for (const [i, a] of vectors.entries()) {
        for (const [j, b] of vectors.entries()) expect(a.reduce((sum, v, k) => sum + v * b[k]!, 0)).toBeCloseTo(i === j ? 4 : 0, 5);
      }
    }
  });

  test("identity fills every square block", () => {
    expect(init.identity(weight(4, 2), 3).toArray()).toEqual([
      [3, 0],
      [0, 3],
      [3, 0],
      [0, 3],
    ]);
  });

  test("forgetBias changes the forget gate alone", () => {
    const layer = new LSTM(engine, { inputSize: 2, hiddenSize: 2 });
    const before = layer.weights[0]!.biasIh!.data();
    init.forgetBias(layer);
    const after = layer.weights[0]!.biasIh!.data();
    expect([...after.slice(2, 4)]).toEqual([1, 1]);
    expect([...layer.weights[0]!.biasHh!.data().slice(2, 4)]).toEqual([0, 0]);
    expect([after[0], after[7]]).toEqual([before[0], before[7]]);
    expect(() => init.forgetBias(new LSTM(engine, { inputSize: 2, hiddenSize: 2, bias: false }))).toThrowError(/has no biases/);
  });

  test("bad arguments are refused", () => {
    expect(() => init.xavierUniform(weight(3))).toThrowError(/init\.xavierUniform: tensor has shape \[3\], wants rank 2 at least/);
    expect(() => init.normal(weight(3), 0, -1)).toThrowError(/std -1, wants a number from 0/);
    expect(() => init.uniform(weight(3), 1, 0)).toThrowError(/high 0, wants a number from 1/);
    expect(() => init.calculateGain("gelu" as "relu")).toThrowError(
      /nonlinearity "gelu", wants "linear", "sigmoid", "tanh", "relu" or "leakyRelu"/,
    );
    expect(() => init.orthogonal(weight(2, 2, 2))).toThrowError(/wants a matrix/);
  });
});

test("what a seed draws is pinned: models trained from it must come out the same for good", async () => {
  const own = await createEngine({ seed: 42 });
  const first = (tensor: Tensor) => Array.from(tensor.data().slice(0, 2));
  const drawn = [
    first(new Linear(own, { inFeatures: 4, outFeatures: 1 }).weight),
    first(new Embedding(own, { numEmbeddings: 2, embeddingDim: 2 }).weight),
    first(init.normal(zeros(own, [2]))),
    first(init.orthogonal(zeros(own, [2, 2]))),
  ];
  expect(drawn).toEqual([
    [-0.2212401032447815, -0.18734091520309448],
    [-0.05821417644619942, -0.43942922353744507],
    [1.5202065706253052, -0.4880176782608032],
    [0.5321105122566223, 0.846674919128418],
  ]);
});
