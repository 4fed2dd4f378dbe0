/** Ragged batches for layers made of operations: only real steps become rows, so that padding is never read and gets no gradient. */
import type { Engine } from "../../engine/engine.js";
import { tensor, zeros } from "../../tensor/create.js";
import type { Tensor } from "../../tensor/tensor.js";
import { embedding } from "../embedding.js";
import { concat, reshape } from "../layout.js";
import { layOut, type Ragged } from "./ragged.js";

export type Rows = Ragged<Tensor>;

/** @param lengths real steps of each row, checked */
export const rowsOf = (engine: Engine, lengths: ArrayLike<number> | undefined, batch: number, time: number): Rows =>
  layOut(lengths, batch, time, false, (values) => tensor(engine, values));

/** f32 [B, T, n] -> [total, n], in the packed order. */
export function packRows(x: Tensor, { batch, time, toPacked }: Rows): Tensor {
  const rows = reshape(x, [batch * time, x.shape[2]!]);
  return toPacked === null ? rows : embedding(rows, toPacked);
}

/** [total, n] -> f32 [B, T, n], 0 at padding. */
export function unpackRows(packed: Tensor, { batch, time, total, toInput }: Rows): Tensor {
  const size = packed.shape[1]!;
  const rows = toInput === null ? packed : embedding(concat([packed, zeros(packed.engine, [1, size])]), toInput, total);
  return reshape(rows, [batch, time, size]);
}

/** Rows of a state [B, n] by `index`: to the sorted order (order) or back (rank). */
export const permuteRows = (state: Tensor, { sorted }: Rows, index: Tensor): Tensor => (sorted ? state : embedding(state, index));
