/** Dense layer: y = x·Wᵀ + b. */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import { ShapeError } from "../errors.js";
import { show } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, sameEngine, type Tensor } from "../tensor/tensor.js";
import { packOperand } from "./packed.js";

/** y [rows, n] = x [rows, k]·B over a packed B, plus the bias where there is one, else beta·y; rows are split among threads. */
export function rowsTimesPacked(
  engine: Engine,
  y: Ptr,
  x: Ptr,
  packed: Ptr,
  rows: number,
  n: number,
  k: number,
  beta: number,
  bias: Ptr = 0,
): void {
  engine.split(rows, 4, 2 * rows * n * k, ({ kernels, work }, begin, end) => {
    kernels.gemmPacked(y + begin * n * 4, x + begin * k * 4, packed, end - begin, n, k, k, n, bias, beta, work);
  });
}

/** y [m, n] = beta·y + Aᵀ·B of A [rows, ·] with row stride lda and B [rows, n]: a weight's gradient, split by its rows. */
export function transposedTimes(
  engine: Engine,
  y: Ptr,
  a: Ptr,
  lda: number,
  b: Ptr,
  m: number,
  n: number,
  rows: number,
  beta: number,
): void {
  engine.split(m, 4, 2 * rows * m * n, ({ kernels, work }, begin, end) => {
    kernels.gemm(y + begin * n * 4, a + begin * 4, b, end - begin, n, rows, lda, n, n, 1, 0, beta, work);
  });
}

/**
 * @param x f32 [..., in]
 * @param weight f32 [out, in]
 * @param bias f32 [out], or null
 * @returns f32 [..., out]
 * @throws ShapeError when the features disagree
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const engine = sameEngine("linear", x, weight, ...(bias === null ? [] : [bias]));
  checkDType("linear", "input", x, "f32");
  const inFeatures = x.shape[x.rank - 1];
  const [outFeatures, wanted] = weight.shape as [number, number];
  if (weight.rank !== 2 || inFeatures !== wanted) {
    throw new ShapeError(
      `linear: input has ${inFeatures ?? "no"} features, wants ${wanted} (shape ${show(x.shape)}, weight ${show(weight.shape)})`,
    );
  }
  if (bias !== null && (bias.rank !== 1 || bias.size !== outFeatures)) {
    throw new ShapeError(`linear: bias has shape ${show(bias.shape)}, wants [${outFeatures}]`);
  }
  const rows = x.size / Math.max(1, inFeatures);
  const from = x.address("linear");
  const biasPtr = bias?.address("linear") ?? 0;
  const y = empty(engine, [...x.shape.slice(0, -1), outFeatures], "f32", "linear");
  engine.scoped(() => {
    const packed = packOperand(engine, "linear", {
      tensor: weight,
      offset: 0,
      k: inFeatures,
      n: outFeatures,
      ld: inFeatures,
      transposed: 1,
    });
    const count = inFeatures === 0 ? y.size / Math.max(1, outFeatures) : rows;
    rowsTimesPacked(engine, y.address("linear"), from, packed, count, outFeatures, inFeatures, 0, biasPtr);
  });
  return record("linear", bias === null ? [x, weight] : [x, weight, bias], [y]);
}

/** dx = dy·W; dW = dyᵀ·x; db = sum of dy over rows. */
export const linearBackward: Backward = (context, { inputs, outputs }) => {
  const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  const { engine } = context;
  const [outFeatures, inFeatures] = weight.shape as [number, number];
  const rows = outputs[0]!.size / Math.max(1, outFeatures);
  const dy = context.gradOf(outputs[0]!);
  const dx = context.into(x);
  if (dx !== null) {
    const packed = packOperand(engine, "linear", {
      tensor: weight,
      offset: 0,
      k: outFeatures,
      n: inFeatures,
      ld: inFeatures,
      transposed: 0,
    });
    rowsTimesPacked(engine, dx.ptr, dy, packed, rows, inFeatures, outFeatures, dx.beta);
  }
  const dw = context.into(weight);
  if (dw !== null) {
    transposedTimes(engine, dw.ptr, dy, outFeatures, x.address("linear"), outFeatures, inFeatures, rows, dw.beta);
  }
  const db = bias === undefined ? null : context.into(bias);
  if (db !== null) engine.kernels.reduceSum(db.ptr, dy, 1, rows, outFeatures, 1, db.beta);
};
