import { describe, expect, test } from "vitest";
import { type BeamOptions, beamSearch } from "../../src/decode/beam.js";
import type { DecodedSequence } from "../../src/decode/next-tokens.js";
import { greedy, rollOut } from "../../src/decode/rollout.js";
import { END, HistoryModel, START } from "./history-model.js";

const VOCABULARY = 5;
const search = (sources: number, maxLength = 4) => ({ sources, start: START, end: END, maxLength });

/** Every text that ends within maxLength, scored by the formulas of the papers in float64, the best first. */
function exhaustive(model: HistoryModel, source: number, maxLength: number, { lengthPenalty = 0, coveragePenalty = 0 }: BeamOptions) {
  const found: { tokens: number[]; score: number }[] = [];
  const visit = (tokens: number[], logP: number, attention: number[]) => {
    const { logProbabilities, attention: own } = model.after([source, START, ...tokens]);
    const sums = attention.map((sum, j) => sum + own[j]!);
    const coverage = coveragePenalty * sums.reduce((total, sum) => total + Math.log(Math.min(1, sum)), 0);
    found.push({ tokens, score: (logP + logProbabilities[END]!) / ((5 + tokens.length + 1) / 6) ** lengthPenalty + coverage });
    if (tokens.length === maxLength) return;
    for (let token = 0; token < VOCABULARY; token++) if (token !== END) visit([...tokens, token], logP + logProbabilities[token]!, sums);
  };
  visit([], 0, [0, 0, 0]);
  return found.sort((a, b) => b.score - a.score);
}

const texts = (list: readonly DecodedSequence[]) => list.map(({ tokens }) => tokens);

describe("beamSearch", () => {
  test.each<BeamOptions>([
    {},
    { lengthPenalty: 0.6 },
    { lengthPenalty: 1.5 },
    { coveragePenalty: 0.3 },
    { lengthPenalty: 1, coveragePenalty: 0.2 },
  ])("with %j and a beam as wide as all texts equals exhaustive search: 20 models, the 6 best", (options) => {
    for (let seed = 0; seed < 20; seed++) {
      const model = new HistoryModel(VOCABULARY, seed, 2);
      const found = beamSearch(model, search(2), { ...options, beamSize: 4 ** 4, nBest: 6 });
      for (const [source, list] of found.entries()) {
        const wanted = exhaustive(model, source, 4, options).slice(0, 6);
        expect(texts(list)).toEqual(wanted.map(({ tokens }) => tokens));
        list.forEach(({ score, ended, attention, tokens }, i) => {
          expect(score).toBeCloseTo(wanted[i]!.score, 4);
          expect([ended, attention.length]).toEqual([true, tokens.length + 1]);
        });
      }
    }
  });

  test("stopping early changes nothing: with 30 steps more to go the result is the same, in fewer calls", () => {
    for (let seed = 0; seed < 10; seed++) {
      const long = new HistoryModel(VOCABULARY, seed, 1);
      const [best] = beamSearch(long, search(1, 40), { beamSize: 3 });
      expect(best![0]!.ended).toBe(true);
      expect(long.calls.length).toBeLessThan(41);
      // The same beam, kept from stopping by asking for more texts than there are.
      const [all] = beamSearch(new HistoryModel(VOCABULARY, seed, 1), search(1, 40), { beamSize: 3, nBest: 10_000 });
      expect(all![0]).toEqual(best![0]);
    }
  });

  test("sources in a batch find what each finds alone", () => {
    const together = beamSearch(new HistoryModel(VOCABULARY, 3, 1), search(1, 12), { beamSize: 3, nBest: 3, lengthPenalty: 0.6 });
    const three = beamSearch(new HistoryModel(VOCABULARY, 3, 3), search(3, 12), { beamSize: 3, nBest: 3, lengthPenalty: 0.6 });
    expect(three[0]).toEqual(together[0]);
    expect(three).toHaveLength(3);
  });

  test("a prefix is kept, and no bigram comes twice where that is asked for", () => {
    const options = { beamSize: 4, noRepeatNgram: 2, prefixes: [[2, 3]], lengthPenalty: 2 };
    const [found] = beamSearch(new HistoryModel(VOCABULARY, 5, 1), search(1, 20), { ...options, nBest: 4 });
    for (const { tokens } of found!) {
      expect(tokens.slice(0, 2)).toEqual([2, 3]);
      const bigrams = tokens.slice(1).map((token, i) => `${tokens[i]} ${token}`);
      expect(new Set(bigrams).size).toBe(bigrams.length);
    }
  });

  test("a text that never ends is cut at maxLength and says so", () => {
    const model = {
      vocabulary: 3,
      advance: (parents: Int32Array) => ({
        logProbabilities: Float32Array.from([...parents].flatMap(() => [-1, Number.NEGATIVE_INFINITY, -0.5])),
      }),
    };
    const [[found]] = beamSearch(model, search(1, 3)) as [[DecodedSequence]];
    expect(found).toEqual({ tokens: [2, 2, 2], logProbability: -1.5, score: -1.5, ended: false, attention: [] });
  });

  test("bad options are refused", () => {
    const model = new HistoryModel(VOCABULARY, 0, 1);
    expect(() => beamSearch(model, search(1), { beamSize: 0 })).toThrowError(/beamSearch: beamSize 0, wants a whole number from 1/);
    expect(() => beamSearch(model, search(1), { prefixes: [] })).toThrowError(/beamSearch: 0 prefixes, wants 1/);
  });
});

describe("rollOut", () => {
  test("greedy takes the best token until the end; ended sources leave the batch", () => {
    const model = new HistoryModel(VOCABULARY, 11, 4);
    const found = rollOut(model, search(4, 30), greedy);
    found.forEach(({ tokens, ended, logProbability, attention }, source) => {
      let logP = 0;
      const history = [source, START];
      for (const token of [...tokens, ...(ended ? [END] : [])]) {
        const { logProbabilities } = model.after(history);
        expect(logProbabilities[token]).toBe(Math.max(...logProbabilities));
        logP += logProbabilities[token]!;
        history.push(token);
      }
      expect(logProbability).toBeCloseTo(logP, 4);
      expect(attention).toHaveLength(history.length - 2);
    });
    const steps = found.map(({ tokens, ended }) => tokens.length + (ended ? 1 : 0));
    expect(model.calls.reduce((sum, rows) => sum + rows, 0)).toBe(steps.reduce((sum, n) => sum + n, 0));
  });

  test("what does not end is cut at maxLength; one step more is tried for the end", () => {
    const model = { vocabulary: 3, advance: () => ({ logProbabilities: Float32Array.of(-1, -9, -0.5) }) };
    expect(rollOut(model, search(1, 2), greedy)).toEqual([{ tokens: [2, 2], attention: [], logProbability: -1, score: -1, ended: false }]);
  });
});
