/** Lengths of the rows of a ragged batch. */
import { IndexError, ShapeError } from "../errors.js";

/** @throws ShapeError on a wrong count, IndexError on a length outside 1 … time */
export function checkLengths(where: string, lengths: ArrayLike<number> | undefined, batch: number, time: number): void {
  if (lengths === undefined) return;
  if (lengths.length !== batch) throw new ShapeError(`${where}: ${lengths.length} lengths, wants ${batch}, one a row of the batch`);
  for (let i = 0; i < batch; i++) {
    const length = lengths[i]!;
    if (!(Number.isInteger(length) && length >= 1 && length <= time)) {
      throw new IndexError(`${where}: length ${length} at row ${i}, wants a whole number from 1 to ${time} (the time steps of the input)`);
    }
  }
}

/** Of the steps [B·T] of a padded batch: 1 within the row's length, 0 beyond. */
export const stepsWithin = (lengths: ArrayLike<number>, time: number): Uint8Array =>
  Uint8Array.from({ length: lengths.length * time }, (_, i) => (i % time < lengths[Math.floor(i / time)]! ? 1 : 0));
