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
export function unpackRows(packed: Tensor, { batch, time, toInput }: Rows): Tensor {
  return reshape(toInput === null ? packed : pickRows(packed, toInput), [batch, time, packed.shape[1]!]);
}

/** Rows of x [N, n] by index, where N stands for zeros without a gradient. */
function pickRows(x: Tensor, index: Tensor): Tensor {
  const [count, size] = x.shape as [number, number];
  return embedding(concat([x, zeros(x.engine, [1, size])]), index, count);
}

/** x [B, T, n] with zeros in the rows that are not kept (B·T flags), which are not read and get no gradient. */
export function keepRows(x: Tensor, kept: ArrayLike<number>): Tensor {
  const count = kept.length;
  const index = Int32Array.from({ length: count }, (_, i) => (kept[i] === 0 ? count : i));
  if (!index.includes(count)) return x;
  return reshape(pickRows(reshape(x, [count, x.shape[2]!]), tensor(x.engine, index)), x.shape);
}

/** Rows of a state [B, n] by `index`: to the sorted order (order) or back (rank). */
export const permuteRows = (state: Tensor, { sorted }: Rows, index: Tensor): Tensor => (sorted ? state : embedding(state, index));
