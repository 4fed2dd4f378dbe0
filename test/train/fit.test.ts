import { afterAll, describe, expect, test } from "vitest";
import {
  createEngine,
  type FitProgress,
  type FitTask,
  mul,
  NumericError,
  SGD,
  sub,
  sum,
  type Tensor,
  tensor,
  fit as train,
} from "../../src/index.js";
import { accuracy, classReport, confusionMatrix, mostConfused } from "../../src/train/metrics.js";

const engine = await createEngine();
afterAll(() => engine.dispose());

/** Moves x towards each batch's number. */
function task(x: Tensor, metric?: (epoch: number) => number): FitTask<number> {
  let evaluations = 0;
  const base = {
    batches: () => [3, 3, 3, 3],
    count: () => 2,
    loss: (goal: number) => {
      const error = sub(x, tensor(engine, goal));
      return sum(mul(error, error));
    },
  };
  return metric === undefined ? base : { ...base, evaluate: () => metric(evaluations++) };
}

function parameter(): Tensor {
  const x = tensor(engine, 0);
  x.requiresGrad = true;
  return x;
}

describe("fit", () => {
  test("trains, reports every step, and yields to the event loop", async () => {
    const x = parameter();
    const seen: FitProgress[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const result = await train(engine, task(x), new SGD([x], { lr: 0.1 }), {
      epochs: 5,
      sliceMs: 0,
      onProgress: (state) => void seen.push(state),
    });
    clearInterval(timer);
    expect(result).toMatchObject({ epochs: 5, steps: 20, stopped: "done", metric: undefined });
    expect(x.item()).toBeCloseTo(3 * (1 - 0.8 ** 20), 5);
    expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(seen.at(-1)).toMatchObject({ epoch: 4, epochs: 5, steps: 20, secondsLeft: 0 });
    expect(turns).toBeGreaterThan(0);
  });

  test("puts the weights of the best epoch back", async () => {
    const x = parameter();
    const values: number[] = [];
    const metrics = [0.5, 0.9, 0.7, 0.8];
    const result = await train(
      engine,
      task(x, (epoch) => {
        values.push(x.item());
        return metrics[epoch]!;
      }),
      new SGD([x], { lr: 0.01 }),
      { epochs: 4 },
    );
    expect(result.metric).toBe(0.9);
    expect(x.item()).toBe(values[1]);
  });

  test("stops after `patience` epochs without a better metric", async () => {
    const x = parameter();
    const result = await train(
      engine,
      task(x, (epoch) => -epoch),
      new SGD([x], { lr: 0.01 }),
      { epochs: 50, patience: 2 },
    );
    expect(result).toMatchObject({ epochs: 4, stopped: "patience", metric: -0 });
  });

  test("the schedule scales the optimizer's own rate, which stays", async () => {
    const x = parameter();
    const optimizer = new SGD([x], { lr: 0.5 });
    const asked: number[] = [];
    await train(engine, task(x), optimizer, { epochs: 1, schedule: (done) => 0 * asked.push(done) });
    expect(x.item()).toBe(0);
    expect(asked).toEqual([0, 0.25, 0.5, 0.75]);
    expect(optimizer.lr).toBe(0.5);
  });

  test("an abort ends it between two steps", async () => {
    const x = parameter();
    const controller = new AbortController();
    const result = await train(engine, task(x), new SGD([x], { lr: 0.1 }), {
      epochs: 50,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 6) controller.abort();
      },
    });
    expect(result).toMatchObject({ steps: 6, stopped: "aborted" });
  });

  test("a time limit ends it, and the schedule reaches its end by then", async () => {
    const x = parameter();
    let now = 0;
    const asked: number[] = [];
    const result = await train(engine, task(x), new SGD([x], { lr: 0.001 }), {
      epochs: 1000,
      maxSeconds: 10,
      clock: () => (now += 100),
      schedule: (done) => Math.sign(asked.push(done)),
    });
    expect(result.stopped).toBe("time");
    expect(asked.at(-1)).toBeGreaterThan(0.9);
    expect(Math.max(...asked)).toBeLessThanOrEqual(1);
  });

  test("a loss that is not finite throws before the update, naming the step", async () => {
    const x = parameter();
    const diverging: FitTask<number> = {
      ...task(x),
      loss: (goal) => sum(mul(x, tensor(engine, goal === 3 && x.item() !== 0 ? Number.POSITIVE_INFINITY : 1))),
    };
    const run = train(engine, diverging, new SGD([x], { lr: 1 }), { epochs: 1 });
    await expect(run).rejects.toBeInstanceOf(NumericError);
    await expect(run).rejects.toThrowError(/fit: the loss is -Infinity at step 1, wants a finite number \(nothing was updated\)/);
    expect(x.item()).toBe(-1);
  });
});

describe("metrics", () => {
  const truth = [0, 0, 1, 1, 2, 2];
  const guess = [0, 1, 1, 1, 0, 1];

  test("accuracy, confusion matrix and F1 are scikit-learn's", () => {
    expect(accuracy(truth, guess)).toBe(0.5);
    const matrix = confusionMatrix(truth, guess, 3);
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 1, 0],
    ]);
    const { classes, macroF1 } = classReport(matrix);
    // sklearn.metrics.precision_recall_fscore_support(truth, guess, zero_division=0)
    expect(classes[0]).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5, support: 2 });
    expect(classes[1]).toEqual({ precision: 0.5, recall: 1, f1: 2 / 3, support: 2 });
    expect(classes[2]).toEqual({ precision: 0, recall: 0, f1: 0, support: 2 });
    expect(macroF1).toBeCloseTo((0.5 + 2 / 3) / 3, 12);
  });

  test("the most confused pairs come first", () => {
    const matrix = confusionMatrix([0, 0, 0, 1, 2], [1, 1, 0, 2, 2], 3);
    expect(mostConfused(matrix, ["a", "b", "c"], 5)).toEqual([
      { truth: "a", predicted: "b", count: 2 },
      { truth: "b", predicted: "c", count: 1 },
    ]);
  });

  test("lists of unlike length and unknown classes are refused", () => {
    expect(() => accuracy([1], [])).toThrowError(/accuracy: 0 predictions, wants 1/);
    expect(() => confusionMatrix([0], [3], 2)).toThrowError(/confusionMatrix: classes 0 and 3 at position 0, wants 0 to 1/);
  });
});

test("groups keep their own rates under a schedule, and have them back afterwards", async () => {
  const [x, y] = [parameter(), parameter()];
  const optimizer = new SGD([{ params: [x] }, { params: [y], lr: 0 }], { lr: 0.1 });
  await train(engine, { ...task(x), loss: (goal) => sum(mul(sub(x, tensor(engine, goal)), sub(y, tensor(engine, goal)))) }, optimizer, {
    epochs: 1,
    schedule: () => 0.5,
  });
  expect(x.item()).not.toBe(0);
  expect(y.item()).toBe(0);
  expect(optimizer.groups.map(({ options }) => options.lr)).toEqual([0.1, 0]);
});
