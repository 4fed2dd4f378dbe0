/** Operations that move elements or pick them. */
import type { Tensor } from "../../../src/index.js";
import type { Draw } from "../draw.js";
import { sizeOf } from "../numbers.js";
import type { Cases, Rows } from "../trial.js";

const ALONG_ROWS = "it works along the first axis";

/** Rows, where the axis that is worked along is not the first. */
const unless = (axis: number): Rows => (axis === 0 ? ALONG_ROWS : 0);

/** An axis of the rank, counted from the front or the back. */
function axisOf(draw: Draw, rank: number): { axis: number; given: number } {
  const axis = draw.int(0, rank - 1);
  return { axis, given: draw.flag() ? axis : axis - rank };
}

/**
 * Ids below `count`. The padding row gets no gradient, though the output depends on it: where differences are taken no id is the
 * padding's.
 */
export const idsBeside = (draw: Draw, shape: readonly number[], count: number, paddingIdx: number | null): Tensor =>
  draw.integers(shape, () => {
    const id = draw.int(0, count - 1);
    return draw.smooth && id === paddingIdx ? (id + 1) % count : id;
  });

function permutation(draw: Draw, rank: number): number[] {
  const left = Array.from({ length: rank }, (_, i) => i);
  return Array.from({ length: rank }, () => left.splice(draw.int(0, left.length - 1), 1)[0]!);
}

export const layout = {
  reshape: (reshape, draw) => {
    const shape = draw.shape();
    const [first] = shape as [number];
    const [to, rows] = draw.each<readonly [number[], Rows]>([
      [[first, -1], 0],
      [[-1], "the elements become one row"],
      [[1, sizeOf(shape), 1], "the elements become one row"],
      [[first, 1, -1], 0],
    ]);
    // -1 is worked out here for a batch of no rows, which leaves it open.
    const open = (batch: number) => (extent: number) => (extent === -1 && batch === 0 ? sizeOf(shape) / first : extent);
    const within = (batch: number) => (rows === 0 ? [batch, ...to.slice(1).map(open(batch))] : to);
    return { run: (x) => reshape(x!, within(x!.shape[0]!)), inputs: [draw.leaf(shape)], rows };
  },

  transpose: (transpose, draw) => {
    const rank = draw.int(2, 4);
    const given = draw.flag();
    const order = given ? permutation(draw, rank) : [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
    return {
      run: (x) => (given ? transpose(x!, order) : transpose(x!)),
      inputs: [draw.leaf(draw.extents(rank))],
      rows: { inputs: [0], outputs: [order.indexOf(0)] },
    };
  },

  slice: (slice, draw) => {
    const shape = draw.shape();
    const { axis, given } = axisOf(draw, shape.length);
    const extent = shape[axis]!;
    const start = draw.int(0, extent - 1);
    const end = draw.int(start, extent);
    const first = draw.flag() ? start : start - extent;
    const last = end === extent ? undefined : draw.flag() || end === 0 ? end : end - extent;
    return { run: (x) => slice(x!, given, first, last), inputs: [draw.leaf(shape)], rows: unless(axis) };
  },

  concat: (concat, draw) => {
    const shape = draw.shape();
    const { axis, given } = axisOf(draw, shape.length);
    const part = () => draw.leaf(shape.map((extent, i) => (i === axis ? draw.extent() : extent)));
    const inputs = Array.from({ length: draw.int(1, 3) }, part);
    return { run: (...parts) => concat([...parts, parts[0]!], given), inputs, rows: unless(axis) };
  },

  stack: (stack, draw) => {
    const shape = draw.shape(0, 2);
    const { axis, given } = axisOf(draw, shape.length + 1);
    return {
      run: (...parts) => stack(parts, given),
      inputs: Array.from({ length: draw.int(1, 3) }, () => draw.leaf(shape)),
      rows: shape.length === 0 ? ALONG_ROWS : axis === 0 ? { inputs: [0, 0, 0], outputs: [1] } : 0,
    };
  },

  embedding: (embedding, draw) => {
    const [count, dim] = draw.extents(2) as [number, number];
    const paddingIdx = draw.smooth && count === 1 ? null : draw.each([null, 0, count - 1]);
    const sparse = draw.each([undefined, true]);
    return {
      run: (weight, ids) => embedding(weight!, ids!, paddingIdx, sparse),
      inputs: [draw.leaf([count, dim]), idsBeside(draw, draw.shape(), count, paddingIdx)],
      rows: { inputs: [null, 0], outputs: [0] },
    };
  },

  gather: (gather, draw) => {
    const shape = draw.shape();
    const { axis, given } = axisOf(draw, shape.length);
    const wanted = shape.map((extent, i) => (i === axis ? draw.extent() : i === 0 ? extent : draw.int(1, extent)));
    return {
      run: (x, index) => gather(x!, given, index!),
      inputs: [draw.leaf(shape), draw.ids(wanted, shape[axis]!)],
      rows: unless(axis),
    };
  },
} satisfies Cases;
