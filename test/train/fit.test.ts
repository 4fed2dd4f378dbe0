import { afterAll, describe, expect, test } from "vitest";
import {
  AveragedWeights,
  createEngine,
  dropout,
  type FitProgress,
  type FitTask,
  mean,
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

describe("joined batches", () => {
  /** Moves x towards the mean of a batch; the loss is the mean over its numbers. */
  const means = (x: Tensor, batches: readonly number[][], more: Partial<FitTask<number[]>> = {}): FitTask<number[]> => ({
    batches: () => batches,
    count: (batch) => batch.length,
    loss: (batch) => {
      const error = sub(x, tensor(engine, batch));
      return mean(mul(error, error));
    },
    ...more,
  });
  const BATCHES = [[1, 2], [5, 3], [4, 8], [0, 2], [7]];

  /** Gradient descent on means over the joined numbers. */
  function wanted(joined: readonly number[][], clip = Number.POSITIVE_INFINITY): number {
    return joined.reduce((x, numbers) => {
      const gradient = numbers.reduce((sum, goal) => sum + 2 * (x - goal), 0) / numbers.length;
      return x - 0.1 * Math.max(-clip, Math.min(clip, gradient));
    }, 0);
  }

  test.each([
    [1, BATCHES],
    [2, [[1, 2, 5, 3], [4, 8, 0, 2], [7]]],
    [
      3,
      [
        [1, 2, 5, 3, 4, 8],
        [0, 2, 7],
      ],
    ],
    [9, [[1, 2, 5, 3, 4, 8, 0, 2, 7]]],
  ])("accumulate %i takes the steps of the large batches, a short last one by its examples", async (accumulate, joined) => {
    for (const clip of [undefined, 0.5]) {
      const [x, y] = [parameter(), parameter()];
      const more = clip === undefined ? {} : { clip };
      const seen: FitProgress[] = [];
      const asked: number[] = [];
      const result = await train(engine, means(x, BATCHES), new SGD([x], { lr: 0.1 }), {
        epochs: 2,
        accumulate,
        ...more,
        sliceMs: 0,
        onProgress: (state) => void seen.push(state),
        schedule: (done) => asked.push(done) && 1,
      });
      await train(engine, means(y, joined), new SGD([y], { lr: 0.1 }), { epochs: 2, ...more });
      expect(x.item()).toBeCloseTo(wanted([...joined, ...joined], clip), 5);
      expect(x.item()).toBeCloseTo(y.item(), 5);
      const updates = joined.length;
      expect(result.steps).toBe(2 * updates);
      expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 2 * updates }, (_, i) => i + 1));
      expect(seen.at(-1)).toMatchObject({ steps: 2 * updates, secondsLeft: 0 });
      expect(asked).toEqual(Array.from({ length: 2 * updates }, (_, i) => i / (2 * updates)));
    }
  });

  test("a loss over other items than examples is weighted by them", async () => {
    const x = parameter();
    await train(engine, means(x, BATCHES, { count: () => 1, weight: (batch) => batch.length }), new SGD([x], { lr: 0.1 }), {
      epochs: 1,
      accumulate: 9,
    });
    expect(x.item()).toBeCloseTo(wanted([BATCHES.flat()]), 5);
  });

  test("the loss reported is the joint mean", async () => {
    const x = parameter();
    const result = await train(engine, means(x, BATCHES), new SGD([x], { lr: 0 }), { epochs: 1, accumulate: 9 });
    expect(result.loss).toBeCloseTo(BATCHES.flat().reduce((sum, goal) => sum + goal * goal, 0) / 9, 5);
  });

  test("every batch draws its own dropout, and without joining the streams are those of its step", async () => {
    const draws = async (accumulate: number) => {
      const x = parameter();
      const masks: string[] = [];
      const ones = tensor(engine, new Float32Array(64).fill(1));
      const loss = () => {
        const y = dropout(ones, 0.5);
        masks.push(y.data().join());
        return mean(mul(x, y));
      };
      await train(engine, means(x, BATCHES, { loss }), new SGD([x], { lr: 0.1 }), { epochs: 2, accumulate });
      return masks;
    };
    const [single, joined] = [await draws(1), await draws(2)];
    expect(new Set(joined).size).toBe(10);
    expect(new Set(single).size).toBe(10);
    expect(joined.slice(0, 5)).toEqual(single.slice(0, 5));
  });

  test("a loss that is not finite in a later batch leaves the weights alone", async () => {
    const x = parameter();
    const run = train(engine, means(x, [[1], [Number.NaN]]), new SGD([x], { lr: 1 }), { epochs: 1, accumulate: 2 });
    await expect(run).rejects.toThrowError(/the loss is NaN at step 0/);
    expect(x.item()).toBe(0);
  });

  test("an abort while batches are being joined lets the update be finished", async () => {
    const x = parameter();
    const controller = new AbortController();
    const batches = {
      count: (batch: number[]) => {
        controller.abort();
        return batch.length;
      },
    };
    const result = await train(engine, means(x, BATCHES, batches), new SGD([x], { lr: 0.1 }), {
      epochs: 1,
      accumulate: 2,
      sliceMs: 0,
      signal: controller.signal,
    });
    expect(result).toMatchObject({ steps: 1, stopped: "aborted" });
    expect(x.item()).toBeCloseTo(wanted([[1, 2, 5, 3]]), 5);
  });

  test("bad options are refused before anything runs", async () => {
    const x = parameter();
    const run = (options: object) => train(engine, means(x, BATCHES), new SGD([x], { lr: 1 }), { epochs: 1, ...options });
    await expect(run({ accumulate: 0 })).rejects.toThrowError(/fit: accumulate 0, wants a whole number from 1/);
    await expect(run({ accumulateSteps: 4 })).rejects.toThrowError(/fit: unknown option accumulateSteps, wants accumulate/);
    await expect(run({ epochs: 0.5 })).rejects.toThrowError(/fit: epochs 0.5/);
    const weightless = train(engine, means(x, BATCHES, { weight: () => 0 }), new SGD([x], { lr: 1 }), { epochs: 1, accumulate: 2 });
    await expect(weightless).rejects.toThrowError(/fit: weights \[0,0\] of the batches joined, wants a sum above 0/);
    expect(x.item()).toBe(0);
  });
});

describe("averages in fit", () => {
  test("follow every update, are what is evaluated, and are left in the parameters, of the best epoch where there is a metric", async () => {
    for (const metrics of [undefined, [0.1, 0.9, 0.5]]) {
      const x = parameter();
      const average = new AveragedWeights([x], { decay: 0.5 });
      const seen: number[] = [];
      const evaluated: number[] = [];
      const task2 = task(x, (epoch) => {
        evaluated.push(x.item());
        return metrics![epoch]!;
      });
      const base = metrics === undefined ? task(x) : task2;
      await train(engine, base, new SGD([x], { lr: 0.1 }), { epochs: 3, average, onProgress: () => void seen.push(x.item()) });
      const averages: number[] = [];
      for (const value of seen) averages.push(averages.length === 0 ? value : (averages.at(-1)! + value) / 2);
      expect(seen[4]).toBeCloseTo(3 * (1 - 0.8 ** 5), 5);
      expect(x.item()).toBeCloseTo(averages[metrics === undefined ? 11 : 7]!, 5);
      if (metrics !== undefined) expect(evaluated[1]).toBe(x.item());
      expect(average.updates).toBe(12);
    }
  });
});

test("an abort in an epoch gives the groups their rates back", async () => {
  const x = parameter();
  const controller = new AbortController();
  const optimizer = new SGD([x], { lr: 0.1 });
  await train(engine, task(x), optimizer, {
    epochs: 1,
    signal: controller.signal,
    schedule: () => 0.5,
    onProgress: () => controller.abort(),
  });
  expect(optimizer.lr).toBe(0.1);
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
