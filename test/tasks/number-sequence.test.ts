import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { ConfigError, FormatError, RecurraError } from "../../src/index.js";
import { readSafetensors } from "../../src/io/safetensors.js";
import { type NumberSequence, NumberSequenceModel, SequenceClassifier, trainNumberSequence } from "../../src/tasks/index.js";
import { countNumberParameters } from "../../src/tasks/number-network.js";
import { fitAutoregression } from "../reference/autoregression.js";
import { engineOf } from "./engines.js";

/** Near enough to normal: variance 1. */
function noise(key: number): () => number {
  const stream = new Stream([key, 0]);
  return () => Array.from({ length: 12 }, () => stream.nextFloat()).reduce((a, b) => a + b, -6);
}
const rmse = (errors: readonly number[]) => Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
const single = (numbers: readonly number[]) => numbers.map((number) => [number]);

describe("next steps", () => {
  test("of a sine wave are foretold, and from them the next hundred", async () => {
    const wave = Array.from({ length: 500 }, (_, t) => 100 + 3 * Math.sin((2 * Math.PI * t) / 25));
    const { model, result } = await trainNumberSequence(await engineOf(), { train: [{ values: single(wave.slice(0, 400)) }], dev: [] });
    expect(result.metric).toBeGreaterThan(0.95);
    const { truth, predicted, before } = model.errors([{ values: single(wave.slice(300)) }], [100]);
    expect(truth).toEqual(wave.slice(401));
    expect(before).toEqual(wave.slice(400, 499));
    expect(rmse(truth.map((value, i) => value - predicted[i]!))).toBeLessThan(0.05);
    const foretold = model.forecast(wave.slice(0, 400), 100);
    expect(foretold.length).toBe(100);
    expect(rmse(foretold.map(([value], i) => value! - wave[400 + i]!))).toBeLessThan(0.3);
  });

  test("of an autoregressive process are foretold as least squares foretell them, far better than by the last value", async () => {
    const next = noise(3);
    const series = [0, 0];
    while (series.length < 1800) series.push(1.5 * series.at(-1)! - 0.8 * series.at(-2)! + next());
    const train = series.slice(0, 1400);
    const { model } = await trainNumberSequence(await engineOf(), { train: [{ values: single(train) }], dev: [] });
    const { truth, predicted, before } = model.errors([{ values: single(series.slice(1300)) }], [99]);
    expect(truth).toEqual(series.slice(1400));
    const least = fitAutoregression(train, 2);
    const reference = rmse(truth.map((value, i) => value - least(series, 1400 + i)));
    const own = rmse(truth.map((value, i) => value - predicted[i]!));
    expect(own / reference).toBeLessThan(1.06);
    expect(own).toBeLessThan(0.65 * rmse(truth.map((value, i) => value - before[i]!)));
  });

  test("where there is nothing to learn, the last value is not missed by much", async () => {
    const next = noise(5);
    const walk = [0];
    while (walk.length < 800) walk.push(walk.at(-1)! + next());
    const { model } = await trainNumberSequence(await engineOf(), { train: [{ values: single(walk.slice(0, 600)) }], dev: [] });
    const { truth, predicted, before } = model.errors([{ values: single(walk.slice(500)) }], [99]);
    const [own, last] = [predicted, before].map((guess) => rmse(truth.map((value, i) => value - guess[i]!))) as [number, number];
    expect(own / last).toBeLessThan(1.05);
  });

  test("of several numbers, several at once, from many sequences: one follows the other two steps later", async () => {
    const next = noise(8);
    const sequence = (): NumberSequence => {
      const lead = Array.from({ length: 40 }, next);
      return { values: lead.map((value, t) => [value, t < 2 ? 0 : 10 * lead[t - 2]!]) };
    };
    const data = { train: Array.from({ length: 60 }, sequence), dev: Array.from({ length: 10 }, sequence) };
    const { model } = await trainNumberSequence(await engineOf(), data, { horizon: 2, epochs: 40 });
    const example = sequence();
    const [{ next: foretold }] = model.predict([example.values.slice(0, 20)]) as [{ next: number[][] }];
    expect(foretold.map((step) => step.length)).toEqual([2, 2]);
    for (const k of [0, 1]) expect(Math.abs(foretold[k]![1]! - example.values[20 + k]![1]!)).toBeLessThan(2.5);
    expect(model.forecast(example.values, 5).length).toBe(5);
  });

  test("evaluation asks at every step what prediction gives of the steps so far", async () => {
    const wave = Array.from({ length: 30 }, (_, t) => [Math.sin(t), Math.cos(t / 2)]);
    const engine = await engineOf();
    const { model } = await trainNumberSequence(
      engine,
      { train: [{ values: wave }], dev: [{ values: wave }] },
      { horizon: 3, epochs: 2, context: 30 },
    );
    const { truth, predicted, before } = model.errors([{ values: wave }]);
    let at = 0;
    for (let t = 0; t < 29; t++) {
      const steps = model.predict([wave.slice(0, t + 1)])[0]!.next!;
      for (const step of steps.slice(0, 29 - t)) {
        for (const [f, value] of step.entries()) {
          expect(predicted[at]).toBe(value);
          expect(before[at]).toBe(wave[t]![f]);
          at++;
        }
      }
    }
    expect(at).toBe(truth.length);
    expect(truth.length).toBe(2 * (27 * 3 + 2 + 1));
    const errors = truth.map((value, i) => value - predicted[i]!);
    expect(model.evaluate([{ values: wave }])).toMatchObject({ rmse: rmse(errors) });
  });

  test("the loss is the mean squared error of the scaled changes", async () => {
    const sequences = [
      [1, 2, 4, 3],
      [0, 5],
    ].map((numbers) => ({ values: single(numbers) }));
    const engine = await engineOf();
    const { model, result } = await trainNumberSequence(
      engine,
      { train: sequences, dev: [] },
      { horizon: 2, lr: 0, epochs: 1, batchSize: 9 },
    );
    const { mean, deviation } = model.config.target;
    const steps = [1, 2, -1, 5];
    expect(mean[0]).toBeCloseTo(steps.reduce((a, b) => a + b) / 4, 14);
    expect(deviation[0]).toBeCloseTo(rmse(steps.map((step) => step - mean[0]!)), 14);
    expect([mean[1], deviation[1]]).toEqual([2, 1]);
    const errors = sequences.flatMap(({ values }) =>
      values.flatMap((_, t) =>
        model.predict([values.slice(0, t + 1)])[0]!.next!.flatMap(([guess], k) => {
          const truth = values[t + 1 + k]?.[0];
          return truth === undefined ? [] : [(guess! - truth) / deviation[k]!];
        }),
      ),
    );
    expect(errors.length).toBe(6);
    expect(Math.abs(result.loss - rmse(errors) ** 2)).toBeLessThan(1e-5 * result.loss);
  });
});

/** Two marked numbers among many are to be added (Hochreiter and Schmidhuber 1997). */
function adding(count: number, key: number): NumberSequence[] {
  const stream = new Stream([key, 1]);
  return Array.from({ length: count }, () => {
    const time = 10 + stream.nextInt(5);
    const marks = [stream.nextInt(5), 5 + stream.nextInt(5)];
    const values = Array.from({ length: time }, (_, t) => [stream.nextFloat(), Number(marks.includes(t))]);
    return { values, target: 50 + 10 * (values[marks[0]!]![0]! + values[marks[1]!]![0]!) };
  });
}

/** Which of two symbols came first and which second, far from each other and from the end. */
function order(count: number, key: number): NumberSequence[] {
  const stream = new Stream([key, 2]);
  return Array.from({ length: count }, () => {
    const [a, b, p, q] = [stream.nextInt(2), stream.nextInt(2), 2 + stream.nextInt(6), 12 + stream.nextInt(6)];
    const values = Array.from({ length: 25 }, (_, t) => {
      const step = [0, 0, 0, 0];
      step[t === p ? a : t === q ? b : 2 + stream.nextInt(2)] = 1;
      return step;
    });
    return { values, target: `${"XY"[a]}${"XY"[b]}` };
  });
}

describe("what is long ago is remembered", () => {
  test("numbers to add", async () => {
    const { model, result } = await trainNumberSequence(await engineOf(), { train: adding(600, 1), dev: adding(100, 2) }, { epochs: 60 });
    expect(result.metric).toBeGreaterThan(0.9);
    const { mae, rmse: error, r2 } = model.evaluate(adding(200, 3));
    // The mean of the training has an error of 4.
    expect(error).toBeLessThan(0.4);
    expect(mae).toBeLessThan(error!);
    expect(r2).toBeGreaterThan(0.98);
  });

  test("the order of two symbols", async () => {
    const { model } = await trainNumberSequence(await engineOf(), { train: order(400, 1), dev: order(100, 2) }, { epochs: 30 });
    expect(model.labels).toEqual(["XX", "XY", "YX", "YY"]);
    expect(model.evaluate(order(200, 3)).accuracy).toBeGreaterThan(0.97);
    const [first] = model.predict([order(1, 4)[0]!.values]);
    expect(first!.label).toBe(order(1, 4)[0]!.target);
    expect(first!.probability).toBe(first!.probabilities![model.labels.indexOf(first!.label!)]);
  });

  test("exclusive or, with numbers for classes, and vectors for values", async () => {
    const examples = Array.from({ length: 40 }, (_, i) => ({ values: single([i & 1, (i >> 1) & 1]), target: (i ^ (i >> 1)) & 1 }));
    const engine = await engineOf();
    const { model } = await trainNumberSequence(engine, { train: examples, dev: examples }, { output: "class" });
    expect(
      model
        .predict([
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ])
        .map(({ label }) => label),
    ).toEqual(["0", "1", "1", "0"]);
    const vectors = examples.map(({ values, target }) => ({ values, target: [target, 1000 - target, 7] }));
    const numbers = await trainNumberSequence(engine, { train: vectors, dev: vectors }, { epochs: 150, patience: 150 });
    const [{ value }] = numbers.model.predict([[0, 1]]) as [{ value: number[] }];
    for (const [i, wanted] of [1, 999, 7].entries()) expect(Math.abs(value[i]! - wanted)).toBeLessThan(0.2);
  });
});

describe("files and bits", () => {
  const OPTIONS = { epochs: 2, hiddenSize: 5 };
  const kinds = { next: adding(12, 5).map(({ values }) => ({ values })), value: adding(12, 5), class: order(12, 5) };

  test.each(Object.entries(kinds))(
    "a model of %s predicts the same bits after saving and loading, as another seed does not",
    async (kind, train) => {
      for (const encoder of ["gru", "lstm", "rnn"] as const) {
        const { model } = await trainNumberSequence(
          await engineOf(4),
          { train, dev: train },
          { ...OPTIONS, encoder, numLayers: 2, dropout: 0.1 },
        );
        expect(model.config.output).toBe(kind);
        const again = NumberSequenceModel.load(await engineOf(7), model.save());
        const sequences = train.map(({ values }) => values);
        expect(again.predict(sequences)).toEqual(model.predict(sequences));
        expect(again.evaluate(train)).toEqual(model.evaluate(train));
        const count = model.network.parameters().reduce((sum, { size }) => sum + size, 0);
        expect(countNumberParameters(model.config, model.network.shape)).toBe(count);
      }
    },
  );

  test("the same seed gives the same bits on both backends", async () => {
    const checksums = await Promise.all(
      (["wasm", "js"] as const).map(async (backend) => {
        const { model } = await trainNumberSequence(await engineOf(4, backend), { train: kinds.next, dev: [] }, { ...OPTIONS, horizon: 2 });
        return readSafetensors(model.save()).metadata.get("recurra.crc32");
      }),
    );
    expect(checksums[1]).toBe(checksums[0]);
  });

  test("training goes on from a file: rows of classes that both have are those of the file", async () => {
    const { model: old } = await trainNumberSequence(await engineOf(2), { train: order(30, 5), dev: [] }, OPTIONS);
    const train = order(30, 6).map((example) => ({ ...example, target: example.target === "XX" ? "AA" : example.target! }));
    const { model } = await trainNumberSequence(await engineOf(3), { train, dev: [] }, { ...OPTIONS, lr: 0, epochs: 1, init: old.save() });
    expect(model.labels).toEqual(["AA", "XY", "YX", "YY"]);
    const [before, after] = [old, model].map(({ network }) => network.output.weight.data()) as [Float32Array, Float32Array];
    const width = after.length / 4;
    expect([...after.subarray(width)]).toEqual([...before.subarray(width)]);
    expect([...after.subarray(0, width)]).not.toEqual([...before.subarray(0, width)]);
  });

  test("a row alone and among others gives the same bits", async () => {
    const { model } = await trainNumberSequence(await engineOf(), { train: kinds.class, dev: [] }, OPTIONS);
    const sequences = [...kinds.class.map(({ values }) => values), kinds.class[0]!.values.slice(0, 3)];
    expect(sequences.map((sequence) => model.predict([sequence])[0])).toEqual(model.predict(sequences, { batchSize: 4 }));
  });

  test("files of other tasks, damaged ones and impossible configurations are refused", async () => {
    const engine = await engineOf();
    const { model } = await trainNumberSequence(engine, { train: kinds.value, dev: [] }, OPTIONS);
    const bytes = model.save();
    expect(() => SequenceClassifier.load(engine, bytes)).toThrowError(FormatError);
    const text = new TextDecoder("latin1").decode(bytes);
    const edit = (from: string, to: string) => {
      expect(from.length).toBe(to.length);
      return Uint8Array.from(text.replace(from, to), (character) => character.charCodeAt(0));
    };
    const wrong: [string, string][] = [
      ['hiddenSize\\":5', 'hiddenSize\\":6'],
      ['\\"value\\"', '\\"vague\\"'],
      ['\\"value\\"', '\\"class\\"'],
      ['\\"features\\":2', '\\"features\\":3'],
      ['\\"horizon\\":0', '\\"horixon\\":0'],
      ["number-sequence", "number-sequenze"],
    ];
    for (const [from, to] of wrong) {
      expect(text).toContain(from);
      expect(() => NumberSequenceModel.load(engine, edit(from, to)), to).toThrowError(FormatError);
    }
  });
});

describe("wrong calls", () => {
  const step = { values: [[1, 2]] };
  test.each<[string, NumberSequence[], object, RegExp]>([
    ["no sequence", [], {}, /no training sequence with a step/],
    ["no step", [{ values: [] }], {}, /no training sequence with a step/],
    ["a step of another size", [{ values: [[1, 2], [1]] }], {}, /step 1 of training sequence 0 has 1 numbers, wants 2/],
    ["NaN", [{ values: [[1, Number.NaN]] }], {}, /step 0 of training sequence 0 has NaN, wants finite/],
    ["one step alone", [step], {}, /training sequences of 1 step, wants one with at least 2/],
    [
      "targets of two kinds",
      [
        { ...step, target: "a" },
        { ...step, target: 1 },
      ],
      {},
      /sequence 0 is for a class, sequence 1 for a value/,
    ],
    ["one class", [{ ...step, target: "a" }], {}, /have 1 class, wants at least 2/],
    ["no class", [step, { ...step, target: 1 }], { output: "class" }, /target undefined of output class/],
    ["no value", [{ ...step, target: 1 }, step], { output: "value" }, /target undefined of sequence 1, wants 1 finite number/],
    [
      "values of two sizes",
      [
        { ...step, target: [1, 2] },
        { ...step, target: [1] },
      ],
      {},
      /target \[1\] of sequence 1, wants 2 finite numbers/,
    ],
    ["an infinite value", [{ ...step, target: Number.POSITIVE_INFINITY }], {}, /wants 1 finite number/],
    ["horizon 0", [{ values: [[1], [2]] }], { horizon: 0 }, /horizon 0, wants a whole number from 1/],
    ["a horizon for classes", [{ ...step, target: "a" }], { horizon: 2 }, /horizon 2 of output class/],
    ["a look ahead", [{ values: [[1], [2]] }], { bidirectional: true }, /bidirectional of output next, wants false/],
    ["an unknown option", [step], { hidenSize: 2 }, /unknown option hidenSize, wants hiddenSize/],
    ["an unknown encoder", [{ values: [[1], [2]] }], { encoder: "gro" }, /encoder "gro", wants "gru"/],
    ["an unknown output", [step], { output: "all" }, /output "all", wants "class"/],
  ])("%s", async (_what, train, options, message) => {
    const engine = await engineOf();
    const call = trainNumberSequence(engine, { train, dev: [] }, options);
    await expect(call).rejects.toThrowError(ConfigError);
    await expect(call).rejects.toThrowError(message);
  });

  test("dev data, and what a trained model is asked", async () => {
    const engine = await engineOf();
    const train = order(8, 1);
    await expect(trainNumberSequence(engine, { train, dev: [{ ...train[0]!, target: "ZZ" }] })).rejects.toThrowError(
      /dev class "ZZ" is not among/,
    );
    await expect(trainNumberSequence(engine, { train, dev: [{ values: [[1]], target: "XX" }] })).rejects.toThrowError(
      /step 0 of dev sequence 0 has 1/,
    );
    const { model } = await trainNumberSequence(engine, { train, dev: [] }, { epochs: 1, hiddenSize: 2 });
    for (const bad of [[], [[1, 2]], [[1, 2, 3, Number.NaN]], "x"]) expect(() => model.predict([bad as never])).toThrowError(RecurraError);
    expect(model.predict([])).toEqual([]);
    expect(() => model.forecast([[1, 0, 0, 0]], 2)).toThrowError(/the model's output "class", wants "next"/);
  });
});
