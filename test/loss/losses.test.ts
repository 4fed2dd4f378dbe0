import { afterAll, describe, expect, test } from "vitest";
import {
  binaryCrossEntropyWithLogits,
  createEngine,
  crossEntropy,
  gradcheck,
  huberLoss,
  l1Loss,
  logSoftmax,
  maskedSoftmax,
  mseLoss,
  nllLoss,
  sigmoidFocalLoss,
  smoothL1Loss,
  softmax,
  type Tensor,
  tensor,
  transpose,
} from "../../src/index.js";
import { randomFloats } from "../kernels/harness.js";

const engine = await createEngine({ seed: 1 });
afterAll(() => engine.dispose());

function leaf(values: readonly number[] | Float32Array, shape = [values.length]): Tensor {
  const x = tensor(engine, Float32Array.from(values), shape);
  x.requiresGrad = true;
  return x;
}

const value = (fn: () => Tensor) => engine.step(() => fn().toArray());
const close = (got: unknown, want: readonly number[]) => {
  (got as number[]).forEach((v, i) => void expect(v).toBeCloseTo(want[i]!, 5));
};

describe("losses of numbers", () => {
  const d = [-2, -0.5, 0, 0.25, 3];
  const input = leaf(d);
  const target = leaf(d.map(() => 0));
  const none = { reduction: "none" } as const;

  test("follow their definitions", () => {
    close(
      value(() => mseLoss(input, target, none)),
      d.map((x) => x * x),
    );
    close(
      value(() => l1Loss(input, target, none)),
      d.map(Math.abs),
    );
    close(
      value(() => smoothL1Loss(input, target, { ...none, beta: 0.5 })),
      [1.75, 0.25, 0, 0.0625, 2.75],
    );
    close(
      value(() => smoothL1Loss(input, target, { ...none, beta: 0 })),
      d.map(Math.abs),
    );
    close(
      value(() => huberLoss(input, target, { ...none, delta: 2 })),
      [2, 0.125, 0, 0.03125, 4],
    );
    expect(value(() => mseLoss(input, target))).toBeCloseTo(13.3125 / 5, 5);
    expect(value(() => mseLoss(input, target, { reduction: "sum" }))).toBeCloseTo(13.3125, 5);
  });

  test("have the gradients of their definitions, for both arguments", () => {
    for (const loss of [mseLoss, l1Loss, smoothL1Loss, huberLoss]) {
      const [x, y] = [leaf([-2, -0.6, 0.4, 3]), leaf([0.1, 0, 0, 0.2])];
      gradcheck((a, b) => loss(a!, b!), [x, y]);
    }
  });

  test("refuse shapes that would broadcast, and bad options", () => {
    expect(() => mseLoss(input, leaf([1]))).toThrowError(/mseLoss: input has shape \[5\], target \[1\], wants the same/);
    expect(() => huberLoss(input, target, { delta: 0 })).toThrowError(/huberLoss: delta 0, wants a number from/);
    expect(() => l1Loss(input, target, { reduction: "avg" as "mean" })).toThrowError(
      /l1Loss: reduction "avg", wants "mean", "sum" or "none"/,
    );
    expect(() => smoothL1Loss(input, target, { Beta: 1 } as never)).toThrowError(/unknown option Beta, wants beta/);
  });
});

describe("losses of yes and no", () => {
  const x = [-200, -3, 0, 2, 200];
  const t = [0, 1, 0.5, 1, 1];
  const s = (v: number) => 1 / (1 + Math.exp(-v));

  test("binary cross-entropy follows its definition, far out too", () => {
    const got = value(() =>
      binaryCrossEntropyWithLogits(leaf(x), leaf(t), { reduction: "none", posWeight: tensor(engine, [2]) }),
    ) as number[];
    close(got, [0, -2 * Math.log(s(-3)), 1.5 * Math.LN2, -2 * Math.log(s(2)), 0]);
    expect(value(() => binaryCrossEntropyWithLogits(leaf([-200]), leaf([1])))).toBe(200);
    gradcheck((a, b) => binaryCrossEntropyWithLogits(a!, b!), [leaf([-2, 0.3, 1]), leaf([0, 0.3, 1])]);
  });

  test("focal loss follows its definition", () => {
    const targets = [0, 1, 1, 0];
    const logits = [-3, -1, 2, 0.5];
    const want = logits.map((v, i) => {
      const p = targets[i] === 1 ? s(v) : 1 - s(v);
      return (targets[i] === 1 ? 0.25 : 0.75) * (1 - p) ** 2 * -Math.log(p);
    });
    close(
      value(() => sigmoidFocalLoss(leaf(logits), tensor(engine, targets), { reduction: "none" })),
      want,
    );
    const plain = value(() => sigmoidFocalLoss(leaf(logits), tensor(engine, targets), { alpha: null, gamma: 0 }));
    expect(plain).toBeCloseTo(value(() => binaryCrossEntropyWithLogits(leaf(logits), tensor(engine, targets))) as number, 6);
    gradcheck((a) => sigmoidFocalLoss(a!, tensor(engine, targets)), [leaf(logits)]);
  });
});

describe("losses of classes", () => {
  const logits = () => leaf(randomFloats(12, 1, 3), [4, 3]);
  const targets = tensor(engine, Int32Array.of(0, 2, 1, 2));
  const weight = tensor(engine, [0.5, 1, 2]);

  test("nllLoss of logSoftmax is crossEntropy, with weights and ignored targets", () => {
    for (const reduction of ["mean", "sum", "none"] as const) {
      for (const options of [{ reduction }, { reduction, weight }, { reduction, weight, ignoreIndex: 2 }]) {
        const want = value(() => crossEntropy(logits(), targets, options));
        const got = value(() => nllLoss(logSoftmax(logits()), targets, options));
        close([got].flat() as number[], [want].flat() as number[]);
      }
    }
    gradcheck((x) => nllLoss(x!, targets, { weight }), [logits()]);
    expect(() => nllLoss(logits(), tensor(engine, Int32Array.of(0, 3, 0, 0)))).toThrowError(
      /nllLoss: target 3 at position 1, wants a class from 0 to 2/,
    );
  });

  test("probabilities that are all 0 and 1 give what class numbers give", () => {
    const rows = [0, 2, 1, 2].flatMap((c) => [0, 1, 2].map((k) => (k === c ? 1 : 0)));
    for (const labelSmoothing of [0, 0.1]) {
      const want = value(() => crossEntropy(logits(), targets, { labelSmoothing }));
      expect(value(() => crossEntropy(logits(), tensor(engine, rows, [4, 3]), { labelSmoothing }))).toBeCloseTo(want as number, 5);
    }
    gradcheck(
      (x) =>
        crossEntropy(
          x!,
          tensor(
            engine,
            rows.map((r) => 0.2 + 0.4 * r),
            [4, 3],
          ),
          { weight },
        ),
      [logits()],
    );
    expect(() => crossEntropy(logits(), tensor(engine, [[1, 2]]))).toThrowError(
      /logits \[4, 3\] and probabilities \[1, 2\], wants the same shape/,
    );
  });
});

describe("softmax over other axes and under masks", () => {
  test("an axis in the middle gives what moving it to the end gives", () => {
    const x = leaf(randomFloats(24, 2, 3), [2, 4, 3]);
    expect(value(() => softmax(x, 1))).toEqual(value(() => transpose(softmax(transpose(x)))));
    gradcheck((a) => softmax(a!, 0), [leaf(randomFloats(6, 3), [3, 2])]);
    gradcheck((a) => logSoftmax(a!, 0), [leaf(randomFloats(6, 3), [3, 2])]);
  });

  test("masked places get 0 and no gradient; a row of masked places is 0 throughout", () => {
    const mask = tensor(engine, Int32Array.of(1, 0, 1, 0, 0, 0), [2, 3]);
    const x = leaf([1, 50, 2, 3, 4, 5], [2, 3]);
    const y = value(() => maskedSoftmax(x, mask)) as number[][];
    close(y[0], [1 / (1 + Math.E), 0, Math.E / (1 + Math.E)]);
    expect(y[1]).toEqual([0, 0, 0]);
    gradcheck((a) => maskedSoftmax(a!, mask), [leaf([1, 0.5, 2, 3, 4, 5], [2, 3])]);
    expect(() => maskedSoftmax(x, tensor(engine, [1]))).toThrowError(/maskedSoftmax: mask has shape \[1\], wants \[2, 3\]/);
  });
});
