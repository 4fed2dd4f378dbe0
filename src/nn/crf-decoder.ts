/** The part of a CRF that decodes: parameters, constraints, the best path. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import type { ChainScores } from "../ops/crf/chain.js";
import { bestPaths, type CRFPath } from "../ops/crf/decode.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { checkOptions, flag, wholeNumber } from "../options.js";
import { sameEngine, type Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";
import type { ForwardOptions } from "./recurrent.js";
import type { CRFConstraints } from "./tagging-constraints.js";

export interface CRFOptions {
  readonly numTags: number;
  /** What paths may do: taggingConstraints() makes them from labels. Default null: everything. */
  readonly constraints?: CRFConstraints | null;
  /**
   * Leave forbidden paths out of the loss too, which then refuses tags that the constraints forbid. Default false: they hold in
   * decoding only.
   */
  readonly constrainTraining?: boolean;
}

/** 0 where a path may go, -Infinity elsewhere. @throws ConfigError when the constraints are not those of `count` tags */
function penaltiesOf({ start, transitions, end }: CRFConstraints, count: number): ChainScores {
  const rows = [["start", start] as const, ["end", end] as const, ...Array.from(transitions ?? [], (row) => ["transitions", row] as const)];
  const wrong = rows.find(([, row]) => !Array.isArray(row) || row.length !== count || row.some((allowed) => typeof allowed !== "boolean"));
  if (wrong !== undefined || rows.length !== count + 2) {
    throw new ConfigError(`CRF: constraints.${wrong?.[0] ?? "transitions"} of another size or kind, wants true or false for ${count} tags`);
  }
  const penalty = (allowed: boolean) => (allowed ? 0 : Number.NEGATIVE_INFINITY);
  return {
    start: Float32Array.from(start, penalty),
    transitions: Float32Array.from(transitions.flat(), penalty),
    end: Float32Array.from(end, penalty),
  };
}

export class CRFDecoder extends Module {
  /** [K]: the score of starting with a tag. */
  readonly startTransitions: Parameter;
  /** [K]: the score of ending with a tag. */
  readonly endTransitions: Parameter;
  /** [K, K]: transitions[i][j] is the score of moving from tag i to tag j. */
  readonly transitions: Parameter;
  readonly numTags: number;
  readonly constrainTraining: boolean;
  protected readonly penalties: ChainScores | null;

  constructor(engine: Engine, options: CRFOptions) {
    super();
    checkOptions("CRF", options, ["numTags", "constraints", "constrainTraining"]);
    const count = wholeNumber("CRF", "numTags", options.numTags, 1);
    this.numTags = count;
    this.constrainTraining = flag("CRF", "constrainTraining", options.constrainTraining ?? false);
    this.penalties = options.constraints ? penaltiesOf(options.constraints, count) : null;
    if (this.constrainTraining && this.penalties === null)
      throw new ConfigError("CRF: constrainTraining true without constraints, wants constraints");
    const init = uniformWithin(0.1);
    this.startTransitions = new Parameter(engine, [count], init);
    this.endTransitions = new Parameter(engine, [count], init);
    this.transitions = new Parameter(engine, [count, count], init);
  }

  /**
   * The best path of each row (Viterbi 1967); of equal scores the one with the lowest tag at the last step where they differ.
   * @param emissions f32 [B, T, K]; steps at or past a row's length are never read
   * @throws NumericError where a row has no path of a finite score: emissions that are not finite, or constraints that leave none
   */
  decode(emissions: Tensor, options: ForwardOptions = {}): CRFPath[] {
    checkOptions("CRF.decode", options, ["lengths"]);
    return bestPaths("CRF.decode", emissions, this.scores("CRF.decode", emissions), options.lengths);
  }

  /** The parameters' values, with what the penalties forbid, for emissions of the same engine. */
  protected scores(where: string, emissions: Tensor, penalties = this.penalties): ChainScores {
    sameEngine(where, emissions, this.transitions);
    const read = (parameter: Parameter, name: keyof ChainScores): Float32Array => {
      const values = parameter.data() as Float32Array;
      // A loop: a sentence alone spends more on these than on its path.
      for (let i = 0; penalties !== null && i < values.length; i++) values[i]! += penalties[name][i]!;
      return values;
    };
    return {
      start: read(this.startTransitions, "start"),
      transitions: read(this.transitions, "transitions"),
      end: read(this.endTransitions, "end"),
    };
  }
}
