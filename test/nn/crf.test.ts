import { afterAll, describe, expect, test } from "vitest";
import { Adam, add, backward, createEngine, gradcheck, sum, type Tensor, tensor } from "../../src/index.js";
import { CRF, taggingConstraints } from "../../src/layers/index.js";
import { randomFloats } from "../kernels/harness.js";
import { enumerate, forwardBackward, pathScore } from "../reference/crf.js";
import { chainOf, makeBatch, makeCRF } from "./crf-cases.js";

const numerics = "reproducible";
const engines = [
  await createEngine({ seed: 3, backend: "wasm", numerics }),
  await createEngine({ seed: 3, backend: "js", numerics }),
] as const;
const [engine] = engines;
afterAll(() => {
  for (const one of engines) one.dispose();
});

const EPS = 2 ** -23;

const shapes = [
  { count: 1, lengths: [1, 3, 2] },
  { count: 2, lengths: [5, 1, 3] },
  { count: 3, lengths: [4] },
  { count: 4, lengths: [2, 5, 5, 1] },
  { count: 7, lengths: [1, 3] },
] as const;

describe("likelihood", () => {
  test("losses, partition, marginals and scores equal the enumeration of all paths, on both backends, whatever lies past a length", () => {
    for (const { count, lengths } of shapes) {
      for (const own of engines) {
        const crf = makeCRF(own, { numTags: count }, count);
        const { emissions, tags, rows, options } = makeBatch(own, lengths, 6, count, 10 + count);
        const losses = crf.loss(emissions, tags, { ...options, reduction: "none" }).data();
        const partition = crf.logPartition(emissions, options).data();
        const marginals = crf.marginals(emissions, options).data();
        const scores = crf.score(emissions, tags, options);
        rows.forEach((row, r) => {
          const want = enumerate(row.emissions, chainOf(crf), row.length);
          const score = pathScore(row.emissions, chainOf(crf), row.tags);
          expect(scores[r]).toBeCloseTo(score, 12);
          expect(Math.abs(losses[r]! - (want.logPartition - score))).toBeLessThan(32 * EPS);
          expect(Math.abs(partition[r]! - want.logPartition)).toBeLessThan(32 * EPS);
          const own = marginals.slice(r * 6 * count, (r + 1) * 6 * count);
          own.forEach((p, i) => void expect(Math.abs(p - (want.marginals[i] ?? 0))).toBeLessThan(16 * EPS));
        });
      }
    }
  });

  test("the reductions are the mean over rows, the sum, and the mean over steps", () => {
    const crf = makeCRF(engine, { numTags: 4 }, 1);
    const { emissions, tags, options } = makeBatch(engine, [3, 1, 2], 3, 4, 2);
    const losses = crf.loss(emissions, tags, { ...options, reduction: "none" });
    const total = Array.from(losses.data()).reduce((a, b) => a + b, 0);
    expect(losses.shape).toEqual([3]);
    expect(crf.loss(emissions, tags, { ...options, reduction: "sum" }).item()).toBeCloseTo(total, 5);
    expect(crf.loss(emissions, tags, options).item()).toBeCloseTo(total / 3, 5);
    expect(crf.loss(emissions, tags, { ...options, reduction: "tokenMean" }).item()).toBeCloseTo(total / 6, 5);
    const whole = makeBatch(engine, [3, 3], 3, 4, 3);
    const sumOfAll = crf.loss(whole.emissions, whole.tags, { reduction: "sum" }).item();
    expect(crf.loss(whole.emissions, whole.tags, { reduction: "tokenMean" }).item()).toBeCloseTo(sumOfAll / 6, 5);
  });

  test("a batch of no rows has no losses, sum 0 and mean NaN", () => {
    const crf = new CRF(engine, { numTags: 3 });
    const { emissions, tags } = makeBatch(engine, [], 2, 3, 1);
    expect(crf.loss(emissions, tags, { reduction: "none" }).shape).toEqual([0]);
    expect(crf.loss(emissions, tags, { reduction: "sum" }).item()).toBe(0);
    expect(crf.loss(emissions, tags).item()).toBeNaN();
    expect(crf.loss(emissions, tags, { reduction: "tokenMean" }).item()).toBeNaN();
    expect(crf.marginals(emissions).shape).toEqual([0, 2, 3]);
    expect([crf.decode(emissions), crf.kBest(emissions, 2), crf.score(emissions, tags)]).toEqual([[], [], []]);
  });

  test("a row alone and in a batch gives the same bits, in loss, gradient and marginals", () => {
    const crf = makeCRF(engine, { numTags: 9 }, 5);
    const { emissions, tags, rows, options } = makeBatch(engine, [7, 3, 5], 8, 9, 6);
    const run = (e: Tensor, y: Tensor, lengths: readonly number[]) => {
      e.requiresGrad = true;
      const losses = engine.step(() => {
        const result = crf.loss(e, y, { lengths, reduction: "none" });
        backward(sum(result));
        return result;
      });
      return { losses: losses.data(), gradient: e.grad!.data(), marginals: crf.marginals(e, { lengths }).data() };
    };
    const together = run(emissions, tags, options.lengths);
    rows.forEach((row, r) => {
      const y = tensor(engine, Int32Array.from(row.tags), [1, row.length]);
      const alone = run(tensor(engine, row.emissions, [1, row.length, 9]), y, [row.length]);
      expect(alone.losses[0]).toBe(together.losses[r]);
      for (const name of ["gradient", "marginals"] as const) {
        expect(together[name].slice(r * 72, r * 72 + row.length * 9)).toEqual(alone[name]);
        expect(together[name].slice(r * 72 + row.length * 9, (r + 1) * 72).every((v) => v === 0)).toBe(true);
      }
    });
  });

  test("hundreds of tags and hundreds of steps equal the recursions in float64", () => {
    const crf = makeCRF(engine, { numTags: 150 }, 7);
    const { emissions, tags, rows, options } = makeBatch(engine, [40, 13], 40, 150, 8);
    const losses = crf.loss(emissions, tags, { ...options, reduction: "none" }).data();
    rows.forEach((row, r) => {
      const want = forwardBackward(row.emissions, chainOf(crf), row.length).logPartition - pathScore(row.emissions, chainOf(crf), row.tags);
      expect(Math.abs(losses[r]! / want - 1)).toBeLessThan(4 * EPS);
    });
  });

  test("gradients over emissions and every parameter equal differences, ragged, with constraints and each reduction", () => {
    const labels = ["O", "B-a", "I-a", "B-b", "I-b"];
    const constraints = taggingConstraints(labels, "IOB2");
    for (const reduction of ["none", "sum", "mean", "tokenMean"] as const) {
      for (const constrainTraining of [false, true]) {
        const crf = makeCRF(engine, { numTags: 5, constraints, constrainTraining }, 11, 1);
        const emissions = tensor(engine, randomFloats(3 * 4 * 5, 12, 2), [3, 4, 5]);
        const tags = tensor(engine, Int32Array.of(1, 2, 0, 0, 3, -1, -1, -1, 0, 3, 4, 99), [3, 4]);
        emissions.requiresGrad = true;
        const options = { lengths: [4, 1, 3], reduction };
        const { checked } = gradcheck((e) => crf.loss(e!, tags, options), [emissions, ...crf.parameters()], { tolerance: 1e-3 });
        expect(checked).toBe(60 + 5 + 5 + 25);
        gradcheck((e) => crf.logPartition(e!, { lengths: [4, 1, 3] }), [emissions, ...crf.parameters()], { tolerance: 1e-3 });
      }
    }
  });

  test("no gradient is made of emissions that want none, and those of a CRF used twice add up", () => {
    const crf = makeCRF(engine, { numTags: 3 }, 13);
    const { emissions, tags, options } = makeBatch(engine, [2, 3], 3, 3, 14);
    const loss = () => crf.loss(emissions, tags, { ...options, reduction: "sum" });
    const gradients = (fn: () => Tensor) => {
      crf.zeroGrad();
      engine.step(() => backward(fn()));
      return crf.parameters().flatMap((parameter) => Array.from(parameter.grad!.data()));
    };
    const once = gradients(loss);
    const twice = gradients(() => add(loss(), loss()));
    expect(emissions.grad).toBeNull();
    twice.forEach((v, i) => void expect(Math.abs(v - 2 * once[i]!)).toBeLessThan(16 * EPS));
  });

  test("training drives the loss to 0 and both backends to the same bits", () => {
    const runs = engines.map((own) => {
      const crf = makeCRF(own, { numTags: 4 }, 15, 0.1);
      const { emissions, tags, options } = makeBatch(own, [5, 2, 4], 5, 4, 16, 1);
      const optimizer = new Adam([...crf.parameters(), emissions], { lr: 0.2 });
      emissions.requiresGrad = true;
      const losses = Array.from({ length: 60 }, () =>
        own.step(() => {
          optimizer.zeroGrad();
          const loss = crf.loss(emissions, tags, options);
          backward(loss);
          optimizer.step();
          return loss.item();
        }),
      );
      return { losses, weights: crf.parameters().map((parameter) => parameter.data()) };
    });
    expect(runs[0]!.losses[0]).toBeGreaterThan(1);
    expect(runs[0]!.losses[59]).toBeLessThan(0.01);
    expect(runs[1]).toEqual(runs[0]);
  });

  test("memory that grows at every allocation changes nothing", async () => {
    const results: unknown[] = [];
    for (const backend of ["wasm", "js"] as const) {
      for (const debugGrow of [false, true]) {
        const own = await createEngine({ backend, numerics, debugGrow });
        const crf = makeCRF(own, { numTags: 3 }, 17);
        const { emissions, tags, options } = makeBatch(own, [2, 3], 3, 3, 18);
        const loss = own.step(() => {
          const value = crf.loss(emissions, tags, options);
          backward(value);
          return value.item();
        });
        const gradients = crf.parameters().map((parameter) => parameter.grad!.data());
        results.push({ loss, gradients, marginals: crf.marginals(emissions, options).data(), paths: crf.kBest(emissions, 3, options) });
        own.dispose();
      }
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test("saturated scores: a path far ahead costs nothing, one far behind its distance, and gradients are whole", () => {
    const crf = new CRF(engine, { numTags: 3 });
    const values = Float32Array.from({ length: 300 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1e4 : -1e4));
    const emissions = tensor(engine, values, [1, 100, 3]);
    emissions.requiresGrad = true;
    const tags = (shift: number) =>
      tensor(
        engine,
        Int32Array.from({ length: 100 }, (_, t) => (t + shift) % 3),
        [1, 100],
      );
    expect(crf.loss(emissions, tags(0)).item()).toBeCloseTo(0, 6);
    const behind = engine.step(() => {
      const loss = crf.loss(emissions, tags(1));
      backward(loss);
      return loss.item();
    });
    expect(Math.abs(behind / 2e6 - 1)).toBeLessThan(1e-4);
    const gradient = emissions.grad!.data();
    gradient.forEach((g, i) => void expect(g).toBe([1, -1, 0][(i - Math.floor(i / 3) + 300) % 3]));
  });

  test("parameters have pytorch-crf's names, shapes and first values, and its state dictionary loads", () => {
    const crf = new CRF(engine, { numTags: 20 });
    expect(Array.from(crf.stateDict(), ([name, { shape }]) => [name, [...shape]])).toEqual([
      ["start_transitions", [20]],
      ["end_transitions", [20]],
      ["transitions", [20, 20]],
    ]);
    const values = crf.transitions.data();
    expect(Math.max(...values)).toBeLessThan(0.1);
    expect(Math.max(...values)).toBeGreaterThan(0.09);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.1);
    const small = new CRF(engine, { numTags: 2 });
    small.loadStateDict(
      new Map([
        ["start_transitions", { shape: [2], data: [0.5, 0] }],
        ["end_transitions", { shape: [2], data: [0, 0.25] }],
        // From tag 0 to tag 1: 3.
        ["transitions", { shape: [2, 2], data: [0, 3, -3, 0] }],
      ]),
    );
    const emissions = tensor(engine, new Float32Array(4), [1, 2, 2]);
    expect(small.score(emissions, tensor(engine, Int32Array.of(0, 1), [1, 2]))).toEqual([3.75]);
  });
});
