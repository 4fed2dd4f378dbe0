/** Running text by counting its characters: what a language model has to beat. */
import type { BaselineMetrics } from "./classification.js";

/** Characters of training that are counted, the first ones: more would want gigabytes. */
const MOST = 4_000_000;

/** Characters as code units, one each, in the order that they come; 0 for one that was never seen. */
class Alphabet {
  readonly #units = new Map<string, string>();

  constructor(characters: Iterable<string>) {
    for (const character of characters)
      if (!this.#units.has(character) && this.#units.size < 0xfffe) this.#units.set(character, String.fromCharCode(this.#units.size + 1));
  }

  get size(): number {
    return this.#units.size;
  }

  encode(characters: Iterable<string>): string {
    return Array.from(characters, (character) => this.#units.get(character) ?? "\0").join("");
  }
}

/** How often the n-grams of one length came: themselves, and behind each context. */
class Counts {
  readonly grams = new Map<string, number>();
  readonly contexts = new Map<string, { total: number; kinds: number }>();
  /** What is taken off each count. Ney et al. 1994. */
  discount = 0;

  add(gram: string): void {
    this.grams.set(gram, (this.grams.get(gram) ?? 0) + 1);
  }

  close(): void {
    let [once, twice] = [0, 0];
    for (const [gram, count] of this.grams) {
      if (count === 1) once++;
      if (count === 2) twice++;
      const context = gram.slice(0, -1);
      const own = this.contexts.get(context);
      if (own === undefined) this.contexts.set(context, { total: count, kinds: 1 });
      else {
        own.total += count;
        own.kinds++;
      }
    }
    this.discount = once === 0 ? 0.5 : once / (once + 2 * twice);
  }
}

/** Interpolated Kneser-Ney with one discount a length. Kneser and Ney 1995; Chen and Goodman 1999, section 3.5. */
export class NgramModel {
  readonly #alphabet: Alphabet;
  readonly #counts: readonly Counts[];

  constructor(text: string, order: number) {
    const characters = Array.from(text.slice(0, MOST));
    this.#alphabet = new Alphabet(characters);
    const units = this.#alphabet.encode(characters);
    this.#counts = Array.from({ length: order }, () => new Counts());
    for (let n = order; n >= 1; n--) {
      const own = this.#counts[n - 1]!;
      // The longest count themselves, and what has nothing before it; the others each character that came before them once.
      if (n === order) for (let i = 0; i + n <= units.length; i++) own.add(units.slice(i, i + n));
      else {
        own.add(units.slice(0, n));
        for (const gram of this.#counts[n]!.grams.keys()) own.add(gram.slice(1));
      }
      own.close();
    }
  }

  /** Probability of the last of some code units behind the others. */
  #probability(units: string): number {
    let probability = 1 / (this.#alphabet.size + 1);
    for (let n = 1; n <= units.length; n++) {
      const { grams, contexts, discount } = this.#counts[n - 1]!;
      const gram = units.slice(-n);
      const context = contexts.get(gram.slice(0, -1));
      if (context === undefined) return probability;
      probability = (Math.max(0, (grams.get(gram) ?? 0) - discount) + discount * context.kinds * probability) / context.total;
    }
    return probability;
  }

  /** Mean over the characters, which also see those of the texts before theirs. */
  score(texts: readonly string[]): BaselineMetrics {
    const units = this.#alphabet.encode(texts.join(""));
    const order = this.#counts.length;
    let nats = 0;
    for (let i = 0; i < units.length; i++) nats -= Math.log(this.#probability(units.slice(Math.max(0, i + 1 - order), i + 1)));
    return { nats: nats / units.length, bitsPerCharacter: nats / Math.LN2 / units.length };
  }
}

/** @returns nats and bits a character: of the shares of the characters, and of n-grams of up to four and six */
export const textBaselines = (train: readonly string[], test: readonly string[]): Record<string, BaselineMetrics> =>
  Object.fromEntries(
    Object.entries({ characterShares: 1, fourGrams: 4, sixGrams: 6 }).map(([name, order]) => [
      name,
      new NgramModel(train.join(""), order).score(test),
    ]),
  );
