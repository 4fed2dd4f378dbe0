import { afterAll, describe, expect, test } from "vitest";
import {
  Adam,
  AdamW,
  backward,
  clipGradNorm,
  createEngine,
  crossEntropy,
  mul,
  NumericError,
  type Optimizer,
  SGD,
  sub,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.js";

const engine = await createEngine();
afterAll(() => engine.dispose());

function leaf(...values: number[]): Tensor {
  const x = tensor(engine, values);
  x.requiresGrad = true;
  return x;
}

const withGradient = (x: Tensor, ...gradient: number[]) => {
  x.grad = tensor(engine, gradient);
  return x;
};

describe("optimizers", () => {
  const makers: [string, (p: Tensor[]) => Optimizer][] = [
    ["SGD", (p) => new SGD(p, { lr: 0.1 })],
    ["SGD with momentum", (p) => new SGD(p, { lr: 0.02, momentum: 0.9, nesterov: true })],
    ["Adam", (p) => new Adam(p, { lr: 0.1 })],
    ["AdamW", (p) => new AdamW(p, { lr: 0.1, weightDecay: 0 })],
  ];
  for (const [name, make] of makers) {
    test(`${name} finds the minimum of a parabola, and frees its memory`, () => {
      const { inUse } = engine.memoryUse();
      const x = leaf(5, -3);
      const goal = tensor(engine, [1, 2]);
      const optimizer = make([x]);
      for (let i = 0; i < 300; i++) {
        engine.step(() => {
          optimizer.zeroGrad();
          const error = sub(x, goal);
          backward(sum(mul(error, error)));
          optimizer.step();
        });
      }
      expect(x.data()[0]).toBeCloseTo(1, 2);
      expect(x.data()[1]).toBeCloseTo(2, 2);
      optimizer.dispose();
      x.dispose();
      goal.dispose();
      expect(engine.memoryUse().inUse - engine.memoryUse().arena).toBeLessThanOrEqual(inUse);
    });
  }

  test("parameters without a gradient stay, and keep no state", () => {
    const [x, y] = [withGradient(leaf(1), 1), leaf(1)];
    new Adam([x, y], { lr: 0.5 }).step();
    expect(x.data()[0]).not.toBe(1);
    expect(y.data()[0]).toBe(1);
  });

  test("momentum switched on between steps finds its buffer", () => {
    const x = withGradient(leaf(1, 1), 1, 2);
    const optimizer = new SGD([x], { lr: 0.5 });
    optimizer.step();
    optimizer.configure(optimizer.groups[0]!, { momentum: 0.5 });
    for (let k = 0; k < 2; k++) optimizer.step();
    // Velocities 1, then 1.5 (and twice that), after a first step of 1.
    expect([...x.data()]).toEqual([1 - 0.5 * (1 + 1 + 1.5), 1 - 0.5 * 2 * (1 + 1 + 1.5)]);
    expect([...optimizer.state(x)!.tensors.momentum_buffer!.data()]).toEqual([1.5, 3]);
  });

  test("the learning rate may change between steps, to a valid one", () => {
    const optimizer = new SGD([withGradient(leaf(1), 1)], { lr: 0.5 });
    optimizer.lr = 0.25;
    optimizer.step();
    expect(optimizer.parameters[0]!.data()[0]).toBe(0.75);
    expect(() => {
      optimizer.lr = Number.NaN;
    }).toThrowError(/SGD: lr NaN, wants a number from 0/);
    expect(optimizer.lr).toBe(0.25);
  });
});

describe("clipGradNorm", () => {
  test("scales all gradients to the joint norm and returns the one before", () => {
    const [x, y] = [withGradient(leaf(0, 0), 3, 0), withGradient(leaf(0), 4)];
    expect(clipGradNorm([x, y], 1)).toBe(5);
    expect(x.grad!.data()[0]).toBeCloseTo(0.6, 6);
    expect(y.grad!.data()[0]).toBeCloseTo(0.8, 6);
  });

  test("leaves gradients below the norm alone, bit for bit", () => {
    const x = withGradient(leaf(0), 0.1);
    clipGradNorm([x], 1);
    expect(x.grad!.data()[0]).toBe(Math.fround(0.1));
  });

  test("a NaN norm makes all NaN as PyTorch's, or throws before anything changes", () => {
    const [x, y] = [withGradient(leaf(0), Number.NaN), withGradient(leaf(0), 1)];
    expect(() => clipGradNorm([x, y], 1, { errorIfNonFinite: true })).toThrowError(NumericError);
    expect(y.grad!.data()[0]).toBe(1);
    expect(clipGradNorm([x, y], 1)).toBeNaN();
    expect(y.grad!.data()[0]).toBeNaN();
  });
});

describe("crossEntropy", () => {
  const logits = () =>
    tensor(engine, [
      [1, 2, 3],
      [0, 0, 0],
    ]);
  const logp = [3 + Math.log(Math.exp(-2) + Math.exp(-1) + 1), Math.log(3)] as const;

  test("reductions, weights and ignored targets follow PyTorch's definition", () => {
    const target = tensor(engine, Int32Array.of(0, 2));
    const losses = [logp[0] - 1, logp[1]] as const;
    const at = (options: object) => engine.step(() => crossEntropy(logits(), target, options).toArray());
    expect(at({})).toBeCloseTo((losses[0] + losses[1]) / 2, 5);
    expect(at({ reduction: "sum" })).toBeCloseTo(losses[0] + losses[1], 5);
    expect((at({ reduction: "none" }) as number[])[1]).toBeCloseTo(losses[1], 5);
    expect(at({ weight: tensor(engine, [2, 1, 0.5]) })).toBeCloseTo((2 * losses[0] + 0.5 * losses[1]) / 2.5, 5);
    expect(at({ ignoreIndex: 2 })).toBeCloseTo(losses[0], 5);
  });

  test("ignoreIndex null ignores nothing, -1 is no class then", () => {
    const first = tensor(engine, Int32Array.of(0, 0));
    expect(engine.step(() => crossEntropy(logits(), first, { ignoreIndex: null }).item())).toBeCloseTo((logp[0] - 1 + logp[1]) / 2, 5);
    const none = tensor(engine, Int32Array.of(0, -1));
    expect(() => engine.step(() => crossEntropy(logits(), none, { ignoreIndex: null }))).toThrowError(/target -1 at position 1/);
  });

  test("the mean over nothing is NaN, as PyTorch's", () => {
    const loss = engine.step(() => crossEntropy(logits(), tensor(engine, Int32Array.of(-100, -100))));
    expect(loss.item()).toBeNaN();
  });
});
