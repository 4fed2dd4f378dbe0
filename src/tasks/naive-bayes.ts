/** Naive Bayes over the n-grams of a bag: which n-grams it knows, and what they say of the classes before any training. */
import { ln } from "../engine/scalar.js";
import type { NgramBag } from "./ngram-bag.js";
import { type NgramOptions, Ngrams } from "./ngrams.js";
import type { ClassIds } from "./targets.js";

/** N-grams that a table of counts may hold before those seen once are dropped (lossy counting, Manku and Motwani 2002). */
const MAX_COUNTED = 1 << 22;
/** Numbers that a bag may have, 8 MiB; but so many n-grams are kept however many classes there are. */
const MAX_WEIGHTS = 1 << 21;
const MIN_ROWS = 4096;

/** Hashes of the n-grams that at least `minCount` texts have, the most frequent ones where they are too many. */
export function chooseKeys(options: NgramOptions, texts: readonly string[], classes: number, minCount = 2): Int32Array {
  const ngrams = new Ngrams(options);
  const counts = new Map<number, number>();
  for (const text of texts) {
    const own = new Set<number>();
    ngrams.visit(text, (hash) => void own.add(hash));
    for (const hash of own) counts.set(hash, (counts.get(hash) ?? 0) + 1);
    if (counts.size > MAX_COUNTED) for (const [hash, count] of counts) if (count === 1) counts.delete(hash);
  }
  const kept = [...counts].filter(([, count]) => count >= minCount);
  const most = Math.max(MIN_ROWS, Math.floor(MAX_WEIGHTS / classes));
  if (kept.length > most) kept.sort(([a, m], [b, n]) => n - m || a - b);
  return Int32Array.from(kept.slice(0, most), ([hash]) => hash);
}

/**
 * Makes a bag that has its keys naive Bayes: its weights log-count ratios ln(p(n-gram | class) / p(n-gram | other classes)) with one more count
 * for each n-gram, its bias the classes' log odds.
 * @param rows of the texts' n-grams
 */
export function startAsNaiveBayes(bag: NgramBag, rows: readonly Int32Array[], targets: readonly ClassIds[]): void {
  const [keys, classes] = bag.weight.shape as [number, number];
  const counts = new Float64Array(keys * classes);
  const [totals, texts, all] = [new Float64Array(classes), new Float64Array(classes), new Float64Array(keys)];
  for (const [i, own] of rows.entries()) {
    for (const row of own) all[row]!++;
    for (const target of targets[i]!) {
      texts[target]!++;
      totals[target]! += own.length;
      for (const row of own) counts[row * classes + target]!++;
    }
  }
  const sum = all.reduce((a, b) => a + b, 0);
  const ratio = (count: number, i: number) => {
    const c = i % classes;
    const others = all[(i - c) / classes]! - count;
    return ln((count + 1) / (totals[c]! + keys)) - ln((others + 1) / (sum - totals[c]! + keys));
  };
  bag.weight.assign(counts.map(ratio));
  bag.bias.assign(texts.map((count) => ln((count + 1) / (rows.length - count + 1))));
}
