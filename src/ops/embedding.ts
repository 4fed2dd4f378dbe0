/** Rows of a table by id (embedding), and elements along an axis by index (gather). */
import { IndexError, ShapeError } from "../errors.js";
import { resolveAxis, show, stridesOf } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, sameEngine, type Tensor } from "../tensor/tensor.js";

/** @throws IndexError naming the first id outside 0 … count - 1 */
export function checkIds(where: string, ids: Tensor, count: number): void {
  checkDType(where, "ids", ids, "i32");
  const start = ids.address(where) >>> 2;
  const { i32 } = ids.engine.memory;
  for (let i = 0; i < ids.size; i++) {
    const id = i32[start + i]!;
    if (id < 0 || id >= count)
      throw new IndexError(`${where}: id ${id} at position ${i}, wants ids from 0 to ${count - 1} (there are ${count})`);
  }
}

/**
 * @param weight f32 [V, D]
 * @param ids i32, any shape, each 0 … V - 1
 * @param paddingIdx an id whose row gets no gradient, or null
 * @param sparse the gradient of weight has only the rows of ids (RowSparse), while nothing else adds to it and weight is a leaf
 * @returns f32 [...ids.shape, D]
 * @throws IndexError when an id is out of range
 */
export function embedding(weight: Tensor, ids: Tensor, paddingIdx: number | null = null, sparse = false): Tensor {
  const engine = sameEngine("embedding", weight, ids);
  if (weight.rank !== 2) throw new ShapeError(`embedding: weight has shape ${show(weight.shape)}, wants [V, D]`);
  const [count, dim] = weight.shape as [number, number];
  checkIds("embedding", ids, count);
  const table = weight.address("embedding");
  const y = empty(engine, [...ids.shape, dim], "f32", "embedding");
  engine.kernels.gatherRows(y.address("embedding"), table, ids.address("embedding"), ids.size, dim, dim);
  return record("embedding", [weight], [y], { ids, paddingIdx, sparse });
}

/** Adds each row of dy to its id's row; repeated ids add up in order. */
export const embeddingBackward: Backward = (context, { inputs, outputs, saved }) => {
  const weight = inputs[0]!;
  const { ids, paddingIdx, sparse } = saved as { ids: Tensor; paddingIdx: number | null; sparse: boolean };
  const part = { values: context.gradOf(outputs[0]!), ids: ids.address("embedding"), count: ids.size, skip: paddingIdx ?? -1 };
  if (sparse && context.addRows(weight, part)) return;
  const slot = context.into(weight);
  if (slot === null) return;
  const { engine } = context;
  if (slot.beta === 0) engine.memory.f32.fill(0, slot.ptr >>> 2, (slot.ptr >>> 2) + weight.size);
  const dim = weight.shape[1]!;
  engine.kernels.scatterAddRows(slot.ptr, part.values, part.ids, part.count, dim, dim, part.skip);
};

/**
 * PyTorch's gather: y[i][j][k] = x[i][index[i][j][k]][k] for axis 1, and so on.
 * @param index i32 of x's rank, no larger than x in the other axes
 */
export function gather(x: Tensor, axis: number, index: Tensor): Tensor {
  const engine = sameEngine("gather", x, index);
  checkDType("gather", "x", x, "f32");
  const along = resolveAxis("gather", axis, x.rank);
  if (index.rank !== x.rank || index.shape.some((extent, i) => i !== along && extent > x.shape[i]!)) {
    throw new ShapeError(
      `gather: index has shape ${show(index.shape)}, wants rank ${x.rank} and no extent above ${show(x.shape)} but along axis ${along}`,
    );
  }
  checkIds("gather", index, x.shape[along]!);
  const from = x.address("gather");
  const flat = empty(engine, [index.size], "i32", "gather");
  const y = empty(engine, index.shape, "f32", "gather");
  flatIndices(x, index, along, flat);
  engine.kernels.gatherRows(y.address("gather"), from, flat.address("gather"), index.size, 1, 1);
  if (record("gather", [x], [y], flat).source === null && flat.storage.lease !== null) flat.dispose();
  return y;
}

function flatIndices(x: Tensor, index: Tensor, along: number, flat: Tensor): void {
  const { i32 } = x.engine.memory;
  const [to, from] = [flat.address("gather") >>> 2, index.address("gather") >>> 2];
  const strides = stridesOf(x.shape);
  const own = stridesOf(index.shape);
  for (let i = 0; i < index.size; i++) {
    let offset = 0;
    for (let d = 0; d < x.rank; d++) {
      const position = d === along ? i32[from + i]! : Math.floor(i / own[d]!) % index.shape[d]!;
      offset += position * strides[d]!;
    }
    i32[to + i] = offset;
  }
}

export const gatherBackward: Backward = (context, { inputs, outputs, saved }) => {
  const x = inputs[0]!;
  const flat = saved as Tensor;
  const slot = context.into(x);
  if (slot === null) return;
  const { engine } = context;
  if (slot.beta === 0) engine.memory.f32.fill(0, slot.ptr >>> 2, (slot.ptr >>> 2) + x.size);
  engine.kernels.scatterAddRows(slot.ptr, context.gradOf(outputs[0]!), flat.address("gather"), flat.size, 1, 1, -1);
};
