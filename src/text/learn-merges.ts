/** Training of byte-pair encoding. */
import { mergeName, wordSymbols } from "./bpe.js";

/** A pair that comes once teaches nothing. */
const LEAST = 2;

interface Pair {
  readonly left: number;
  readonly right: number;
  /** Times it stands in the text. */
  count: number;
  /** The count under which it waits among the candidates, at least its own; 0 when it does not. */
  queued: number;
  /** Words that have it, or had it. */
  readonly words: Set<number>;
}

interface Candidate {
  readonly count: number;
  readonly pair: Pair;
}

/** Candidates, the best first: a binary heap. Counts change without it; who takes one compares. */
class Heap {
  readonly #items: Candidate[] = [];

  constructor(private readonly isBetter: (a: Candidate, b: Candidate) => boolean) {}

  push(item: Candidate): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBetter(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const [best] = items;
    const last = items.pop();
    if (items.length === 0 || last === undefined) return best;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.isBetter(items[child + 1]!, items[child]!)) child++;
      if (!this.isBetter(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return best;
  }
}

class Learner {
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: { symbols: number[]; readonly count: number }[] = [];
  readonly #pairs = new Map<number, Pair>();
  readonly #heap = new Heap((a, b) => a.count > b.count || (a.count === b.count && this.#isBefore(a.pair, b.pair)));

  constructor(texts: Iterable<string>) {
    const counts = new Map<string, { symbols: string[]; count: number }>();
    for (const text of texts) {
      for (const symbols of wordSymbols(text)) {
        const word = symbols.join("");
        const known = counts.get(word) ?? { symbols, count: 0 };
        known.count++;
        counts.set(word, known);
      }
    }
    for (const { symbols, count } of counts.values()) {
      this.#words.push({ symbols: symbols.map((symbol) => this.#idOf(symbol)), count });
      this.#count(this.#words.length - 1, 1);
    }
    for (const pair of this.#pairs.values()) this.#queue(pair);
  }

  /** Different symbols so far. */
  get size(): number {
    return this.#names.length;
  }

  /** Merges the most frequent pair, of equals the first by code units. @returns its name; undefined when no pair comes twice */
  next(): string | undefined {
    for (let best = this.#heap.pop(); best !== undefined; best = this.#heap.pop()) {
      const { count, pair } = best;
      if (count !== pair.queued) continue;
      pair.queued = 0;
      if (pair.count === count) return this.#merge(pair);
      this.#queue(pair);
    }
    return undefined;
  }

  #queue(pair: Pair): void {
    if (pair.count < LEAST || pair.count <= pair.queued) return;
    pair.queued = pair.count;
    this.#heap.push({ count: pair.count, pair });
  }

  #isBefore(a: Pair, b: Pair): boolean {
    const [left, right] = [a.left === b.left ? 0 : this.#order(a.left, b.left), a.right === b.right ? 0 : this.#order(a.right, b.right)];
    return left < 0 || (left === 0 && right < 0);
  }

  #order(a: number, b: number): number {
    return this.#names[a]! < this.#names[b]! ? -1 : 1;
  }

  #idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    this.#ids.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  /** Adds a word's pairs to the counts, or with -1 takes them off. */
  #count(index: number, sign: 1 | -1, touched?: Set<Pair>): void {
    const { symbols, count } = this.#words[index]!;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const [left, right] = [symbols[i]!, symbols[i + 1]!];
      const key = left * 2 ** 26 + right;
      let pair = this.#pairs.get(key);
      if (pair === undefined) {
        pair = { left, right, count: 0, queued: 0, words: new Set() };
        this.#pairs.set(key, pair);
      }
      pair.count += sign * count;
      if (sign > 0) pair.words.add(index);
      touched?.add(pair);
    }
  }

  #merge({ left, right, words }: Pair): string {
    const joint = this.#idOf(this.#names[left]! + this.#names[right]!);
    const touched = new Set<Pair>();
    for (const index of words) {
      this.#count(index, -1);
      const word = this.#words[index]!;
      const symbols: number[] = [];
      for (let i = 0; i < word.symbols.length; i++) {
        const isPair = word.symbols[i] === left && word.symbols[i + 1] === right;
        symbols.push(isPair ? joint : word.symbols[i]!);
        if (isPair) i++;
      }
      word.symbols = symbols;
      this.#count(index, 1, touched);
    }
    words.clear();
    for (const pair of touched) this.#queue(pair);
    return mergeName(this.#names[left]!, this.#names[right]!);
  }
}

/**
 * The merges that texts teach, the most frequent pair first; the same texts give the same merges everywhere.
 * @param vocabularySize symbols at most, single characters among them
 */
export function learnMerges(texts: Iterable<string>, vocabularySize: number): string[] {
  const learner = new Learner(texts);
  const merges: string[] = [];
  while (learner.size < vocabularySize) {
    const merge = learner.next();
    if (merge === undefined) break;
    merges.push(merge);
  }
  return merges;
}
