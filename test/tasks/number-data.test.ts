import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changes, inputsOf, scaleOf, windowsOf } from "../../src/tasks/number-data.js";

describe("scales and inputs", () => {
  test("mean and deviation of each column, 1 where all are alike", () => {
    const rows = [
      [1, 5, 0.1],
      [3, 5, 0.1],
      [8, 5, 0.1],
    ];
    const { mean, deviation } = scaleOf(rows, 3);
    expect(mean[0]).toBe(4);
    expect(deviation[0]).toBeCloseTo(Math.sqrt((9 + 1 + 16) / 3), 14);
    expect([mean[1], deviation[1], deviation[2]]).toEqual([5, 1, 1]);
    expect(scaleOf([], 2)).toEqual({ mean: [0, 0], deviation: [1, 1] });
    // Two passes: small deviations beside a large mean are not lost.
    expect(scaleOf([[1e9], [1e9 + 1]], 1).deviation[0]).toBe(0.5);
  });

  test("changes over some steps, never from one sequence to another", () => {
    const sequences = [{ values: [[1], [2], [4]] }, { values: [[10]] }, { values: [[20], [26]] }];
    expect([...changes(sequences, 1)]).toEqual([[1], [2], [6]]);
    expect([...changes(sequences, 2)]).toEqual([[3]]);
  });

  test("a step is read in deviations, with the change before it for next steps, and what is far stays bounded", () => {
    const level = { mean: [2, 0], deviation: [2, 1] };
    const change = { mean: [5, 5], deviation: [4, 0.5] };
    const values = [
      [4, 1],
      [0, 2],
      [1e6, -1e6],
    ];
    expect([...inputsOf(values, level, undefined)]).toEqual([1, 1, -1, 2, 8, -8]);
    expect([...inputsOf(values, level, change)]).toEqual([1, 1, 0, 0, -1, 2, -1, 2, 8, -8, 8, -8]);
  });
});

describe("windows", () => {
  const cases = fc.record({
    lengths: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 5 }),
    size: fc.integer({ min: 1, max: 20 }),
    offset: fc.integer({ min: 0, max: 30 }),
    seen: fc.integer({ min: 0, max: 70 }),
  });

  test("lie in their sequence, and every step that is asked about counts once", () => {
    fc.assert(
      fc.property(cases, ({ lengths, size, seen }) => {
        const stride = Math.max(1, size >> 1);
        const starts = lengths.map((length, i) => Math.min(length, i % 2 === 0 ? seen : 0));
        const counted = lengths.map((length) => new Array<number>(length).fill(0));
        for (const { sequence, start, length, from } of windowsOf(lengths, size, stride, 0, starts)) {
          expect(start >= 0 && length <= size && start + length <= lengths[sequence]!).toBe(true);
          for (let t = start + from; t < start + length; t++) {
            counted[sequence]![t]!++;
            // With half a window of context, unless the sequence has not so much.
            expect(t - start).toBeGreaterThanOrEqual(Math.min(t, size - stride));
          }
        }
        counted.forEach((times, i) => {
          expect(times).toEqual(times.map((_, t) => (t < starts[i]! ? 0 : 1)));
        });
      }),
      { seed: 21, numRuns: 500 },
    );
  });

  test("of training begin at an offset and reach the end", () => {
    fc.assert(
      fc.property(cases, ({ lengths, size, offset }) => {
        const windows = windowsOf(lengths, size, size, offset);
        for (const [sequence, total] of lengths.entries()) {
          const own = windows.filter((window) => window.sequence === sequence);
          if (total > 0) expect(Math.max(...own.map(({ start, length }) => start + length))).toBe(total);
          const first = Math.min(...own.map(({ start }) => start));
          if (total > size) expect(first).toBe(offset % (total - size + 1));
        }
      }),
      { seed: 22, numRuns: 300 },
    );
  });
});
