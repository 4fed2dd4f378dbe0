/** Losses: every reduction, weights, smoothing, ignored targets. */
import type { BinaryCrossEntropyOptions, CrossEntropyOptions, FocalOptions, NllOptions, Reduction, Tensor } from "../../../src/index.js";
import type { Draw } from "../draw.js";
import { away, type Spread } from "../numbers.js";
import type { Case, Cases, Rows } from "../trial.js";

const REDUCTIONS: readonly Reduction[] = ["mean", "sum", "none"];
const wide: Spread = (u) => 3 * u;
const share: Spread = (u) => (u + 1) / 2;

const rowsOf = (reduction: Reduction): Rows => (reduction === "none" ? 0 : "the losses of all rows become one");

/** Class numbers, the first of which counts; some of the others are `ignored`. */
const classes = (draw: Draw, shape: readonly number[], count: number, ignored: number | null): Tensor =>
  draw.integers(shape, (i) => {
    if (i > 0 && ignored !== null && draw.int(0, 3) === 0) return ignored;
    const target = draw.int(0, count - 1);
    return target === ignored && draw.smooth ? (target + 1) % count : target;
  });

/** Which index counts for nothing: none, PyTorch's default, or a class where there are two. */
const ignoredIndex = (draw: Draw, count: number): number | null => draw.each([null, -100, count > 1 ? 0 : -7]);

/** input and target whose differences keep away from the kinks. */
const regression =
  <O extends object>(options: (draw: Draw) => Required<O> & { reduction: Reduction }, kinks: (given: Required<O>) => number[]) =>
  (fn: (input: Tensor, target: Tensor, options?: O) => Tensor, draw: Draw) => {
    const given = options(draw);
    const shape = draw.shape(draw.from([0, 1]));
    const input = draw.leaf(shape);
    const target = draw.leaf(shape);
    if (draw.smooth) {
      const values = input.data();
      target.assign(draw.floats(target.size, away(3, ...kinks(given))).map((d, i) => values[i]! - d));
    }
    return { run: (x?: Tensor, y?: Tensor) => fn(x!, y!, given), inputs: [input, target], rows: rowsOf(given.reduction) };
  };

const plain = (draw: Draw) => ({ reduction: draw.each(REDUCTIONS) });

const binary: Case<(logits: Tensor, targets: Tensor, options: BinaryCrossEntropyOptions) => Tensor> = (fn, draw) => {
  const [rows, width] = draw.extents(2) as [number, number];
  const reduction = draw.each(REDUCTIONS);
  const [posWeight, weight] = [draw.each(["no", "by class", "by element"]), draw.each(["no", "by class", "by element"])];
  const weights = (kind: string) => draw.leaf(kind === "by element" ? [rows, width] : [width], (u) => share(u, 0) + 0.5);
  const axis = (kind: string) => (kind === "by element" ? 0 : null);
  return {
    run: (logits, targets, positive, own) => {
      const options: Required<BinaryCrossEntropyOptions> = { reduction, posWeight: positive!, weight: own! };
      const { posWeight: p, weight: w, ...rest } = options;
      return fn(logits!, targets!, { ...rest, ...(posWeight === "no" ? {} : { posWeight: p }), ...(weight === "no" ? {} : { weight: w }) });
    },
    inputs: [draw.leaf([rows, width], wide), draw.leaf([rows, width], share), weights(posWeight), weights(weight)],
    rows: reduction === "none" ? { inputs: [0, 0, axis(posWeight), axis(weight)], outputs: [0] } : rowsOf(reduction),
  };
};

export const losses = {
  crossEntropy: (crossEntropy, draw) => {
    const shape = draw.shape(1, 2);
    const count = draw.extent();
    const soft = draw.each([false, false, false, true]);
    const weighted = draw.each([true, false]);
    const ignoreIndex = ignoredIndex(draw, count);
    const options: Omit<Required<CrossEntropyOptions>, "weight"> = {
      ignoreIndex,
      labelSmoothing: draw.each([0, 0.2]),
      reduction: draw.each(REDUCTIONS),
    };
    const targets = soft ? draw.constant([...shape, count], share) : classes(draw, shape, count, ignoreIndex);
    return {
      run: (logits, y, weight) => crossEntropy(logits!, y!, weighted ? { ...options, weight: weight! } : options),
      inputs: [draw.leaf([...shape, count], wide), targets, draw.constant([count], (u) => share(u, 0) + 0.5)],
      rows: options.reduction === "none" ? { inputs: [0, 0, null], outputs: [0] } : rowsOf(options.reduction),
    };
  },

  nllLoss: (nllLoss, draw) => {
    const shape = draw.shape(1, 2);
    const count = draw.extent();
    const weighted = draw.each([true, false]);
    const ignoreIndex = ignoredIndex(draw, count);
    const options: Omit<Required<NllOptions>, "weight"> = { ignoreIndex, reduction: draw.each(REDUCTIONS) };
    return {
      run: (x, y, weight) => nllLoss(x!, y!, weighted ? { ...options, weight: weight! } : options),
      inputs: [
        draw.leaf([...shape, count], wide),
        classes(draw, shape, count, ignoreIndex),
        draw.constant([count], (u) => share(u, 0) + 0.5),
      ],
      rows: options.reduction === "none" ? { inputs: [0, 0, null], outputs: [0] } : rowsOf(options.reduction),
    };
  },

  binaryCrossEntropyWithLogits: binary,

  sigmoidFocalLoss: (sigmoidFocalLoss, draw) => {
    const shape = draw.shape();
    const options: Required<FocalOptions> = {
      reduction: draw.each(REDUCTIONS),
      alpha: draw.each([0.25, null, 0, 1]),
      gamma: draw.each([2, 0, 0.5]),
    };
    return {
      run: (logits, targets) => sigmoidFocalLoss(logits!, targets!, options),
      inputs: [draw.leaf(shape, wide), draw.constant(shape, (u) => (u < 0 ? 0 : 1))],
      rows: rowsOf(options.reduction),
    };
  },

  mseLoss: regression(plain, () => []),
  l1Loss: regression(plain, () => [0]),
  smoothL1Loss: regression(
    (draw) => ({ ...plain(draw), beta: draw.each([1, 0.5, 0]) }),
    ({ beta }) => (beta === 0 ? [0] : [-beta, beta]),
  ),
  huberLoss: regression(
    (draw) => ({ ...plain(draw), delta: draw.each([1, 0.5, 2]) }),
    ({ delta }) => [-delta, delta],
  ),
} satisfies Cases;
