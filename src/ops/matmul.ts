/** Matrix product, batched and broadcast as PyTorch's matmul. */
import type { Engine } from "../engine/engine.js";
import { ShapeError } from "../errors.js";
import { broadcastShapes, type Shape, show, sizeOf, stridesOf } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, sameEngine, type Tensor } from "../tensor/tensor.js";
import { reshape } from "./layout.js";

interface Plan {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Element offsets of each product's operands. */
  readonly offsets: readonly { a: number; b: number; y: number }[];
}

function plan(a: Shape, b: Shape): { plan: Plan; shape: number[] } {
  const [m, k] = a.slice(-2) as [number, number];
  const [kb, n] = b.slice(-2) as [number, number];
  if (k !== kb) throw new ShapeError(`matmul: a has ${k} columns, b has ${kb} rows, wants them equal (shapes ${show(a)} and ${show(b)})`);
  const batch = broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2));
  const strides = stridesOf(batch);
  const along = (own: Shape, matrix: number) => {
    const lead = own.slice(0, -2);
    const ownStrides = stridesOf(lead);
    return (index: number) =>
      batch.reduce((offset, extent, axis) => {
        const at = axis - batch.length + lead.length;
        const position = Math.floor(index / strides[axis]!) % extent;
        return at < 0 || lead[at] === 1 ? offset : offset + position * ownStrides[at]!;
      }, 0) * matrix;
  };
  const [offsetA, offsetB] = [along(a, m * k), along(b, k * n)];
  const offsets = Array.from({ length: sizeOf(batch) }, (_, i) => ({ a: offsetA(i), b: offsetB(i), y: i * m * n }));
  return { plan: { m, n, k, offsets }, shape: [...batch, m, n] };
}

/**
 * @param a f32 [..., m, k]; rank 1 is taken as [1, k]
 * @param b f32 [..., k, n]; rank 1 is taken as [k, 1]
 * @returns f32 [..., m, n], the batch axes broadcast; axes added for rank 1 are dropped
 * @throws ShapeError when the inner extents differ or the batch axes do not broadcast
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const engine = sameEngine("matmul", a, b);
  checkDType("matmul", "a", a, "f32");
  checkDType("matmul", "b", b, "f32");
  if (a.rank === 0 || b.rank === 0) throw new ShapeError(`matmul: shapes ${show(a.shape)} and ${show(b.shape)}, wants rank 1 at least`);
  if (a.rank === 1 || b.rank === 1) {
    const y = matmul(a.rank === 1 ? reshape(a, [1, a.size]) : a, b.rank === 1 ? reshape(b, [b.size, 1]) : b);
    const shape = [...y.shape];
    if (b.rank === 1) shape.pop();
    if (a.rank === 1) shape.splice(b.rank === 1 ? shape.length - 1 : shape.length - 2, 1);
    return reshape(y, shape);
  }
  const { plan: work, shape } = plan(a.shape, b.shape);
  const y = empty(engine, shape, "f32", "matmul");
  run(engine, work, a, b, y);
  return record("matmul", [a, b], [y], work);
}

/** Rows that a thread takes at least: each packs the whole second operand. */
const ROWS = 32;

/** One product's rows are split among threads, of several each thread takes some. */
function run(engine: Engine, { m, n, k, offsets }: Plan, a: Tensor, b: Tensor, y: Tensor): void {
  const [pa, pb, py] = [a.address("matmul"), b.address("matmul"), y.address("matmul")];
  const flops = 2 * m * n * k * offsets.length;
  if (offsets.length === 1) {
    engine.split(m, ROWS, flops, ({ kernels, work }, begin, end) => {
      kernels.gemm(py + begin * n * 4, pa + begin * k * 4, pb, end - begin, n, k, k, n, n, 0, 0, 0, work);
    });
    return;
  }
  engine.split(offsets.length, 1, flops, ({ kernels, work }, begin, end) => {
    for (const at of offsets.slice(begin, end)) kernels.gemm(py + at.y * 4, pa + at.a * 4, pb + at.b * 4, m, n, k, k, n, n, 0, 0, 0, work);
  });
}

/** dA = dY·Bᵀ; dB = Aᵀ·dY; products over a repeated operand add up. */
export const matmulBackward: Backward = (context, { inputs, outputs, saved }) => {
  const [a, b] = inputs as [Tensor, Tensor];
  const { m, n, k, offsets } = saved as Plan;
  const { engine } = context;
  const { kernels, work } = engine;
  const dy = context.gradOf(outputs[0]!);
  const begin = (input: Tensor) => {
    const slot = context.into(input);
    if (slot?.beta === 0) engine.memory.f32.fill(0, slot.ptr >>> 2, (slot.ptr >>> 2) + input.size);
    return slot;
  };
  const [da, db] = [begin(a), begin(b)];
  const [pa, pb] = [a.address("matmul"), b.address("matmul")];
  for (const at of offsets) {
    if (da !== null) kernels.gemm(da.ptr + at.a * 4, dy + at.y * 4, pb + at.b * 4, m, k, n, n, n, k, 0, 1, 1, work);
    if (db !== null) kernels.gemm(db.ptr + at.b * 4, pa + at.a * 4, dy + at.y * 4, k, n, m, k, n, n, 1, 0, 1, work);
  }
};
