/** What the operations of a linear-chain CRF share: its scores as plain numbers, and the checks of a call. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import { ShapeError } from "../../errors.js";
import { show } from "../../tensor/shape.js";
import { checkDType, type Tensor } from "../../tensor/tensor.js";
import { checkLengths } from "../lengths.js";

/** Scores of the moves between K tags; -Infinity forbids one. */
export interface ChainScores {
  /** [K] */
  readonly start: Float32Array;
  /** [K, K], from row to column. */
  readonly transitions: Float32Array;
  /** [K] */
  readonly end: Float32Array;
}

export interface ChainAddresses {
  readonly start: Ptr;
  readonly transitions: Ptr;
  readonly end: Ptr;
}

/** Elements of a row as the kernels want it. */
export const padded = (cols: number): number => (cols + 3) & ~3;

/** Copies the scores to scratch memory: start [K], and padded transitions [K, K] and end [K, 1]. */
export function placeChain(engine: Engine, { start, transitions, end }: ChainScores): ChainAddresses {
  const place = (values: Float32Array, rows: number): Ptr => {
    const cols = values.length / rows;
    const ptr = engine.scratch(rows * padded(cols) * 4);
    const { f32 } = engine.memory;
    for (let row = 0; row < rows; row++) {
      const at = (ptr >>> 2) + row * padded(cols);
      f32.fill(0, at, at + padded(cols));
      f32.set(values.subarray(row * cols, (row + 1) * cols), at);
    }
    return ptr;
  };
  const count = end.length;
  return { start: place(start, 1), transitions: place(transitions, count), end: place(end, count) };
}

/**
 * @param count K
 * @returns the steps of each row, and T
 * @throws ShapeError unless the emissions are f32 [B, T, K] with T from 1; ShapeError or IndexError on bad lengths
 */
export function checkEmissions(
  where: string,
  emissions: Tensor,
  count: number,
  lengths: ArrayLike<number> | undefined,
): { steps: number[]; time: number } {
  checkDType(where, "emissions", emissions, "f32");
  const [batch, time, tags] = emissions.shape as [number, number, number];
  if (emissions.rank !== 3 || tags !== count || time === 0) {
    throw new ShapeError(`${where}: emissions have shape ${show(emissions.shape)}, wants [B, T, ${count}] with T from 1`);
  }
  checkLengths(where, lengths, batch, time);
  return { steps: Array.from({ length: batch }, (_, row) => lengths?.[row] ?? time), time };
}
