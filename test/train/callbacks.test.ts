import { afterAll, describe, expect, test } from "vitest";
import {
  createEngine,
  type FitOptions,
  type FitState,
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

const engine = await createEngine();
afterAll(() => engine.dispose());

function parameter(): Tensor {
  const x = tensor(engine, 0);
  x.requiresGrad = true;
  return x;
}

/** Four batches an epoch, each of which moves x towards its number; the metrics come in turn. */
function task(x: Tensor, metrics: readonly number[] = []): FitTask<number> {
  let evaluations = 0;
  return {
    batches: () => [3, 5, 4, 2],
    count: () => 1,
    loss: (goal) => {
      const error = sub(x, tensor(engine, goal));
      return sum(mul(error, error));
    },
    evaluate: () => metrics[evaluations++],
  };
}

/** What is told, as `event step`. */
async function heard(metrics: readonly number[], options: Omit<FitOptions, "callbacks">) {
  const events: string[] = [];
  const states: FitState[] = [];
  const note = (event: string) => async (_: unknown, state: FitState) => {
    await null;
    events.push(`${event} ${state.step}`);
    states.push(state);
  };
  const x = parameter();
  const callback = { onStep: note("step"), onEvaluate: note("evaluate"), onEpoch: note("epoch"), onEnd: note("end") };
  const result = await train(engine, task(x, metrics), new SGD([x], { lr: 0.1 }), { ...options, callbacks: [callback] });
  return { events, states, result, x };
}

describe("callbacks of fit", () => {
  test("hear of steps, evaluations, epochs and the end, in this order", async () => {
    const { events, states } = await heard([0.1, 0.2], { epochs: 2 });
    const epoch = (from: number) => [1, 2, 3, 4].map((i) => `step ${from + i}`).concat(`evaluate ${from + 4}`, `epoch ${from + 4}`);
    expect(events).toEqual([...epoch(0), ...epoch(4), "end 8"]);
    expect(states.at(-1)).toMatchObject({ epoch: 2, update: 0, best: 0.2, metric: 0.2, sinceBest: 0, evaluated: 8, losses: 4 });
  });

  test("an evaluation every n steps comes before its step is told, and once more at the end", async () => {
    const { events } = await heard([1, 2, 3, 4], { epochs: 2, evaluateEvery: 3 });
    expect(events.filter((event) => !event.startsWith("epoch"))).toEqual(
      "step 1,step 2,evaluate 3,step 3,step 4,step 5,evaluate 6,step 6,step 7,step 8,evaluate 8,end 8".split(","),
    );
  });

  test("patience counts evaluations, and the best weights come back", async () => {
    const metrics = [0.3, 0.5, 0.5, Number.NaN, 0.4, 0.9];
    const { events, result, states, x } = await heard(metrics, { epochs: 50, evaluateEvery: 2, patience: 2 });
    expect(result).toMatchObject({ steps: 10, stopped: "patience", metric: 0.5, epochs: 3 });
    expect(events.at(-1)).toBe("end 10");
    expect(Array.from(states.at(-1)!.bestWeights![0]!)).toEqual([x.item()]);
    const two = await heard([], { epochs: 1 });
    expect(x.item()).toBe(two.x.item());
  });

  test("an error of a callback ends training", async () => {
    const x = parameter();
    const broken = { onStep: () => Promise.reject(new Error("no room")) };
    await expect(train(engine, task(x), new SGD([x], { lr: 0.1 }), { epochs: 1, callbacks: [broken] })).rejects.toThrowError("no room");
  });
});

describe("what is not finite", () => {
  const odd = (x: Tensor, bad: number): FitTask<number> => ({
    ...task(x),
    batches: () => [3, bad, 4, 2],
    loss: (goal) => (Number.isFinite(goal) ? task(x).loss(goal, 0) : mul(x, tensor(engine, goal))),
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("%f is skipped when asked for: the other updates are as without it", async (bad) => {
    const [x, y] = [parameter(), parameter()];
    const result = await train(engine, odd(x, bad), new SGD([x], { lr: 0.1 }), { epochs: 1, onNonFinite: "skip" });
    await train(engine, { ...task(y), batches: () => [3, 4, 2] }, new SGD([y], { lr: 0.1 }), { epochs: 1 });
    expect(x.item()).toBe(y.item());
    expect(result).toMatchObject({ steps: 4, skipped: 1 });
    expect(Number.isFinite(result.loss)).toBe(true);
  });

  test("a joined update is left out as a whole", async () => {
    const [x, y] = [parameter(), parameter()];
    await train(engine, odd(x, Number.NaN), new SGD([x], { lr: 0.1 }), { epochs: 1, accumulate: 2, onNonFinite: "skip" });
    await train(engine, { ...task(y), batches: () => [4, 2] }, new SGD([y], { lr: 0.1 }), { epochs: 1, accumulate: 2 });
    expect(x.item()).toBe(y.item());
  });

  test("a gradient that overflows throws before the update, without clipping too", async () => {
    const x = parameter();
    const steep = { ...task(x), loss: () => mul(mul(x, tensor(engine, 3e38)), tensor(engine, 10)) };
    await expect(train(engine, steep, new SGD([x], { lr: 1 }), { epochs: 1 })).rejects.toBeInstanceOf(NumericError);
    expect(x.item()).toBe(0);
    const result = await train(engine, steep, new SGD([x], { lr: 1 }), { epochs: 1, onNonFinite: "skip" });
    expect(result).toMatchObject({ skipped: 4, loss: Number.NaN });
    expect(x.item()).toBe(0);
  });
});

test("bad options are refused", async () => {
  const x = parameter();
  const run = (options: object) => train(engine, task(x), new SGD([x], { lr: 1 }), { epochs: 1, ...options });
  await expect(run({ evaluateEvery: 0 })).rejects.toThrowError(/fit: evaluateEvery 0, wants a whole number from 1/);
  await expect(run({ onNonFinite: "ignore" })).rejects.toThrowError(/fit: onNonFinite "ignore", wants "throw" or "skip"/);
});
