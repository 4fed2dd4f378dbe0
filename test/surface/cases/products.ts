/** Products, reductions, softmax and normalisation. */
import type { Tensor } from "../../../src/index.js";
import type { Draw } from "../draw.js";
import type { Spread } from "../numbers.js";
import type { Case, Cases, Rows } from "../trial.js";

const wide: Spread = (u) => 3 * u;

/** An axis and what it leaves of the rows; without one everything is reduced. */
function reduced(draw: Draw, rank: number): { axis: number | undefined; keepDim: boolean; rows: Rows } {
  const axis = draw.each([undefined, 0, rank - 1, -1, -rank, Math.floor(rank / 2)]);
  const along = axis === undefined ? 0 : axis < 0 ? axis + rank : axis;
  return { axis, keepDim: draw.flag(), rows: along === 0 ? "it reduces the first axis" : 0 };
}

const sums: Case<(x: Tensor, axis?: number, options?: { keepDim?: boolean }) => Tensor> = (fn, draw) => {
  const shape = draw.shape();
  const { axis, keepDim, rows } = reduced(draw, shape.length);
  return { run: (x) => fn(x!, axis, draw.smooth || keepDim ? { keepDim } : {}), inputs: [draw.leaf(shape)], rows };
};

const softmaxes: Case<(x: Tensor, axis?: number) => Tensor> = (fn, draw) => {
  const shape = draw.shape();
  const axis = draw.each([undefined, 0, -1, shape.length - 1, -shape.length]);
  const along = axis === undefined ? shape.length - 1 : axis < 0 ? axis + shape.length : axis;
  return { run: (x) => fn(x!, axis), inputs: [draw.leaf(shape, wide)], rows: along === 0 ? "it runs along the first axis" : 0 };
};

export const products = {
  matmul: (matmul, draw) => {
    const [m, k, n] = draw.extents(3) as [number, number, number];
    const batch = draw.from([1, 2, 3]);
    const [a, b, rows] = draw.each<readonly [number[], number[], Rows]>([
      [[m, k], [k, n], { inputs: [0, null], outputs: [0] }],
      [[batch, m, k], [batch, k, n], 0],
      [[batch, m, k], [k, n], { inputs: [0, null], outputs: [0] }],
      [[m, k], [batch, k, n], { inputs: [null, 0], outputs: [0] }],
      [[batch, 1, m, k], [2, k, n], { inputs: [0, null], outputs: [0] }],
      [[1, m, k], [batch, k, n], "the first operand is shared by all rows"],
      [[k], [k, n], "a vector has no rows"],
      [[m, k], [k], { inputs: [0, null], outputs: [0] }],
      [[k], [k], "a vector has no rows"],
      [[k], [batch, k, n], { inputs: [null, 0], outputs: [0] }],
    ]);
    return { run: (x, y) => matmul(x!, y!), inputs: [draw.leaf(a), draw.leaf(b)], rows };
  },

  linear: (linear, draw) => {
    const [batch, inFeatures, outFeatures] = draw.extents(3) as [number, number, number];
    const between = draw.each([[], [2], [3, 1]]);
    const bias = draw.each([true, false]);
    const parts = [draw.leaf([batch, ...between, inFeatures]), draw.leaf([outFeatures, inFeatures])];
    return {
      run: (x, weight, b) => linear(x!, weight!, b ?? null),
      inputs: bias ? [...parts, draw.leaf([outFeatures])] : parts,
      rows: { inputs: [0, null, null], outputs: [0] },
    };
  },

  sum: sums,
  mean: sums,

  max: (max, draw) => {
    const shape = draw.shape();
    const { axis, keepDim, rows } = reduced(draw, shape.length);
    return {
      run: (x) => {
        const { values, indices } = max(x!, axis, { keepDim });
        return [values, indices];
      },
      inputs: [draw.distinct(shape)],
      rows,
    };
  },

  softmax: softmaxes,
  logSoftmax: softmaxes,

  maskedSoftmax: (maskedSoftmax, draw) => {
    const shape = draw.shape(2);
    const hidden = draw.each(["none", "some", "all of the first row"]);
    const width = shape[shape.length - 1]!;
    const kept = (i: number) => (hidden === "none" || (hidden === "some" ? draw.flag() : i >= width) ? 1 : 0);
    return { run: (x, mask) => maskedSoftmax(x!, mask!), inputs: [draw.leaf(shape, wide), draw.integers(shape, kept)], rows: 0 };
  },

  layerNorm: (layerNorm, draw) => {
    const shape = draw.shape();
    const width = [shape[shape.length - 1]!];
    const [weighted, biased] = [draw.each([true, false]), draw.each([true, false])];
    // Two near numbers and a small eps make it too steep for differences.
    const eps = draw.smooth ? draw.each([0.1, 0.5]) : draw.from([undefined, 0, 0.1]);
    return {
      run: (x, weight, bias) => layerNorm(x!, weighted ? weight! : null, biased ? bias! : null, eps),
      inputs: [draw.leaf(shape, (u) => 2 * u), draw.leaf(width), draw.leaf(width)],
      rows: shape.length === 1 ? "it runs along the first axis" : { inputs: [0, null, null], outputs: [0] },
    };
  },
} satisfies Cases;
