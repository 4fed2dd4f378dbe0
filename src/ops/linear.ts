/** Dense layer: y = x·Wᵀ + b. */
import type { Engine } from "../engine/engine.js";
import type { Ptr } from "../engine/kernels.js";
import { ShapeError } from "../errors.js";
import { show } from "../tensor/shape.js";
import { type Backward, record } from "../tensor/tape.js";
import { checkDType, empty, sameEngine, type Tensor } from "../tensor/tensor.js";
import { packOperand } from "./packed.js";

/** Rows begin to end of y [rows, out] = x·Wᵀ + b over a packed W. */
export function linearRows(
  engine: Engine,
  work: Ptr,
  rows: { begin: number; end: number },
  y: Ptr,
  x: Ptr,
  packed: Ptr,
  bias: Ptr,
  outFeatures: number,
  inFeatures: number,
): void {
  const count = rows.end - rows.begin;
  const target = y + rows.begin * outFeatures * 4;
  if (bias !== 0) engine.kernels.copyStrided(target, bias, count, outFeatures, outFeatures, 1, 0, 1);
  engine.kernels.gemmPacked(
    target,
    x + rows.begin * inFeatures * 4,
    packed,
    count,
    outFeatures,
    inFeatures,
    inFeatures,
    outFeatures,
    0,
    bias === 0 ? 0 : 1,
    work,
  );
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
    const all = { begin: 0, end: inFeatures === 0 ? y.size / Math.max(1, outFeatures) : rows };
    linearRows(engine, engine.work, all, y.address("linear"), from, packed, biasPtr, outFeatures, inFeatures);
  });
  return record("linear", bias === null ? [x, weight] : [x, weight, bias], [y]);
}

/** dx = dy·W; dW = dyᵀ·x; db = sum of dy over rows. */
export const linearBackward: Backward = (context, { inputs, outputs }) => {
  const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  const { engine } = context;
  const { kernels, work } = engine;
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
    kernels.gemmPacked(dx.ptr, dy, packed, rows, inFeatures, outFeatures, outFeatures, inFeatures, 0, dx.beta, work);
  }
  const dw = context.into(weight);
  if (dw !== null) {
    kernels.gemm(dw.ptr, dy, x.address("linear"), outFeatures, inFeatures, rows, outFeatures, inFeatures, inFeatures, 1, 0, dw.beta, work);
  }
  const db = bias === undefined ? null : context.into(bias);
  if (db !== null) kernels.reduceSum(db.ptr, dy, 1, rows, outFeatures, 1, db.beta);
};
