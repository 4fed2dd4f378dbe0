import { afterAll, describe, expect, test } from "vitest";
import {
  AveragedWeights,
  type AveragedWeightsOptions,
  ConfigError,
  createEngine,
  type Engine,
  FormatError,
  Linear,
  Parameter,
  readStateDict,
  StateError,
  type Tensor,
  tensor,
  writeStateDict,
} from "../../src/index.js";
import { firstDifference, randomFloats } from "../kernels/harness.js";

const engines = [await createEngine(), await createEngine({ backend: "js" })];
afterAll(() => {
  for (const engine of engines) engine.dispose();
});
const engine = engines[0]!;

/** More elements than one piece of the kernel's walk. */
const SIZES = [3, 20_000] as const;
const parametersOf = (own: Engine): Tensor[] => SIZES.map((size) => new Parameter(own, [size], { kind: "zeros" }));
/** Weights after update n: around 1, so that a relative error shows. */
const weightsAt = (n: number, i: number): Float32Array => randomFloats(SIZES[i]!, 10 * n + i + 1).map((value) => 1 + value / 4);
const move = (parameters: readonly Tensor[], n: number) => parameters.forEach((parameter, i) => void parameter.assign(weightsAt(n, i)));

const averagesOf = (average: AveragedWeights): Float32Array[] =>
  average.withAverages(() => average.parameters.map((parameter) => parameter.data() as Float32Array));

describe("averages equal float64", () => {
  const N = 50;
  const cases: [string, AveragedWeightsOptions, (n: number) => number][] = [
    ["of all updates alike", {}, (n) => n / (n + 1)],
    ["exponentially", { decay: 0.9 }, (n) => (n === 0 ? 0 : 0.9)],
    ["exponentially with a decay that rises", { decay: 0.8, warmup: true }, (n) => (n === 0 ? 0 : Math.min(0.8, (1 + n) / (10 + n)))],
  ];
  test.each(cases)("%s, with the same bits on both backends", (_, options, decay) => {
    const results = engines.map((own) => {
      const parameters = parametersOf(own);
      const average = new AveragedWeights(parameters, options);
      for (let n = 0; n < N; n++) {
        move(parameters, n);
        average.update();
      }
      expect(average.updates).toBe(N);
      const result = averagesOf(average);
      for (const each of [...parameters, average]) each.dispose();
      return result;
    });
    for (const [i, size] of SIZES.entries()) {
      const want = new Float64Array(size);
      for (let n = 0; n < N; n++) {
        const weights = weightsAt(n, i);
        want.forEach((value, j) => {
          want[j] = decay(n) * value + (1 - decay(n)) * weights[j]!;
        });
      }
      // Each update rounds a difference below 1, its share and a sum below 1.25: at most 1.25 ulp of 1, and earlier errors fade.
      const tolerance = 1.25 * N * 2 ** -24;
      want.forEach((value, j) => {
        const got = results[0]![i]![j]!;
        if (!(Math.abs(got - value) <= tolerance)) throw new Error(`[${j}]: got ${got}, wanted ${value} within ${tolerance}`);
      });
      expect(firstDifference(results[0]![i]!, results[1]![i]!)).toBeUndefined();
    }
  });

  test("an average of weights that stay is those weights, however slow", () => {
    const parameters = parametersOf(engine);
    const average = new AveragedWeights(parameters, { decay: 0.9999 });
    move(parameters, 1);
    for (let n = 0; n < 200; n++) average.update();
    for (const [i, values] of averagesOf(average).entries()) expect(firstDifference(values, weightsAt(1, i))).toBeUndefined();
  });
});

describe("swapping", () => {
  const make = () => {
    const parameters = parametersOf(engine);
    const average = new AveragedWeights(parameters, { decay: 0.5 });
    for (let n = 0; n < 3; n++) {
      move(parameters, n);
      average.update();
    }
    return { parameters, average };
  };
  const dataOf = (parameters: readonly Tensor[]) => parameters.map((parameter) => [...parameter.data().subarray(0, 3)]);

  test("averages come and go to the bit, and packed weights follow", () => {
    const { average, parameters } = make();
    const before = dataOf(parameters);
    const inside = average.withAverages(() => dataOf(parameters));
    expect(inside).not.toEqual(before);
    expect(dataOf(parameters)).toEqual(before);
    average.apply();
    expect(dataOf(parameters)).toEqual(inside);
    average.restore();
    expect(dataOf(parameters)).toEqual(before);

    const layer = new Linear(engine, { inFeatures: 1, outFeatures: 1, bias: false });
    const x = tensor(engine, [[1]]);
    const predict = () => engine.step(() => layer.forward(x).item());
    const averages = new AveragedWeights(layer.parameters());
    for (const weight of [1, 4]) {
      layer.weight.assign([weight]);
      predict();
      averages.update();
    }
    expect([predict(), averages.withAverages(predict), predict()]).toEqual([4, 2.5, 4]);
  });

  test("weights are back after a function that throws, and after a promise has settled", async () => {
    const { average, parameters } = make();
    const before = dataOf(parameters);
    expect(() =>
      average.withAverages(() => {
        throw new Error("stop");
      }),
    ).toThrowError("stop");
    expect(dataOf(parameters)).toEqual(before);
    const inside = await average.withAverages(async () => {
      await Promise.resolve();
      return dataOf(parameters);
    });
    expect(inside).not.toEqual(before);
    expect(dataOf(parameters)).toEqual(before);
    await expect(average.withAverages(() => Promise.reject(new Error("later")))).rejects.toThrowError("later");
    expect(dataOf(parameters)).toEqual(before);
  });

  test("calls at the wrong time are refused", () => {
    const { average, parameters } = make();
    expect(() => average.restore()).toThrowError(/AveragedWeights: applied is false, wants apply\(\) first/);
    average.apply();
    for (const call of ["apply", "update", "stateDict"] as const)
      expect(() => average[call]()).toThrowError(/applied is true, wants restore\(\) first/);
    average.restore();
    expect(() => new AveragedWeights(parameters).apply()).toThrowError(StateError);
  });

  test("bad options are refused", () => {
    const parameters = parametersOf(engine);
    for (const decay of [1, -0.1, Number.NaN])
      expect(() => new AveragedWeights(parameters, { decay })).toThrowError(/AveragedWeights: decay/);
    expect(() => new AveragedWeights(parameters, { warmup: true })).toThrowError(/warmup without decay/);
    expect(() => new AveragedWeights(parameters, { decays: 0.9 } as never)).toThrowError(/unknown option decays, wants decay/);
    expect(() => new AveragedWeights([])).toThrowError(ConfigError);
  });
});

test("a state goes on through a file and JSON to the same bits, and one that does not fit changes nothing", () => {
  const [whole, broken] = [parametersOf(engine), parametersOf(engine)];
  const options = { decay: 0.99, warmup: true };
  const [one, other] = [new AveragedWeights(whole, options), new AveragedWeights(broken, options)];
  const run = (parameters: readonly Tensor[], average: AveragedWeights, n: number) => {
    move(parameters, n);
    average.update();
  };
  for (let n = 0; n < 4; n++) run(whole, one, n);
  const { tensors, values } = one.stateDict();
  const stored = { tensors: readStateDict(writeStateDict(tensors)), values: JSON.parse(JSON.stringify(values)) as typeof values };
  expect(() => other.loadStateDict({ ...stored, values: { updates: -1 } })).toThrowError(ConfigError);
  expect(() => other.loadStateDict({ ...stored, tensors: new Map() })).toThrowError(FormatError);
  expect(other.updates).toBe(0);
  other.loadStateDict(stored);
  for (let n = 4; n < 8; n++) {
    run(whole, one, n);
    run(broken, other, n);
  }
  expect(other.updates).toBe(8);
  for (const [i, values] of averagesOf(one).entries()) expect(firstDifference(values, averagesOf(other)[i]!)).toBeUndefined();
});

test("memory is given back", () => {
  const parameters = parametersOf(engine);
  const { inUse } = engine.memoryUse();
  const average = new AveragedWeights(parameters);
  average.update();
  average.dispose();
  expect(engine.memoryUse().inUse - engine.memoryUse().arena).toBeLessThanOrEqual(inUse);
});
