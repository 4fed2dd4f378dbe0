/** How sure a measured figure is, and whether two models differ. */
import { Stream } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import { number, readOptions, whole } from "../options.js";
import { checkPairs } from "./metrics.js";

export interface ResamplingOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Default 1000 of a bootstrap, 10000 of a test. */
  readonly samples?: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
}

/** The value at share q of sorted numbers, between two of them by the line through both. */
function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!);
}

/**
 * Percentile bootstrap (Efron 1979): the middle `level` of the figure over test sets drawn from this one with replacement.
 * @param examples size of the test set
 * @param figure of the examples of these numbers, which may come several times
 * @param options.level default 0.95
 * @throws ConfigError on a bad option or no examples
 */
export function bootstrapInterval(
  examples: number,
  figure: (rows: Int32Array) => number,
  options: ResamplingOptions & { readonly level?: number } = {},
): Interval {
  const where = "bootstrapInterval";
  const { seed, samples, level } = readOptions(where, options, { seed: whole(0, 1), samples: whole(2, 1000), level: number(0.95, 0, 1) });
  if (!(Number.isSafeInteger(examples) && examples >= 1)) throw new ConfigError(`${where}: ${examples} examples, wants at least 1`);
  const stream = new Stream([seed, 1]);
  const figures = Float64Array.from({ length: samples }, () =>
    figure(Int32Array.from({ length: examples }, () => stream.nextInt(examples))),
  );
  const mean = figures.reduce((sum, value) => sum + value, 0) / samples;
  const variance = figures.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (samples - 1);
  figures.sort();
  return { low: quantile(figures, (1 - level) / 2), high: quantile(figures, (1 + level) / 2), standardError: Math.sqrt(variance) };
}

/** Sum of C(n, k)/2^n for k up to m <= n/2, without a power that would leave the range of numbers. */
function binomialTail(n: number, m: number): number {
  let halvings = n;
  let term = 1;
  for (let i = 1; i <= m; i++) {
    term *= (n - m + i) / i;
    for (; term > 1 && halvings > 0; halvings--) term /= 2;
  }
  for (; halvings > 0 && term > 0; halvings--) term /= 2;
  let sum = 0;
  for (let k = m; k >= 0; k--) {
    sum += term;
    term *= k / (n - k + 1);
  }
  return sum;
}

export interface McNemarResult {
  /** Examples that only the first model has right, and only the second. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided probability of so uneven a split, or a more uneven one, between equally good models. */
  readonly p: number;
}

/** McNemar's test of two classifiers on the same examples, exact (binomial). @throws ConfigError on lists of unlike length */
export function mcnemarTest(first: ArrayLike<boolean>, second: ArrayLike<boolean>): McNemarResult {
  checkPairs("mcnemarTest", first, second);
  let [onlyFirst, onlySecond] = [0, 0];
  for (let i = 0; i < first.length; i++) {
    if (first[i] && !second[i]) onlyFirst++;
    if (second[i] && !first[i]) onlySecond++;
  }
  const [n, m] = [onlyFirst + onlySecond, Math.min(onlyFirst, onlySecond)];
  return { onlyFirst, onlySecond, p: 2 * m === n ? 1 : Math.min(1, 2 * binomialTail(n, m)) };
}

export interface RandomisationResult {
  /** Figure of the first model less that of the second. */
  readonly difference: number;
  /** Two-sided. */
  readonly p: number;
  /** Whether all exchanges were tried. */
  readonly exact: boolean;
}

/**
 * Approximate randomisation (Noreen 1989; Yeh 2000), for figures that are no mean over examples too, such as F1: how often the outputs of
 * the two models, exchanged example by example at random, differ as much. Where outputs differ in so few examples that all exchanges are
 * no more than `samples`, all are tried, and p is exact.
 * @param figure of one output an example
 * @throws ConfigError on a bad option or lists of unlike length
 */
export function randomisationTest<Output>(
  first: readonly Output[],
  second: readonly Output[],
  figure: (outputs: readonly Output[]) => number,
  options: ResamplingOptions = {},
): RandomisationResult {
  const where = "randomisationTest";
  const { seed, samples } = readOptions(where, options, { seed: whole(0, 1), samples: whole(1, 10000) });
  checkPairs(where, first, second);
  const [a, b] = [[...first], [...second]];
  const unlike = a.flatMap((output, i) => (output === b[i] ? [] : [i]));
  const difference = figure(a) - figure(b);
  /** Differences that rounding alone could tell apart count as equal. */
  const least = Math.abs(difference) * (1 - 1e-9);
  const isAsFar = (isExchanged: (i: number) => boolean) => {
    for (const [i, row] of unlike.entries()) {
      const exchanged = isExchanged(i);
      a[row] = exchanged ? second[row]! : first[row]!;
      b[row] = exchanged ? first[row]! : second[row]!;
    }
    return Math.abs(figure(a) - figure(b)) >= least;
  };
  const all = unlike.length < 31 ? 1 << unlike.length : Number.POSITIVE_INFINITY;
  const exact = all <= samples;
  let count = 0;
  if (exact) for (let mask = 0; mask < all; mask++) count += Number(isAsFar((i) => (mask & (1 << i)) !== 0));
  else {
    const stream = new Stream([seed, 2]);
    for (let sample = 0; sample < samples; sample++) count += Number(isAsFar(() => stream.nextInt(2) === 1));
  }
  return { difference, p: exact ? count / all : (count + 1) / (samples + 1), exact };
}
