/** Drawing the next token from a model's scores. */
import { exp } from "../engine/scalar.js";
import { ConfigError, NumericError } from "../errors.js";
import { type Check, number, readOptions, whole } from "../options.js";
import { argMax } from "./arg-max.js";

export interface SamplingOptions {
  /** Scores are divided by it; 0 takes the best token. Default 1. */
  readonly temperature?: number;
  /** Only the k best scores (and what equals the last of them) are drawn from; 0 is all. Default 0. Fan et al. 2018. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability. Default 1. Holtzman et al. 2020. */
  readonly topP?: number;
  /** Only tokens with at least this share of the best one's probability. Default 0. Nguyen et al. 2024. */
  readonly minP?: number;
  /** Divides positive scores of tokens seen before and multiplies negative ones. Default 1. Keskar et al. 2019. */
  readonly repetitionPenalty?: number;
}

const above =
  (fallback: number): Check<number> =>
  (where, name, value) => {
    const given = (value ?? fallback) as number;
    if (!(given > 0 && given < Number.POSITIVE_INFINITY)) throw new ConfigError(`${where}: ${name} ${given}, wants a number above 0`);
    return given;
  };

const CHECKS: { readonly [K in keyof SamplingOptions]-?: Check<number> } = {
  temperature: number(1),
  topK: whole(0, 0),
  topP: number(1, 0, 1),
  minP: number(0, 0, 1),
  repetitionPenalty: above(1),
};

/** Keys of SamplingOptions, for who takes them among others. */
export const SAMPLING_KEYS = Object.keys(CHECKS) as readonly (keyof SamplingOptions)[];

/** Penalty, temperature, top-k, softmax, top-p, min-p, in this order. Its scratch is allocated once. */
export class Sampler {
  readonly #options: Required<SamplingOptions>;
  #p = new Float64Array(0);
  #sorted = new Float64Array(0);

  /** @throws ConfigError naming the option, its value and what is wanted */
  constructor(where: string, options: SamplingOptions) {
    this.#options = readOptions<Required<SamplingOptions>>(where, options, CHECKS);
  }

  /**
   * @param scores logits or log-probabilities of every token; they are not changed
   * @param seen tokens that the penalty is for
   * @param uniform in [0, 1)
   * @throws NumericError when no score is a number
   */
  choose(scores: ArrayLike<number>, seen: Iterable<number>, uniform: number): number {
    if (this.#options.temperature === 0 && this.#options.repetitionPenalty === 1) return argMax(scores);
    const p = this.distribution(scores, seen);
    let left = uniform;
    let last = 0;
    for (let i = 0; i < p.length; i++) {
      if (p[i] === 0) continue;
      last = i;
      left -= p[i]!;
      if (left < 0) return i;
    }
    return last;
  }

  /** What choose() draws from: probabilities that sum to 1; good until the next call. */
  distribution(scores: ArrayLike<number>, seen: Iterable<number>): Float64Array {
    const { temperature, topK, topP, minP, repetitionPenalty } = this.#options;
    if (this.#p.length !== scores.length) {
      this.#p = new Float64Array(scores.length);
      this.#sorted = new Float64Array(scores.length);
    }
    const p = this.#p;
    p.set(scores);
    if (repetitionPenalty !== 1) {
      for (const id of new Set(seen)) p[id] = p[id]! > 0 ? p[id]! / repetitionPenalty : p[id]! * repetitionPenalty;
    }
    const top = argMax(p);
    const highest = p[top]!;
    if (!Number.isFinite(highest)) throw new NumericError(`Sampler: the highest score is ${highest}, wants a finite number`);
    if (temperature === 0) return p.fill(0).fill(1, top, top + 1);
    const least = topK > 0 && topK < p.length ? this.#ranked()[p.length - topK]! : Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < p.length; i++) {
      p[i] = p[i]! >= least ? exp((p[i]! - highest) / temperature) : 0;
      sum += p[i]!;
    }
    if (topP < 1) sum = this.#nucleus(topP * sum);
    // The best token has 1 here.
    for (let i = 0; i < p.length; i++) {
      if (p[i]! >= minP) continue;
      sum -= p[i]!;
      p[i] = 0;
    }
    for (let i = 0; i < p.length; i++) p[i] = p[i]! / sum;
    return p;
  }

  /** The values, rising. */
  #ranked(): Float64Array {
    this.#sorted.set(this.#p);
    return this.#sorted.sort();
  }

  /** Zeroes all but the largest values that reach `mass` together, of equal ones the first. @returns their sum */
  #nucleus(mass: number): number {
    const sorted = this.#ranked();
    let at = sorted.length - 1;
    let sum = sorted[at]!;
    while (sum < mass && at > 0) sum += sorted[--at]!;
    const least = sorted[at]!;
    let equals = sorted.subarray(at).filter((value) => value === least).length;
    const p = this.#p;
    for (let i = 0; i < p.length; i++) if (p[i]! < least || (p[i] === least && equals-- <= 0)) p[i] = 0;
    return sum;
  }
}
