/** One step of a GRU over some rows, forward and backward: the reset gate works after the product with W_hn (PyTorch), or before it. */
import type { Kernels, Ptr } from "../../engine/kernels.js";

/** Packed recurrent weights, W_hr with W_hz and W_hn, in the orientation of the pass. */
export interface GruOperands {
  readonly main: Ptr;
  readonly n: Ptr;
}

export interface GruForm {
  readonly resetAfter: boolean;
  readonly hiddenSize: number;
}

/**
 * @param gates [rows, 3H] input side with the biases of r and z, and where the reset comes before also b_hn; becomes r z n
 * @param hn [rows, H] is written, W_hn·hPrev + b_hn, or r·hPrev where the reset comes before
 * @param bias b_hn, 0 for none
 */
export function gruStep(
  kernels: Kernels,
  work: Ptr,
  { resetAfter, hiddenSize: hidden }: GruForm,
  { main, n }: GruOperands,
  bias: Ptr,
  h: Ptr,
  gates: Ptr,
  hn: Ptr,
  hPrev: Ptr,
  rows: number,
  ldh: number,
  ldhPrev: number,
): void {
  kernels.gemmPacked(gates, hPrev, main, rows, 2 * hidden, hidden, ldhPrev, 3 * hidden, 0, 1, work);
  if (resetAfter) {
    kernels.gemmPacked(hn, hPrev, n, rows, hidden, hidden, ldhPrev, hidden, bias, 0, work);
    kernels.gruCell(h, gates, hn, hPrev, rows, hidden, ldh, ldhPrev);
  } else {
    kernels.gruReset(hn, gates, hPrev, rows, hidden, ldhPrev);
    kernels.gemmPacked(gates + 2 * hidden * 4, hn, n, rows, hidden, hidden, hidden, 3 * hidden, 0, 1, work);
    kernels.gruBlend(h, gates, hPrev, rows, hidden, ldh, ldhPrev);
  }
}

/**
 * @param dGates [rows, 3H] is written
 * @param dHn [rows, H] is written: the gradient of hn; of no further use where the reset comes before
 * @param dh [rows, H] gradient through time, becomes that of hPrev
 * @param dOut gradient of the step's own output, row stride ldOut
 * @param through whether that of hPrev is wanted
 */
export function gruStepGrad(
  kernels: Kernels,
  work: Ptr,
  { resetAfter, hiddenSize: hidden }: GruForm,
  { main, n }: GruOperands,
  dGates: Ptr,
  dHn: Ptr,
  dh: Ptr,
  dOut: Ptr,
  gates: Ptr,
  hn: Ptr,
  hPrev: Ptr,
  rows: number,
  ldOut: number,
  through: boolean,
): void {
  if (resetAfter) {
    kernels.gruCellGrad(dGates, dHn, dh, dOut, gates, hn, hPrev, rows, hidden, ldOut, hidden);
  } else {
    kernels.gruBlendGrad(dGates, dh, dOut, gates, hPrev, rows, hidden, ldOut, hidden);
    kernels.gemmPacked(dHn, dGates + 2 * hidden * 4, n, rows, hidden, hidden, 3 * hidden, hidden, 0, 0, work);
    kernels.gruResetGrad(dGates, dh, dHn, gates, hPrev, rows, hidden, hidden);
  }
  if (!through) return;
  kernels.gemmPacked(dh, dGates, main, rows, hidden, 2 * hidden, 3 * hidden, hidden, 0, 1, work);
  if (resetAfter) kernels.gemmPacked(dh, dHn, n, rows, hidden, hidden, hidden, hidden, 0, 1, work);
}
