/** chrF of a corpus, Popović 2015: F-score of character n-grams, as sacrebleu computes it by default (chrF2). */
import { inRange, wholeNumber } from "../options.js";
import { checkReferences, countNgrams, referencesPart } from "./references.js";

export interface ChrfOptions {
  /** Longest n-grams. Default 6. */
  readonly charOrder?: number;
  /** Weight of recall against precision. Default 2. */
  readonly beta?: number;
  /** Whether white space counts. Default false. */
  readonly whitespace?: boolean;
}

/** Of one order: n-grams of the output (0 where the reference has none), of the reference, and those they share. */
interface OrderCounts {
  output: number;
  reference: number;
  shared: number;
}

const total = (counts: ReadonlyMap<string, number>): number => Array.from(counts.values()).reduce((sum, count) => sum + count, 0);

function compare(output: readonly string[], reference: readonly string[], orders: number): OrderCounts[] {
  return Array.from({ length: orders }, (_, i) => {
    const [own, theirs] = [countNgrams(output, i + 1, ""), countNgrams(reference, i + 1, "")];
    let shared = 0;
    for (const [gram, count] of own) shared += Math.min(count, theirs.get(gram) ?? 0);
    return { output: theirs.size === 0 ? 0 : total(own), reference: total(theirs), shared };
  });
}

/** Mean precision and recall over the orders that both have, joined to an F-score, 0 to 100. */
function fScore(counts: readonly OrderCounts[], beta: number): number {
  const both = counts.filter(({ output, reference }) => output > 0 && reference > 0);
  if (both.length === 0) return 0;
  const precision = both.reduce((sum, { shared, output }) => sum + shared / output, 0) / both.length;
  const recall = both.reduce((sum, { shared, reference }) => sum + shared / reference, 0) / both.length;
  const factor = beta * beta;
  return precision + recall === 0 ? 0 : (100 * (1 + factor) * precision * recall) / (factor * precision + recall);
}

/**
 * @param references all references of each output; the one that an output fits best counts
 * @returns 0 to 100, and what sacrebleu calls the same settings
 * @throws ConfigError unless there is a list of at least one reference for each output
 */
export function chrf(
  outputs: readonly string[],
  references: readonly (readonly string[])[],
  { charOrder = 6, beta = 2, whitespace = false }: ChrfOptions = {},
): { score: number; signature: string } {
  wholeNumber("chrf", "charOrder", charOrder, 1);
  inRange("chrf", "beta", beta, 0, Number.MAX_VALUE);
  checkReferences("chrf", outputs, references);
  const characters = (text: string) => [...(whitespace ? text : text.replace(/\s+/gu, ""))];
  const sums: OrderCounts[] = Array.from({ length: charOrder }, () => ({ output: 0, reference: 0, shared: 0 }));
  outputs.forEach((text, row) => {
    const output = characters(text);
    const tries = references[row]!.map((reference) => compare(output, characters(reference), charOrder));
    const best = tries.reduce((top, counts) => (fScore(counts, beta) > fScore(top, beta) ? counts : top));
    sums.forEach((sum, n) => {
      for (const key of ["output", "reference", "shared"] as const) sum[key] += best[n]![key];
    });
  });
  return {
    score: fScore(sums, beta),
    signature: `${referencesPart(references)}|eff:yes|nc:${charOrder}|nw:0|space:${whitespace ? "yes" : "no"}`,
  };
}
