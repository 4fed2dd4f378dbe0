/** A model without weights: the next token's distribution is drawn from a stream that the whole text before it names. */

import type { NextTokens } from "../../src/decode/next-tokens.js";
import { Stream, streamKey } from "../../src/engine/random.js";

export const START = 0;
export const END = 1;
const SOURCE_LENGTH = 3;

export class HistoryModel implements NextTokens {
  #histories: (readonly number[])[];
  /** Rows of each call. */
  readonly calls: number[] = [];

  constructor(
    readonly vocabulary: number,
    private readonly seed: number,
    sources: number,
  ) {
    this.#histories = Array.from({ length: sources }, (_, source) => [source]);
  }

  /** Log-probabilities and attention after a history: the source's number, the start and the tokens. */
  after(history: readonly number[]): { logProbabilities: number[]; attention: Float32Array } {
    const name = history.reduce((sum, token) => (sum * 31 + token + 1) % 1000003, 7);
    const stream = new Stream(streamKey(this.seed, 99, name, history.length));
    const soft = (logits: number[]) => {
      const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
      return logits.map((x) => x - Math.log(sum));
    };
    const draw = (n: number) => soft(Array.from({ length: n }, () => 6 * stream.nextFloat()));
    return { logProbabilities: draw(this.vocabulary), attention: Float32Array.from(draw(SOURCE_LENGTH), Math.exp) };
  }

  advance(parents: Int32Array, tokens: Int32Array) {
    this.calls.push(parents.length);
    this.#histories = Array.from(parents, (parent, i) => [...this.#histories[parent]!, tokens[i]!]);
    const results = this.#histories.map((history) => this.after(history));
    return {
      logProbabilities: Float32Array.from(results.flatMap(({ logProbabilities }) => logProbabilities)),
      attention: Float32Array.from(results.flatMap(({ attention }) => [...attention])),
    };
  }
}
