import { describe, expect, test } from "vitest";
import { normalQuantile } from "../../src/engine/js/quantile.js";
import { createRandom } from "../../src/engine/js/random.js";
import { Stream, streamKey, threefry2x32 } from "../../src/engine/random.js";
import { createRigs, randomFloats, sameBits } from "../kernels/harness.js";

const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");

describe("Threefry-2x32, 20 rounds", () => {
  // Known answers of Random123 1.14 (kat_vectors).
  test("gives the published words", () => {
    expect(hex(threefry2x32(0, 0, 0, 0))).toBe("6b200159 99ba4efe");
    expect(hex(threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff))).toBe("1cb996fc bb002be7");
    expect(hex(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3))).toBe("c4923a9c 483df7a0");
  });

  test("the kernels draw the same words as a Stream, at every length", () => {
    const rigs = createRigs(createRandom);
    const key = streamKey(7, 2, 11, 3);
    for (let n = 1; n <= 67; n++) {
      const stream = new Stream(key);
      const want = Float32Array.from({ length: n }, () => -2 + Math.fround(stream.nextFloat() * 5));
      const [got] = sameBits(rigs, (rig) => {
        const out = rig.blank(n, n & 3);
        rig.kernels.uniform(out, n, key[0], key[1], -2, 3);
        return [[out, n]];
      });
      expect(got).toEqual(want);
    }
  });

  test("normal deviates are quantiles of the same words, at every length and out in the tails", () => {
    const rigs = createRigs(createRandom);
    const key = streamKey(5, 1, 0, 3);
    for (const n of [...Array.from({ length: 67 }, (_, i) => i + 1), 100_000]) {
      const stream = new Stream(key);
      const want = Float32Array.from({ length: n }, () => 1.5 + 0.25 * normalQuantile((stream.nextU32() + 0.5) / 4294967296));
      const [got] = sameBits(rigs, (rig) => {
        const out = rig.blank(n, n & 3);
        rig.kernels.normal(out, n, key[0], key[1], 1.5, 0.25);
        return [[out, n]];
      });
      expect(got).toEqual(want);
    }
  });

  // The distribution function's values at these deviates, from tables (Abramowitz and Stegun 26.2).
  test("the quantile meets known deviates", () => {
    const known: [number, number][] = [
      [0.5, 0],
      [0.975, 1.959963984540054],
      [0.001349898031630095, -3],
      [2.866515718791939e-7, -5],
      [9.865876450376946e-10, -6],
    ];
    for (const [p, x] of known) expect(normalQuantile(p)).toBeCloseTo(x, 12);
  });

  test("dropout keeps what the same words say, scaled; a second call gives the same mask", () => {
    const rigs = createRigs(createRandom);
    const key = streamKey(1, 2, 0, 0);
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 67, 1000]) {
      const x = randomFloats(n, n);
      const threshold = Math.round(0.3 * 2 ** 24);
      const stream = new Stream(key);
      const kept = Array.from({ length: n }, () => stream.nextU32() >>> 8 >= threshold);
      const [y, added] = sameBits(rigs, (rig) => {
        const [out, sum, input] = [rig.blank(n, 1), rig.f32(x, 2), rig.f32(x, 3)];
        rig.kernels.dropout(out, input, n, key[0], key[1], threshold, 1.5, 0);
        rig.kernels.dropout(sum, input, n, key[0], key[1], threshold, 1.5, 1);
        return [
          [out, n],
          [sum, n],
        ];
      });
      expect(y).toEqual(Float32Array.from(x, (v, i) => (kept[i] ? v * 1.5 : 0)));
      expect(added).toEqual(Float32Array.from(x, (v, i) => v + (kept[i] ? Math.fround(v * 1.5) : 0)));
    }
  });
});

describe("Stream", () => {
  test("streams of neighbouring seeds, purposes, steps and indices differ", () => {
    const keys = [
      [1, 1, 0, 0],
      [2, 1, 0, 0],
      [2 ** 32 + 1, 1, 0, 0],
      [1, 2, 0, 0],
      [1, 1, 1, 0],
      [1, 1, 2 ** 32, 0],
      [1, 1, 0, 1],
    ].map(([seed, purpose, step, index]) => hex(streamKey(seed!, purpose!, step!, index!)));
    expect(new Set(keys).size).toBe(keys.length);
    // Frozen: models trained from a seed must come out the same for good.
    expect(keys[0]).toBe("d3b08f69 63b1f82b");
  });

  test("nextInt is uniform over n that does not divide 2^32, and refuses what is no count", () => {
    const stream = new Stream([1, 2]);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[stream.nextInt(7)]!++;
    // Six standard deviations of a count: 6·sqrt(70000·(1/7)·(6/7)) = 555.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(555);
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => stream.nextInt(n)).toThrowError(/Stream\.nextInt: n .*wants a whole number/);
  });

  test("shuffle is a permutation that depends on the key alone", () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = new Stream([3, 4]).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
    expect(new Stream([3, 4]).shuffle([...items])).toEqual(shuffled);
  });
});
