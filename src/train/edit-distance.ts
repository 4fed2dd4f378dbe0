/** Metrics of sequences of tokens: exact match, error rate by edit distance, share of different n-grams. */
import { ConfigError } from "../errors.js";
import { wholeNumber } from "../options.js";

/** Fewest insertions, deletions and substitutions that turn one into the other. Levenshtein 1966. */
export function editDistance<T>(a: readonly T[], b: readonly T[]): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = a[i - 1] === b[j - 1] ? diagonal : 1 + Math.min(diagonal, above, row[j - 1]!);
      diagonal = above;
    }
  }
  return row[b.length]!;
}

/** Outputs with all targets that count as right, each a list of tokens: characters for CER, phones for PER, words for WER. */
export interface SequenceScore {
  /** Share of outputs that equal one of their targets. */
  readonly exactMatch: number;
  /** Edits to the closest target over the tokens of those targets; may exceed 1. */
  readonly tokenErrorRate: number;
}

/** @throws ConfigError unless there is a list of at least one target for each output; NaN of no outputs */
export function sequenceScore<T>(outputs: readonly (readonly T[])[], targets: readonly (readonly (readonly T[])[])[]): SequenceScore {
  if (outputs.length !== targets.length)
    throw new ConfigError(`sequenceScore: ${targets.length} lists of targets, wants ${outputs.length}, one for each output`);
  let [right, edits, tokens] = [0, 0, 0];
  outputs.forEach((output, row) => {
    if (targets[row]!.length === 0) throw new ConfigError(`sequenceScore: output ${row} has no target, wants at least 1`);
    const tries = targets[row]!.map((target) => ({ distance: editDistance(output, target), length: target.length }));
    // Of equally close targets the longer one, whose error rate is the smaller.
    const best = tries.reduce((top, next) =>
      next.distance < top.distance || (next.distance === top.distance && next.length > top.length) ? next : top,
    );
    if (best.distance === 0) right++;
    edits += best.distance;
    tokens += best.length;
  });
  return { exactMatch: right / outputs.length, tokenErrorRate: edits / tokens };
}

/** Different n-grams over all n-grams of some texts; NaN when there are none. Li et al. 2016. */
export function distinctNgrams(texts: readonly (readonly string[])[], n: number): number {
  wholeNumber("distinctNgrams", "n", n, 1);
  const seen = new Set<string>();
  let all = 0;
  for (const tokens of texts) {
    for (let i = 0; i + n <= tokens.length; i++) {
      seen.add(JSON.stringify(tokens.slice(i, i + n)));
      all++;
    }
  }
  return seen.size / all;
}
