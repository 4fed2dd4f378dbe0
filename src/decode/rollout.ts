/** One text a source, token by token: the best or a drawn one each time. */
import { argMax } from "./arg-max.js";
import type { DecodedSequence, NextTokens, SearchOptions } from "./next-tokens.js";

/** Given log-probabilities of the next token and the tokens so far of one source, the next token. */
export type Choose = (logProbabilities: Float32Array, tokens: readonly number[], source: number) => number;

/** The most probable token, of equal ones the first. */
export const greedy: Choose = (logProbabilities) => argMax(logProbabilities);

interface Running {
  readonly source: number;
  readonly tokens: number[];
  readonly attention: Float32Array[];
  row: number;
  last: number;
  logProbability: number;
  ended: boolean;
}

/** @returns a text for each source, in their order; sources that have ended leave the batch */
export function rollOut(model: NextTokens, { sources, start, end, maxLength }: SearchOptions, choose: Choose): DecodedSequence[] {
  const all = Array.from({ length: sources }, (_, source): Running => {
    return { source, tokens: [], attention: [], row: source, last: start, logProbability: 0, ended: false };
  });
  let running = all;
  // One more step than tokens: the last may still be the end.
  for (let t = 0; t <= maxLength && running.length > 0; t++) {
    const { logProbabilities, attention } = model.advance(
      Int32Array.from(running, ({ row }) => row),
      Int32Array.from(running, ({ last }) => last),
    );
    const width = attention === undefined ? 0 : attention.length / running.length;
    running.forEach((text, row) => {
      const own = logProbabilities.subarray(row * model.vocabulary, (row + 1) * model.vocabulary);
      const token = choose(own, text.tokens, text.source);
      text.row = row;
      text.ended = token === end;
      if (!text.ended && t === maxLength) return;
      text.last = token;
      text.logProbability += own[token]!;
      if (attention !== undefined) text.attention.push(attention.slice(row * width, (row + 1) * width));
      if (!text.ended) text.tokens.push(token);
    });
    running = running.filter(({ ended }) => !ended);
  }
  return all.map(({ tokens, attention, logProbability, ended }) => ({ tokens, attention, logProbability, score: logProbability, ended }));
}
