/** Linear-chain conditional random field over the outputs of a tagger. */
import { affine } from "../ops/arithmetic.js";
import { type ChainScores, checkEmissions } from "../ops/crf/chain.js";
import { type CRFPath, pathScore } from "../ops/crf/decode.js";
import { kBestPaths } from "../ops/crf/k-best.js";
import { checkTags, crf, crfMarginals } from "../ops/crf/likelihood.js";
import { mean, sum } from "../ops/reduce.js";
import { checkOptions, oneOf, wholeNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { CRFDecoder } from "./crf-decoder.js";
import type { ForwardOptions } from "./recurrent.js";

export type CRFReduction = "mean" | "sum" | "none" | "tokenMean";
const REDUCTIONS: readonly CRFReduction[] = ["mean", "sum", "none", "tokenMean"];

export interface CRFLossOptions extends ForwardOptions {
  /** Default "mean", over rows; "tokenMean" over all steps of all rows, "none" one loss a row. */
  readonly reduction?: CRFReduction;
}

/**
 * Linear-chain CRF over K tags (Lafferty, McCallum and Pereira 2001): a path y of a row scores
 * start[y_0] + sum of emissions[t][y_t] + sum of transitions[y_(t-1)][y_t] + end[y_last], and has probability e^score / sum over all paths.
 * Emissions are f32 [B, T, K]; steps at or past a row's length are never read. Parameters are named, laid out and initialised,
 * U(-0.1, 0.1), as in pytorch-crf. Constraints hold in decode, kBest, score, marginals and logPartition, in loss only with
 * constrainTraining. Accuracy: docs/numerics.md.
 */
export class CRF extends CRFDecoder {
  /**
   * Negative log-likelihood of the tags.
   * @param tags i32 [B, T]; past a row's length anything
   * @returns f32, rank 0; with reduction "none" [B]. Infinity for tags that a transition of -Infinity forbids
   * @throws ShapeError when shapes disagree; IndexError on a tag that is none, or with constrainTraining one that the constraints forbid
   */
  loss(emissions: Tensor, tags: Tensor, options: CRFLossOptions = {}): Tensor {
    checkOptions("CRF.loss", options, ["lengths", "reduction"]);
    const { lengths, reduction = "mean" } = options;
    oneOf("CRF.loss", "reduction", reduction, REDUCTIONS);
    const penalties = this.constrainTraining ? this.penalties : null;
    const losses = this.#likelihood("CRF.loss", emissions, tags, lengths, penalties);
    if (reduction === "none") return losses;
    if (reduction === "mean") return mean(losses);
    const total = sum(losses);
    if (reduction === "sum") return total;
    const steps = lengths === undefined ? tags.size : Array.from(lengths).reduce((a, b) => a + b, 0);
    return affine(total, 1 / steps);
  }

  /** log of the sum over all paths of e^score, f32 [B]: a path has probability exp(score - logPartition). */
  logPartition(emissions: Tensor, options: ForwardOptions = {}): Tensor {
    checkOptions("CRF.logPartition", options, ["lengths"]);
    return this.#likelihood("CRF.logPartition", emissions, null, options.lengths, this.penalties);
  }

  /**
   * Probability of each tag at each step given the row, by forward and backward recursion; no gradient flows through it. The tag that is
   * most probable at each step: max(marginals, -1).indices.
   * @returns f32 [B, T, K], summing to 1 over K; 0 past a row's length
   */
  marginals(emissions: Tensor, options: ForwardOptions = {}): Tensor {
    checkOptions("CRF.marginals", options, ["lengths"]);
    return crfMarginals("CRF.marginals", emissions, this.scores("CRF.marginals", emissions), options.lengths);
  }

  /** Score of the tags, one a row, in float64 and without a gradient; -Infinity where they are forbidden. @param tags i32 [B, T] */
  score(emissions: Tensor, tags: Tensor, options: ForwardOptions = {}): number[] {
    checkOptions("CRF.score", options, ["lengths"]);
    const { steps, time } = checkEmissions("CRF.score", emissions, this.numTags, options.lengths);
    checkTags("CRF.score", tags, emissions, steps, null);
    const scores = this.scores("CRF.score", emissions);
    const [values, own] = [emissions.data() as Float32Array, tags.data()];
    return steps.map((length, row) => pathScore(values, row * time * this.numTags, scores, own.subarray(row * time, row * time + length)));
  }

  /**
   * The k best paths of each row, best first, ties as in decode; fewer where a row has no more.
   * @throws ConfigError unless k is a whole number from 1; MemoryError where so many do not fit; NumericError as decode
   */
  kBest(emissions: Tensor, k: number, options: ForwardOptions = {}): CRFPath[][] {
    checkOptions("CRF.kBest", options, ["lengths"]);
    wholeNumber("CRF.kBest", "k", k, 1);
    return kBestPaths("CRF.kBest", emissions, this.scores("CRF.kBest", emissions), options.lengths, k);
  }

  #likelihood(
    where: string,
    emissions: Tensor,
    tags: Tensor | null,
    lengths: ArrayLike<number> | undefined,
    penalties: ChainScores | null,
  ): Tensor {
    const parameters = [this.startTransitions, this.transitions, this.endTransitions];
    return crf(where, emissions, tags, parameters, this.scores(where, emissions, penalties), lengths, penalties);
  }
}
