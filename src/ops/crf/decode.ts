/** The best path through a linear-chain CRF (Viterbi 1967). Apart from the rest, for the inference entry. */
import { NumericError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import { type ChainScores, checkEmissions, padded, placeChain } from "./chain.js";

export interface CRFPath {
  /** As many as the row has steps. */
  readonly tags: number[];
  /** Sum of the path's emissions and moves, not normalised. */
  readonly score: number;
}

/** Score of a path in float64; `at` is where the row's emissions start in `f32`. */
export function pathScore(f32: Float32Array, at: number, { start, transitions, end }: ChainScores, tags: ArrayLike<number>): number {
  const count = end.length;
  let score = start[tags[0]!]!;
  for (let t = 0; t < tags.length; t++) {
    if (t > 0) score += transitions[tags[t - 1]! * count + tags[t]!]!;
    score += f32[at + t * count + tags[t]!]!;
  }
  return score + end[tags[tags.length - 1]!]!;
}

/**
 * The path of the highest score for each row; of equal ones that with the lowest tag at the last step where they differ.
 * @throws NumericError where no path has a finite score; ShapeError, IndexError as checkEmissions
 */
export function bestPaths(where: string, emissions: Tensor, scores: ChainScores, lengths: ArrayLike<number> | undefined): CRFPath[] {
  const { engine } = emissions;
  const count = scores.end.length;
  const { steps, time } = checkEmissions(where, emissions, count, lengths);
  const from = emissions.address(where);
  return engine.scoped(() => {
    const chain = placeChain(engine, scores);
    const best = engine.scratch(time * padded(count) * 4);
    return steps.map((length, row) => {
      const at = from + row * time * count * 4;
      engine.kernels.crfBest(best, at, chain.start, chain.transitions, length, count);
      const { f32 } = engine.memory;
      const tags = trace(f32, best >>> 2, scores, length);
      if (tags === null) {
        throw new NumericError(`${where}: no path of row ${row} has a finite score, wants finite emissions and moves that are allowed`);
      }
      return { tags, score: pathScore(f32, at >>> 2, scores, tags) };
    });
  });
}

/** From the last step back: the tag from which the best path comes is found again, which is cheaper than to note all of them. */
function trace(f32: Float32Array, best: number, { transitions, end }: ChainScores, steps: number): number[] | null {
  const count = end.length;
  const tags = new Array<number>(steps);
  for (let t = steps - 1; t >= 0; t--) {
    const next = tags[t + 1];
    let top = Number.NEGATIVE_INFINITY;
    let tag = -1;
    for (let i = 0; i < count; i++) {
      const score = f32[best + t * padded(count) + i]! + (next === undefined ? end[i]! : transitions[i * count + next]!);
      if (score > top) {
        top = score;
        tag = i;
      }
    }
    if (tag < 0) return null;
    tags[t] = tag;
  }
  return tags;
}
