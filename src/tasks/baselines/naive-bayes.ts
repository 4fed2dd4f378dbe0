/** Multinomial naive Bayes over features that are strings, each counted once an example. */
import { argMax } from "../../decode/arg-max.js";
import { ln } from "../../engine/scalar.js";

/** Smoothing counts that are tried. */
const ALPHAS = [0.01, 0.03, 0.1, 0.3, 1] as const;
/** Examples that the choice among them is made on. */
const TRIED = 1000;
/** Counts whose logarithms are kept. */
const KEPT = 256;

/** Counts of features by class. A feature's run, from starts[id] to starts[id + 1], has the classes that it came with, and how often. */
interface Table {
  readonly starts: Int32Array;
  readonly classes: Int32Array;
  readonly counts: Int32Array;
  /** Features seen with each class, and examples of it. */
  readonly totals: Float64Array;
  readonly examples: Float64Array;
}

function count(ids: readonly Int32Array[], labels: readonly number[], features: number, classes: number): Table {
  const starts = new Int32Array(features + 1);
  const [totals, examples] = [new Float64Array(classes), new Float64Array(classes)];
  for (const [i, own] of ids.entries()) {
    examples[labels[i]!]!++;
    totals[labels[i]!]! += own.length;
    for (const id of own) starts[id + 1]!++;
  }
  for (let id = 0; id < features; id++) starts[id + 1]! += starts[id]!;
  const seen = new Int32Array(starts[features]!);
  const next = starts.slice();
  for (const [i, own] of ids.entries()) for (const id of own) seen[next[id]!++] = labels[i]!;
  // Each run is sorted, and its equal classes become one entry with a count.
  const counts = new Int32Array(seen.length);
  let end = 0;
  for (let id = 0; id < features; id++) {
    const run = seen.subarray(starts[id]!, starts[id + 1]!).sort();
    const start = end;
    for (const label of run) {
      if (end === start || seen[end - 1] !== label) seen[end++] = label;
      counts[end - 1]!++;
    }
    starts[id] = start;
  }
  starts[features] = end;
  return { starts, classes: seen.slice(0, end), counts: counts.slice(0, end), totals, examples };
}

/** Judges by one smoothing count. */
class Judge {
  readonly #logs: Float64Array;
  readonly #all: number;

  constructor(
    private readonly table: Table,
    private readonly features: number,
    private readonly alpha: number,
  ) {
    this.#logs = Float64Array.from({ length: KEPT }, (_, n) => ln(n / alpha + 1));
    this.#all = table.examples.reduce((sum, n) => sum + n, 0);
  }

  /**
   * The class with the largest joint probability with the features, of which each has (n + alpha)/(total + alpha·features), n being how
   * often it came with the class.
   * @param own class of an example of the table that is to be judged as if it were not in it; -1 for none
   */
  decide(ids: Int32Array, own = -1): number {
    const { starts, classes, counts, totals, examples } = this.table;
    const { alpha } = this;
    const scores = Float64Array.from(examples, (n, c) => {
      const total = totals[c]! - (c === own ? ids.length : 0);
      return ln((n - Number(c === own) + alpha) / (this.#all + alpha)) - ids.length * ln(total / alpha + this.features);
    });
    for (const id of ids) {
      for (let at = starts[id]!; at < starts[id + 1]!; at++) {
        const c = classes[at]!;
        const n = counts[at]! - Number(c === own);
        scores[c]! += n < KEPT ? this.#logs[n]! : ln(n / alpha + 1);
      }
    }
    return argMax(scores);
  }
}

export class NaiveBayes {
  readonly #ids = new Map<string, number>();
  readonly #judge: Judge;
  /** Laplace's constant: the one with which most training examples are told right by all the others. */
  readonly alpha: number;

  /** @param features of each example, each once @param labels class numbers below `classes` */
  constructor(features: Iterable<readonly string[]>, labels: readonly number[], classes: number) {
    const ids = Array.from(features, (names) =>
      Int32Array.from(names, (name) => {
        let id = this.#ids.get(name);
        if (id === undefined) {
          id = this.#ids.size;
          this.#ids.set(name, id);
        }
        return id;
      }),
    );
    const table = count(ids, labels, this.#ids.size, classes);
    const step = Math.max(1, Math.floor(ids.length / TRIED));
    const tried = ALPHAS.map((alpha) => {
      const judge = new Judge(table, this.#ids.size, alpha);
      let right = 0;
      for (let i = 0; i < ids.length; i += step) if (judge.decide(ids[i]!, labels[i]!) === labels[i]) right++;
      return { alpha, judge, right };
    });
    const best = tried.reduce((top, one) => (one.right > top.right ? one : top));
    this.#judge = best.judge;
    this.alpha = best.alpha;
  }

  /** The likeliest class; features that training has not seen say nothing. */
  predict(features: readonly string[]): number {
    return this.#judge.decide(Int32Array.from(features.flatMap((name) => this.#ids.get(name) ?? [])));
  }
}
