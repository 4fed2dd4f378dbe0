/** The bag: a linear classifier over which n-grams a text has. */
import type { Engine } from "../engine/engine.js";
import { Module } from "../nn/module.js";
import { add, mul } from "../ops/arithmetic.js";
import { embedding } from "../ops/embedding.js";
import { Parameter } from "../ops/init.js";
import { concat } from "../ops/layout.js";
import { sum } from "../ops/reduce.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { type NgramOptions, Ngrams } from "./ngrams.js";

/** Rows of n-grams by hash: an open table of twice their number, with linear probing. */
class HashIndex {
  /** Row + 1, 0 where nothing is. */
  readonly #slots: Int32Array;

  constructor(private readonly keys: ArrayLike<number>) {
    let size = 2;
    while (size < 2 * keys.length) size *= 2;
    this.#slots = new Int32Array(size);
    for (let row = 0; row < keys.length; row++) this.#slots[this.#find(keys[row]!)] = row + 1;
  }

  /** -1 when there is none. */
  row(hash: number): number {
    return this.#slots[this.#find(hash)]! - 1;
  }

  #find(hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0 && this.keys[this.#slots[slot]! - 1] !== hash) slot = (slot + 1) & mask;
    return slot;
  }
}

/**
 * By what the sum over the n n-grams of a text is multiplied: 1/√n, for the sum itself grows with the text, and the mean makes long texts
 * unsure.
 */
export const shareOf = ({ length }: Int32Array): number => 1 / Math.sqrt(Math.max(1, length));

/** `keys` [K], the hashes of the n-grams that are known, which are not trained; `weight` [K, C], a row for each; `bias` [C]. */
export class NgramBag extends Module {
  readonly keys: Parameter;
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly ngrams: Ngrams;
  #index: HashIndex | null = null;
  /** The text that had a row last, by which each n-gram counts once a text. */
  readonly #seen: Int32Array;
  #texts = 0;

  /** @param size n-grams that are known */
  constructor(
    readonly engine: Engine,
    options: NgramOptions,
    size: number,
    classes: number,
  ) {
    super();
    this.ngrams = new Ngrams(options);
    this.#seen = new Int32Array(size);
    const make = (...shape: number[]) => new Parameter(engine, shape, { kind: "zeros" });
    this.keys = make(size);
    this.keys.requiresGrad = false;
    this.weight = make(size, classes);
    this.bias = make(classes);
  }

  /** Rows of the n-grams that a text has, each once, in the order of their first places. */
  encode(text: string): Int32Array {
    const rows: number[] = [];
    const mark = ++this.#texts;
    this.ngrams.visit(text, (hash) => {
      const row = this.row(hash);
      if (row < 0 || this.#seen[row] === mark) return;
      this.#seen[row] = mark;
      rows.push(row);
    });
    return Int32Array.from(rows);
  }

  /** Of a text, as encode() gives it. */
  readonly shareOf = shareOf;

  /** The row of an n-gram, -1 for one that is not known. Keys are read once. */
  row(hash: number): number {
    this.#index ??= new HashIndex(this.keys.data());
    return this.#index.row(hash);
  }

  /** @param texts as encode() gives them @returns logits, f32 [B, C]: bias and the sum of each text's weights times its share */
  forward(texts: readonly Int32Array[]): Tensor {
    const { engine } = this;
    const sums = texts.map((rows) => sum(embedding(this.weight, tensor(engine, rows)), 0, { keepDim: true }));
    const shares = tensor(engine, Float32Array.from(texts, shareOf), [texts.length, 1]);
    return add(mul(concat(sums), shares), this.bias);
  }
}
