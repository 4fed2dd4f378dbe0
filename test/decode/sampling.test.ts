import { describe, expect, test } from "vitest";
import { Sampler, type SamplingOptions } from "../../src/decode/sampling.js";
import { Stream } from "../../src/engine/random.js";

const LOGITS = Float32Array.of(2, 1, 0, 1, -3);
const of = (options: SamplingOptions, scores = LOGITS, seen: number[] = []) => [...new Sampler("test", options).distribution(scores, seen)];
const softmax = (logits: readonly number[]) => {
  const e = logits.map(Math.exp);
  const sum = e.reduce((total, x) => total + x, 0);
  return e.map((x) => x / sum);
};
const close = (found: readonly number[], wanted: readonly number[]) => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((p, i) => void expect(p).toBeCloseTo(wanted[i]!, 12));
};

describe("Sampler", () => {
  test("by default is softmax; temperature divides the scores", () => {
    close(of({}), softmax([2, 1, 0, 1, -3]));
    close(of({ temperature: 0.5 }), softmax([4, 2, 0, 2, -6]));
  });

  test("topK keeps the best k and what equals the last of them", () => {
    const [a, b] = softmax([2, 1, 1]) as [number, number, number];
    close(of({ topK: 2 }), [a, b, 0, b, 0]);
    close(of({ topK: 1 }), [1, 0, 0, 0, 0]);
    close(of({ topK: 99 }), softmax([2, 1, 0, 1, -3]));
  });

  test("topP keeps the fewest likeliest that reach it, of equal ones the first; 0 keeps one", () => {
    const p = softmax([2, 1, 0, 1, -3]);
    close(of({ topP: p[0]! + p[1]! - 1e-9 }), [p[0]! / (p[0]! + p[1]!), p[1]! / (p[0]! + p[1]!), 0, 0, 0]);
    close(of({ topP: 0 }), [1, 0, 0, 0, 0]);
  });

  test("minP is a share of the best", () => {
    const kept = softmax([2, 1, 1]);
    close(of({ minP: Math.exp(-1) - 1e-9 }), [kept[0]!, kept[1]!, 0, kept[2]!, 0]);
  });

  test("the penalty divides positive scores and multiplies negative ones, once a token", () => {
    close(of({ repetitionPenalty: 2 }, LOGITS, [0, 0, 4]), softmax([1, 1, 0, 1, -6]));
  });

  test("temperature 0 takes the best, under the penalty too", () => {
    expect(new Sampler("test", { temperature: 0 }).choose(LOGITS, [], 0.99)).toBe(0);
    expect(new Sampler("test", { temperature: 0, repetitionPenalty: 4 }).choose(LOGITS, [0], 0.99)).toBe(1);
  });

  test("100,000 draws come within 5 standard deviations of the distribution, and scores stay as they were", () => {
    const sampler = new Sampler("test", { topK: 4 });
    const stream = new Stream([1, 2]);
    const scores = Float32Array.from(LOGITS);
    const counts = new Array<number>(5).fill(0);
    const n = 100_000;
    for (let i = 0; i < n; i++) counts[sampler.choose(scores, [], stream.nextFloat())]!++;
    const p = softmax([2, 1, 0, 1]);
    p.forEach((share, i) => void expect(Math.abs(counts[i]! - n * share)).toBeLessThan(5 * Math.sqrt(n * share * (1 - share))));
    expect(counts[4]).toBe(0);
    expect(scores).toEqual(LOGITS);
  });

  test("refuses bad options and scores that are no numbers", () => {
    expect(() => new Sampler("generate", { topP: 2 })).toThrowError(/generate: topP 2, wants a number from 0 to 1/);
    expect(() => new Sampler("generate", { repetitionPenalty: 0 })).toThrowError(/generate: repetitionPenalty 0, wants a number above 0/);
    expect(() => of({}, Float32Array.of(Number.NaN, Number.NaN))).toThrowError(/Sampler: the highest score is NaN/);
  });
});
