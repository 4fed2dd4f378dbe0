/** The k best paths through a linear-chain CRF, in float64 on the host. */
import { MemoryError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type ChainScores, checkEmissions } from "./chain.js";
import { bestPaths, type CRFPath } from "./decode.js";

const MAX_ENTRIES = 67108864;

/** The k best partial paths into each tag of a step, best first, -Infinity where there are fewer: entry tag·k + rank. */
interface Entries {
  readonly scores: Float64Array;
  /** The entry of the step before that each extends. */
  readonly from: Int32Array;
}

const makeEntries = (size: number): Entries => ({
  scores: new Float64Array(size).fill(Number.NEGATIVE_INFINITY),
  from: new Int32Array(size),
});

/**
 * Fills the k entries at `at` of `into` with the best of `before`, the paths of tag i extended by moves[first + i·stride]. Equal
 * scores keep their order: lower tag, then lower rank.
 */
function merge(into: Entries, at: number, k: number, before: Float64Array, moves: Float32Array, first: number, stride: number): void {
  const { scores, from } = into;
  const last = at + k - 1;
  for (let entry = 0, move = first; entry < before.length; entry += k, move += stride) {
    for (let rank = 0; rank < k; rank++) {
      const score = before[entry + rank]! + moves[move]!;
      if (!(score > scores[last]!)) break;
      let place = last;
      for (; place > at && scores[place - 1]! < score; place--) {
        scores[place] = scores[place - 1]!;
        from[place] = from[place - 1]!;
      }
      scores[place] = score;
      from[place] = entry + rank;
    }
  }
}

/**
 * Up to k paths of the highest scores for each row, best first, ties as in bestPaths; fewer where no more have a finite score.
 * @throws MemoryError where they would not fit; else as bestPaths
 */
export function kBestPaths(
  where: string,
  emissions: Tensor,
  scores: ChainScores,
  lengths: ArrayLike<number> | undefined,
  k: number,
): CRFPath[][] {
  const count = scores.end.length;
  const { steps, time } = checkEmissions(where, emissions, count, lengths);
  if (time * count * k > MAX_ENTRIES) {
    throw new MemoryError(`${where}: ${k} paths into each of ${count} tags at ${time} steps, wants at most ${MAX_ENTRIES} in all`);
  }
  // Refuses what has no best path.
  bestPaths(where, emissions, scores, lengths);
  const { f32 } = emissions.engine.memory;
  return steps.map((length, row) => {
    const at = (emissions.address(where) >>> 2) + row * time * count;
    return kBestOfRow(f32.subarray(at, at + length * count), scores, length, k);
  });
}

function kBestOfRow(emissions: Float32Array, { start, transitions, end }: ChainScores, steps: number, k: number): CRFPath[] {
  const count = end.length;
  const trail: Entries[] = [];
  for (let t = 0; t < steps; t++) {
    const entries = makeEntries(count * k);
    for (let tag = 0; tag < count; tag++) {
      if (t === 0) entries.scores[tag * k] = start[tag]!;
      else merge(entries, tag * k, k, trail[t - 1]!.scores, transitions, tag, count);
      for (let rank = 0; rank < k; rank++) entries.scores[tag * k + rank]! += emissions[t * count + tag]!;
    }
    trail.push(entries);
  }
  const final = makeEntries(k);
  merge(final, 0, k, trail[steps - 1]!.scores, end, 0, 1);
  const found = final.scores.indexOf(Number.NEGATIVE_INFINITY);
  return Array.from(final.scores.subarray(0, found < 0 ? k : found), (score, rank) => {
    const tags = new Array<number>(steps);
    let entry = final.from[rank]!;
    for (let t = steps - 1; t >= 0; t--) {
      tags[t] = Math.floor(entry / k);
      entry = trail[t]!.from[entry]!;
    }
    return { tags, score };
  });
}
