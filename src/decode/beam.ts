/** Beam search over a batch of sources. */
import { ln, pow } from "../engine/scalar.js";
import { ConfigError } from "../errors.js";
import { type Check, number, readOptions, whole } from "../options.js";
import type { DecodedSequence, NextTokens, SearchOptions } from "./next-tokens.js";

export interface BeamOptions {
  /** Unfinished texts kept for each source. Default 5. */
  readonly beamSize?: number;
  /** Texts returned for each source, the best first. Default 1. */
  readonly nBest?: number;
  /** alpha of ((5 + length) / 6)^alpha, which log-probabilities are divided by; length counts the end. Default 0. Wu et al. 2016. */
  readonly lengthPenalty?: number;
  /** beta of beta · sum over the source of ln(min(attention it got, 1)), which is added. Default 0. Wu et al. 2016. */
  readonly coveragePenalty?: number;
  /** No n-gram of this length comes twice in a text; 0 allows all. Default 0. Paulus et al. 2018. */
  readonly noRepeatNgram?: number;
  /** Tokens that each source's text starts with. */
  readonly prefixes?: readonly (readonly number[])[];
}

type Settings = Required<Omit<BeamOptions, "prefixes">>;

const CHECKS: { readonly [K in keyof Settings]: Check<number> } = {
  beamSize: whole(1, 5),
  nBest: whole(1, 1),
  lengthPenalty: number(0),
  coveragePenalty: number(0),
  noRepeatNgram: whole(0, 0),
};

/** Keys of BeamOptions but the prefixes, for who takes them among others. */
export const BEAM_KEYS = Object.keys(CHECKS) as readonly (keyof Settings)[];

/** A text on the beam. */
interface Unfinished {
  readonly tokens: readonly number[];
  readonly logProbability: number;
  /** Of the model's last call. */
  readonly row: number;
  readonly last: number;
  readonly attention: readonly Float32Array[];
}

interface Candidate {
  readonly from: Unfinished;
  readonly token: number;
  readonly logProbability: number;
  readonly attention: readonly Float32Array[];
}

/** One source's search. */
class Beam {
  alive: Unfinished[];
  /** The nBest best finished texts so far, the best first. */
  readonly finished: DecodedSequence[] = [];

  constructor(
    source: number,
    private readonly search: SearchOptions,
    private readonly settings: Settings,
    private readonly prefix: readonly number[],
  ) {
    this.alive = [{ tokens: [], logProbability: 0, row: source, last: search.start, attention: [] }];
  }

  /**
   * Every text on the beam is tried with the end; the beamSize best other extensions stay on it.
   * @param rows its alive texts' numbers in the batch
   */
  extend(rows: readonly number[], logProbabilities: Float32Array, vocabulary: number, attention: readonly Float32Array[]): void {
    const { end, maxLength } = this.search;
    const texts = this.alive;
    let kept: Candidate[] = [];
    texts.forEach((from, i) => {
      const at = rows[i]! * vocabulary;
      const weights = attention[i] === undefined ? from.attention : [...from.attention, attention[i]];
      const extended = (token: number): Candidate => {
        return { from, token, logProbability: from.logProbability + logProbabilities[at + token]!, attention: weights };
      };
      const forced = this.prefix[from.tokens.length];
      if (forced !== undefined) {
        if (from.tokens.length < maxLength) kept.push(extended(forced));
        else this.#finish(from.tokens, from, false);
        return;
      }
      this.#finish(from.tokens, extended(end), true);
      if (from.tokens.length === maxLength) {
        this.#finish(from.tokens, from, false);
        return;
      }
      const blocked = repeats(from.tokens, this.settings.noRepeatNgram);
      for (let token = 0; token < vocabulary; token++) {
        if (token === end || blocked.has(token)) continue;
        const score = from.logProbability + logProbabilities[at + token]!;
        // Of equal scores the earlier text's, then the smaller token's stays ahead.
        if (kept.length === this.settings.beamSize && !(score > kept.at(-1)!.logProbability)) continue;
        if (!(score > Number.NEGATIVE_INFINITY)) continue;
        const place = kept.findIndex(({ logProbability }) => score > logProbability);
        kept.splice(place < 0 ? kept.length : place, 0, extended(token));
        kept = kept.slice(0, this.settings.beamSize);
      }
    });
    this.alive = kept.map(({ from, token, logProbability, attention: weights }) => ({
      tokens: [...from.tokens, token],
      logProbability,
      row: rows[texts.indexOf(from)]!,
      last: token,
      attention: weights,
    }));
    if (this.#isDecided()) this.alive = [];
  }

  #finish(tokens: readonly number[], { logProbability, attention }: Pick<Candidate, "logProbability" | "attention">, ended: boolean): void {
    if (!(logProbability > Number.NEGATIVE_INFINITY)) return;
    const { lengthPenalty, coveragePenalty, nBest } = this.settings;
    const length = tokens.length + (ended ? 1 : 0);
    const covered = coveragePenalty === 0 ? 0 : coveragePenalty * coverage(attention);
    const score = logProbability / normalizer(length, lengthPenalty) + covered;
    // A text that was cut stands behind all that ended.
    const ahead = this.finished.findIndex((other) => (ended && !other.ended) || (ended === other.ended && score > other.score));
    this.finished.splice(ahead < 0 ? this.finished.length : ahead, 0, { tokens, logProbability, score, ended, attention });
    this.finished.splice(nBest);
  }

  /**
   * Whether no text on the beam can come among the nBest any more: log-probabilities only fall, a penalty is largest at maxLength, and
   * coverage adds nothing above 0.
   */
  #isDecided(): boolean {
    const worst = this.finished[this.settings.nBest - 1];
    if (worst === undefined || !worst.ended) return false;
    const longest = normalizer(this.search.maxLength + 1, this.settings.lengthPenalty);
    return this.alive.every(({ logProbability }) => logProbability / longest <= worst.score);
  }
}

const normalizer = (length: number, alpha: number): number => (alpha === 0 ? 1 : pow((5 + length) / 6, alpha));

/** Sum of ln(min(1, attention)) over the source; what got none counts as 1e-10. Positions past a source's end have no weight anywhere. */
function coverage(attention: readonly Float32Array[]): number {
  if (attention.length === 0) return 0;
  const sums = attention.reduce((sum, weights) => sum.map((value, j) => value + weights[j]!), new Float64Array(attention[0]!.length));
  let end = sums.length;
  while (end > 0 && sums[end - 1] === 0) end--;
  return sums.subarray(0, end).reduce((total, got) => total + ln(Math.min(1, Math.max(got, 1e-10))), 0);
}

/** Tokens that would make the last n - 1 tokens an n-gram for the second time. */
function repeats(tokens: readonly number[], n: number): ReadonlySet<number> {
  const blocked = new Set<number>();
  if (n === 0 || tokens.length < n) return blocked;
  const tail = tokens.slice(tokens.length - n + 1);
  for (let i = 0; i + n <= tokens.length; i++) if (tail.every((token, j) => tokens[i + j] === token)) blocked.add(tokens[i + n - 1]!);
  return blocked;
}

/**
 * The best texts of each source, in the sources' order. It stops when no unfinished text can come among the nBest any more, so that a beam
 * as wide as all texts there are finds the best of all; fewer than nBest are returned where there are no more. Texts that reached maxLength
 * without an end stand last.
 * @throws ConfigError on a bad option
 */
export function beamSearch(model: NextTokens, search: SearchOptions, options: BeamOptions = {}): DecodedSequence[][] {
  const { prefixes, ...own } = options;
  const settings = readOptions<Settings>("beamSearch", own, CHECKS);
  if (prefixes !== undefined && prefixes.length !== search.sources)
    throw new ConfigError(`beamSearch: ${prefixes.length} prefixes, wants ${search.sources}, one for each source`);
  const beams = Array.from({ length: search.sources }, (_, i) => new Beam(i, search, settings, prefixes?.[i] ?? []));
  for (;;) {
    const texts = beams.flatMap(({ alive }) => alive);
    if (texts.length === 0) return beams.map(({ finished }) => finished);
    const { logProbabilities, attention } = model.advance(
      Int32Array.from(texts, ({ row }) => row),
      Int32Array.from(texts, ({ last }) => last),
    );
    const width = attention === undefined ? 0 : attention.length / texts.length;
    let first = 0;
    for (const beam of beams) {
      const rows = beam.alive.map((_, i) => first + i);
      first += rows.length;
      const weights = attention === undefined ? [] : rows.map((row) => attention.slice(row * width, (row + 1) * width));
      if (rows.length > 0) beam.extend(rows, logProbabilities, model.vocabulary, weights);
    }
  }
}
