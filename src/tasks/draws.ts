/** What a training draws at random, by the engine's seed and the place in the training: one that goes on draws what one run would have. */
import { type Engine, PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { bucketBatches } from "../text/batching.js";

/** For the order of an epoch's examples. */
export const shuffling = ({ seed }: Engine, epoch: number, lane = 0): Stream => new Stream(streamKey(seed, PURPOSE.shuffle, epoch, lane));

/** For what a step hides of its examples. */
export const corrupting = ({ seed }: Engine, step: number): Stream => new Stream(streamKey(seed, PURPOSE.corrupt, step, 0));

/** The mini-batches of every epoch: rows of like lengths, shuffled. */
export const epochBatches = (engine: Engine, lengths: readonly number[], batchSize: number) => (epoch: number) =>
  bucketBatches(lengths, { batchSize, stream: shuffling(engine, epoch) });

/** At most so many of some items, at equal distances. */
export const spread = <T>(items: readonly T[], most: number): readonly T[] =>
  items.length <= most ? items : Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
