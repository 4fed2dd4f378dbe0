/** Mini-batches of sequences of unlike lengths. */
import { ConfigError } from "../errors.js";
import { checkOptions, wholeNumber } from "../options.js";

export interface BucketOptions {
  readonly batchSize: number;
  /** Where order comes from; without it the batches go from short to long. */
  readonly stream?: { shuffle<T>(items: T[]): T[] };
}

/**
 * Rows grouped by length, so that little is padded. With a stream rows of equal length and the order of the batches are shuffled.
 * @returns row numbers of each batch; every row comes once
 */
export function bucketBatches(lengths: readonly number[], options: BucketOptions): number[][] {
  checkOptions("bucketBatches", options, ["batchSize", "stream"]);
  const batchSize = wholeNumber("bucketBatches", "batchSize", options.batchSize, 1);
  const { stream } = options;
  const rows = lengths.map((_, row) => row);
  stream?.shuffle(rows);
  rows.sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: number[][] = [];
  for (let i = 0; i < rows.length; i += batchSize) batches.push(rows.slice(i, i + batchSize));
  return stream?.shuffle(batches) ?? batches;
}

/** A mini-batch: ids [batch, time] padded with 0, and each row's real length. */
export interface PaddedBatch {
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
  readonly batch: number;
  readonly time: number;
}

/** @throws ConfigError when there is no row or one without ids */
export function padBatch(sequences: readonly Int32Array[]): PaddedBatch {
  const lengths = Int32Array.from(sequences, (ids) => ids.length);
  const empty = lengths.indexOf(0);
  if (lengths.length === 0 || empty >= 0)
    throw new ConfigError(`padBatch: ${lengths.length === 0 ? "no rows" : `row ${empty} is empty`}, wants rows of at least 1 id`);
  const time = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  const ids = new Int32Array(sequences.length * time);
  sequences.forEach((sequence, row) => void ids.set(sequence, row * time));
  return { ids, lengths, batch: sequences.length, time };
}
