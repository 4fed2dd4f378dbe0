import { afterAll, describe, expect, test } from "vitest";
import { createEngine, dropout, type FitTask, Linear, mseLoss, tensor } from "../../src/index.js";
import { findLearningRate } from "../../src/tasks/index.js";

const engine = await createEngine({ seed: 2, numerics: "reproducible" });
afterAll(() => engine.dispose());

/** Learns y = 3x - 1 from four batches. */
function problem() {
  const network = new Linear(engine, { inFeatures: 1, outFeatures: 1 });
  const task: FitTask<number> = {
    batches: () => [0, 1, 2, 3],
    count: () => 8,
    loss: (batch) => {
      const xs = Float32Array.from({ length: 8 }, (_, i) => (i - 4 + batch / 4) / 4);
      const guess = network.forward(dropout(tensor(engine, xs, [8, 1]), 0));
      return mseLoss(
        guess,
        tensor(
          engine,
          xs.map((x) => 3 * x - 1),
          [8, 1],
        ),
      );
    },
  };
  return { network, task };
}

describe("findLearningRate", () => {
  test("sweeps evenly in the logarithm, suggests a rate at which the loss falls, and puts the parameters back", async () => {
    const { network, task } = problem();
    const before = network.parameters().map((parameter) => parameter.data());
    const { suggestion, points } = await findLearningRate(engine, network, task, {
      optimizer: "sgd",
      minLr: 1e-4,
      maxLr: 10,
      steps: 60,
      clip: Infinity,
    });
    expect(network.parameters().map((parameter) => parameter.data())).toEqual(before);
    expect(network.parameters().every(({ grad }) => grad === null)).toBe(true);
    for (const [i, { lr }] of points.entries()) expect(lr / (1e-4 * 1e5 ** (i / 59))).toBeCloseTo(1, 10);
    // A parabola whose steepest curvature is about 2: gradient descent runs away from a rate of 1 on.
    expect(suggestion).toBeGreaterThan(0.005);
    expect(suggestion).toBeLessThan(1);
    expect(points.length).toBeLessThan(60);
  });

  test("the losses are those of the batches, smoothed as Adam's moments are", async () => {
    const { network, task } = problem();
    const { points } = await findLearningRate(engine, network, task, { steps: 9, maxLr: 1e-5, minLr: 1e-6, smoothing: 0.5 });
    const seen = [0, 1, 2, 3, 0, 1, 2, 3, 0].map((batch) => engine.step(() => task.loss(batch, 0).item()));
    let average = 0;
    for (const [i, { loss, smoothed }] of points.entries()) {
      // The parameters hardly move.
      expect(loss).toBeCloseTo(seen[i]!, 3);
      average = 0.5 * average + 0.5 * loss;
      expect(smoothed).toBeCloseTo(average / (1 - 0.5 ** (i + 1)), 10);
    }
    expect(points.length).toBe(9);
  });

  test("one seed gives one sweep, and a loss that is not finite ends it", async () => {
    const { network, task } = problem();
    const sweep = () => findLearningRate(engine, network, task, { steps: 30 });
    expect(await sweep()).toEqual(await sweep());
    let calls = 0;
    const breaking: FitTask<number> = {
      ...task,
      loss: (batch, step) => (calls++ < 5 ? task.loss(batch, step) : tensor(engine, Number.NaN)),
    };
    expect((await findLearningRate(engine, network, breaking)).points.length).toBe(5);
  });

  test("bad options are refused, and parameters are put back after an error", async () => {
    const { network, task } = problem();
    const run = (options: object, own = task) => findLearningRate(engine, network, own, options);
    await expect(run({ minLr: 1, maxLr: 0.1 })).rejects.toThrowError(/minLr 1 with maxLr 0.1, wants a smaller minLr/);
    await expect(run({ steps: 1 })).rejects.toThrowError(/steps 1, wants a whole number from 2/);
    await expect(run({}, { ...task, batches: () => [] })).rejects.toThrowError(/no batches/);
    const before = network.parameters().map((parameter) => parameter.data());
    let calls = 0;
    const failing: FitTask<number> = {
      ...task,
      loss: (batch, step) => {
        if (calls++ > 5) throw new Error("no data");
        return task.loss(batch, step);
      },
    };
    await expect(run({ minLr: 0.1 }, failing)).rejects.toThrowError("no data");
    expect(network.parameters().map((parameter) => parameter.data())).toEqual(before);
  });
});
