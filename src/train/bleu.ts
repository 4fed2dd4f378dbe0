/**
 * BLEU of a corpus, Papineni et al. 2002, as sacrebleu computes it by default: tokens by mteval-v13a's rules, n-grams up to 4, counts clipped
 * by the reference that has most, brevity by the reference of the closest length, exponential smoothing of orders without a match.
 */
import { exp, ln } from "../engine/scalar.js";
import { checkReferences, countNgrams, referencesPart } from "./references.js";

const ORDERS = 4;

export interface BleuScore {
  /** 0 to 100. */
  readonly score: number;
  /** Precision of 1- to 4-grams, 0 to 100. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Tokens of the outputs, and of the references of closest length. */
  readonly outputLength: number;
  readonly referenceLength: number;
  /** What sacrebleu calls the same settings. */
  readonly signature: string;
}

const ENTITIES: readonly (readonly [RegExp, string])[] = [
  [/<skipped>/g, ""],
  [/-\n/g, ""],
  [/\n/g, " "],
  [/&quot;/g, '"'],
  [/&amp;/g, "&"],
  [/&lt;/g, "<"],
  [/&gt;/g, ">"],
];
const RULES: readonly (readonly [RegExp, string])[] = [
  // ASCII punctuation but apostrophe, comma, hyphen and full stop.
  [/([{-~[-` -&(-+:-@/])/g, " $1 "],
  [/([^0-9])([.,])/gu, "$1 $2 "],
  [/([.,])([^0-9])/gu, " $1 $2"],
  [/([0-9])(-)/g, "$1 $2 "],
];
const rewrite = (text: string, rules: typeof RULES): string => rules.reduce((line, [from, to]) => line.replace(from, to), text);

/** Tokens by the rules of mteval-v13a: Western punctuation apart, numbers together. */
export function tokenize13a(text: string): string[] {
  const line = rewrite(` ${rewrite(text.trimEnd(), ENTITIES)} `, RULES).trim();
  return line === "" ? [] : line.split(/\s+/u);
}

/** Counts of n-grams of every order. */
const ngrams = (tokens: readonly string[]): Map<string, number>[] =>
  Array.from({ length: ORDERS }, (_, n) => countNgrams(tokens, n + 1, " "));

/**
 * @param references all references of each output
 * @throws ConfigError unless there is a list of at least one reference for each output
 */
export function bleu(outputs: readonly string[], references: readonly (readonly string[])[]): BleuScore {
  checkReferences("bleu", outputs, references);
  const matches = new Array<number>(ORDERS).fill(0);
  const totals = new Array<number>(ORDERS).fill(0);
  let outputLength = 0;
  let referenceLength = 0;
  outputs.forEach((output, row) => {
    const tokens = tokenize13a(output);
    const wanted = references[row]!.map(tokenize13a);
    outputLength += tokens.length;
    const distance = (length: number) => Math.abs(length - tokens.length);
    referenceLength += wanted
      .map(({ length }) => length)
      .reduce((best, length) =>
        distance(length) < distance(best) || (distance(length) === distance(best) && length < best) ? length : best,
      );
    const own = ngrams(tokens);
    const theirs = wanted.map(ngrams);
    own.forEach((counts, n) => {
      for (const [gram, count] of counts) {
        totals[n]! += count;
        matches[n]! += Math.min(
          count,
          theirs.reduce((most, orders) => Math.max(most, orders[n]!.get(gram) ?? 0), 0),
        );
      }
    });
  });
  return {
    ...scoreOf(matches, totals, outputLength, referenceLength),
    outputLength,
    referenceLength,
    signature: `${referencesPart(references)}|eff:no|tok:13a|smooth:exp`,
  };
}

function scoreOf(
  matches: readonly number[],
  totals: readonly number[],
  outputLength: number,
  referenceLength: number,
): Pick<BleuScore, "score" | "precisions" | "brevityPenalty"> {
  const precisions = new Array<number>(ORDERS).fill(0);
  const brevityPenalty = outputLength >= referenceLength ? 1 : outputLength === 0 ? 0 : exp(1 - referenceLength / outputLength);
  if (matches.every((count) => count === 0)) return { score: 0, precisions, brevityPenalty };
  let smoothing = 1;
  for (let n = 0; n < ORDERS && totals[n]! > 0; n++) {
    if (matches[n] === 0) smoothing *= 2;
    precisions[n] = matches[n] === 0 ? 100 / (smoothing * totals[n]!) : (100 * matches[n]!) / totals[n]!;
  }
  // Logarithms of shares of one, so that equal texts have exactly 100. An order without any n-gram leaves nothing of the geometric mean.
  const mean = precisions.some((p) => p === 0) ? 0 : exp(precisions.reduce((sum, p) => sum + ln(p / 100), 0) / ORDERS);
  const score = 100 * brevityPenalty * mean;
  return { score, precisions, brevityPenalty };
}
