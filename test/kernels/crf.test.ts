import { describe, expect, test } from "vitest";
import { createCrf } from "../../src/engine/js/crf.js";
import { bestInto, type Expectations, enumerate, forwardBackward, pathScore } from "../reference/crf.js";
import { createRigs, type Rig, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createCrf);
const EPS = 2 ** -23;

interface Row {
  readonly n: number;
  readonly steps: number;
  readonly emissions: Float32Array;
  readonly tags: Int32Array;
  readonly chain: Readonly<Record<"start" | "transitions" | "end", Float32Array>>;
}

function makeRow(n: number, steps: number, seed: number, scale = 3): Row {
  return {
    n,
    steps,
    emissions: randomFloats(steps * n, seed, scale),
    tags: Int32Array.from({ length: steps }, (_, t) => (t * 7 + seed) % n),
    chain: {
      start: randomFloats(n, seed + 1, 2),
      transitions: randomFloats(n * n, seed + 2, 2),
      end: randomFloats(n, seed + 3, 2),
    },
  };
}

const padded = (cols: number) => (cols + 3) & ~3;

/** Rows as the kernels want them, with numbers in the padding that must have no effect. */
function pad(values: Float32Array, rows: number): Float32Array {
  const cols = values.length / rows;
  const wide = new Float32Array(rows * padded(cols)).fill(3.25);
  for (let row = 0; row < rows; row++) wide.set(values.subarray(row * cols, (row + 1) * cols), row * padded(cols));
  return wide;
}

const unpad = (wide: Float32Array, cols: number): Float32Array => wide.filter((_, i) => i % padded(cols) < cols);

/** Lays a row out, runs forward and backward pass; outputs start as `before`. */
function run(rig: Rig, { n, steps, emissions, tags, chain }: Row, skew: number, coef: number, gold: boolean, before: Float32Array) {
  const width = padded(n);
  const skews = [0, 1, 2, 3].map((more) => (skew + more) & 3) as [number, number, number, number];
  const lse = rig.blank((steps - 1) * width, skew);
  const [e, t] = [rig.f32(emissions, skews[1]), gold ? rig.i32(tags, skews[2]) : 0];
  const [start, moves, end] = [
    rig.f32(chain.start, skews[3]),
    rig.f32(pad(chain.transitions, n), skew),
    rig.f32(pad(chain.end, n), skews[1]),
  ];
  const value = rig.kernels.crf(lse, e, t, start, moves, end, rig.blank(width + 4, skew), steps, n);
  const [dE, dT] = [rig.f32(before.subarray(0, steps * n), skew), rig.f32(pad(before.subarray(0, n * n), n), skews[1])];
  const [dS, dEnd] = [rig.f32(before.subarray(0, n), skews[2]), rig.f32(pad(before.subarray(0, n), n), skews[3])];
  rig.kernels.crfGrad(dE, dT, dS, dEnd, lse, e, t, start, moves, end, rig.blank(3 * width + 4, skew), steps, n, coef);
  const best = rig.blank(steps * width, skews[2]);
  rig.kernels.crfBest(best, e, start, moves, steps, n);
  const outputs = [
    [lse, (steps - 1) * width],
    [dE, steps * n],
    [dT, n * width],
    [dS, n],
    [dEnd, n * padded(1)],
    [best, steps * width],
  ] as const;
  return { value, outputs };
}

type FixedOutputs = [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
const GRADIENTS = ["dEmissions", "dTransitions", "dStart", "dEnd"] as const;

interface Options {
  readonly skew?: number;
  readonly coef?: number;
  readonly gold?: boolean;
  readonly before?: Float32Array;
}

/** Both rigs' outputs, which have the same bits, and what f32_crf_fwd returned. */
function both(row: Row, { skew = 0, coef = 1, gold = true, before = new Float32Array(Math.max(row.steps, row.n) * row.n) }: Options = {}) {
  const values: number[] = [];
  const outputs = sameBits(rigs, (rig) => {
    const result = run(rig, row, skew, coef, gold, before);
    values.push(result.value);
    return result.outputs;
  });
  expect(values[1]).toBe(values[0]);
  const [, dEmissions, dTransitions, dStart, dEnd, best] = outputs as Float32Array[] as FixedOutputs;
  const { n } = row;
  return {
    value: values[0]!,
    dEmissions,
    dTransitions: unpad(dTransitions, n),
    dStart,
    dEnd: unpad(dEnd, 1),
    best: unpad(best, n),
  };
}

function close(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  for (let i = 0; i < want.length; i++) {
    if (!(got[i] === want[i] || Math.abs(got[i]! - want[i]!) <= tolerance)) {
      throw new Error(`${what}[${i}] of ${want.length}: got ${got[i]}, wanted ${want[i]} ± ${tolerance}`);
    }
  }
}

/** The gradient of coef·value: what the paths expect, less what the row's own tags have. */
function gradients({ n, tags }: Row, { marginals, transitions, start, end }: Expectations, coef: number, gold: boolean) {
  const d = { dEmissions: marginals.slice(), dTransitions: transitions.slice(), dStart: start.slice(), dEnd: end.slice() };
  if (gold) {
    tags.forEach((tag, t) => {
      d.dEmissions[t * n + tag]! -= 1;
      if (t > 0) d.dTransitions[tags[t - 1]! * n + tag]! -= 1;
    });
    d.dStart[tags[0]!]! -= 1;
    d.dEnd[tags[tags.length - 1]!]! -= 1;
  }
  for (const name of GRADIENTS) d[name] = d[name].map((p) => coef * p);
  return d;
}

/** Holds all that was computed against float64; `terms` counts roundings in a row. */
function compare(row: Row, terms: number, what: string, options: Options = {}): void {
  const { n, steps, emissions, chain } = row;
  const { gold = true, coef = 1 } = options;
  const want = (n ** steps <= 4096 ? enumerate : forwardBackward)(emissions, chain, steps);
  const got = both(row, options);
  const gone = gold ? pathScore(emissions, chain, Array.from(row.tags)) : 0;
  close([got.value], [want.logPartition - gone], terms * EPS, `${what}: value`);
  const d = gradients(row, want, coef, gold);
  for (const name of GRADIENTS) {
    // Moves are counted in float32 before the row's own are taken off: roundings are those of the largest count.
    const largest = name === "dTransitions" ? Math.max(1, ...want.transitions) : 1;
    close(got[name], d[name], terms * EPS * Math.abs(coef) * largest, `${what}: ${name}`);
  }
  bestInto(emissions, chain, steps).forEach((scores, t) => {
    const top = Math.max(...scores);
    const relative = scores.map((score) => (top === -Infinity ? score : score - top));
    close(got.best.subarray(t * n, (t + 1) * n), relative, terms * EPS * 8, `${what}: best of step ${t}`);
  });
}

describe("one row of a CRF", () => {
  test("every number of tags from 1 to 67 at every alignment equals float64, with and without a path to score", () => {
    for (let n = 1; n <= 67; n++) {
      for (const steps of n < 6 ? [1, 2, 5] : [1, 3]) {
        const what = `${n} tags, ${steps} steps`;
        compare(makeRow(n, steps, n), 48, what, { skew: n & 3 });
        compare(makeRow(n, steps, n), 48, what, { skew: (n + 1) & 3, gold: false, coef: -0.75 });
      }
    }
  });

  test("hundreds of tags and thousands of steps: the marginals sum to 1 and nothing drifts", () => {
    compare(makeRow(301, 4, 1), 64, "301 tags");
    const long = makeRow(5, 3000, 2);
    compare(long, 64, "3000 steps");
    const { dEmissions } = both(long, { gold: false });
    for (let t = 0; t < long.steps; t++) {
      const sum = dEmissions.subarray(t * 5, t * 5 + 5).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - 1)).toBeLessThanOrEqual(4 * EPS);
    }
  });

  test("gradients are added to what is there", () => {
    const row = makeRow(7, 6, 3);
    const before = randomFloats(49, 9, 5);
    const [fresh, added] = [both(row, { coef: 0.5 }), both(row, { coef: 0.5, before })];
    for (const name of GRADIENTS) {
      close(
        added[name],
        fresh[name].map((v, i) => v + before[i]!),
        32 * EPS,
        name,
      );
    }
  });

  test("one tag has one path: the loss is 0 to the bit, and so is its gradient", () => {
    for (const steps of [1, 2, 9]) {
      const got = both(makeRow(1, steps, steps, 1e4));
      expect(got.value).toBe(0);
      for (const gradient of [got.dEmissions, got.dTransitions, got.dStart, got.dEnd])
        expect([...gradient].every((v) => v === 0)).toBe(true);
    }
  });

  test("scores of ±1e4 over hundreds of steps stay finite and exact where one path wins", () => {
    const n = 5;
    const steps = 400;
    const row = makeRow(n, steps, 4);
    row.emissions.set(row.emissions.map((v, at) => v + (at % n === row.tags[Math.floor(at / n)] ? 1e4 : -1e4)));
    const got = both(row);
    expect(Math.abs(got.value)).toBeLessThan(1e-9);
    for (const name of GRADIENTS) expect(got[name].every((v) => v === 0)).toBe(true);
    // The path that loses at every step costs what it costs: its loss is 4e6·2, to float32's precision.
    row.tags.set(row.tags.map((tag) => (tag + 1) % n));
    const want = forwardBackward(row.emissions, row.chain, steps).logPartition - pathScore(row.emissions, row.chain, Array.from(row.tags));
    expect(Math.abs(both(row).value / want - 1)).toBeLessThan(1e-6);
  });

  test("forbidden moves have probability 0 and a path that makes one costs Infinity, its gradient still finite", () => {
    const row = makeRow(4, 5, 5);
    const { start, transitions, end } = row.chain;
    // Tag 3 is only reached from 2, nothing starts with 2 or ends with 1, and nothing leads into 0.
    for (let i = 0; i < 4; i++) {
      if (i !== 2) transitions[i * 4 + 3] = -Infinity;
      transitions[i * 4] = -Infinity;
    }
    start[2] = -Infinity;
    end[1] = -Infinity;
    row.tags.set([0, 2, 3, 1, 2]);
    compare(row, 64, "forbidden moves");
    expect(both(row, { gold: false }).dTransitions[0]).toBe(0);
    row.tags.set([0, 3, 3, 1, 2]);
    const got = both(row);
    expect(got.value).toBe(Infinity);
    expect(got.dTransitions.every(Number.isFinite)).toBe(true);
    expect(got.dTransitions[3]).toBe(-1);
  });

  test("tags whose emissions are -Infinity are left out, and a step that allows none makes the sum of no paths", () => {
    const row = makeRow(3, 4, 6);
    row.emissions.set([-Infinity, 1, -Infinity], 3);
    row.tags.set([0, 1, 2, 0]);
    compare(row, 64, "masked tags");
    row.emissions.fill(-Infinity, 6, 9);
    expect(both(row, { gold: false }).value).toBe(-Infinity);
    expect(both(row).value).toBeNaN();
  });

  test("a NaN or Infinity anywhere makes the value NaN", () => {
    for (const bad of [NaN, Infinity]) {
      for (const at of [0, 5, 11]) {
        const row = makeRow(3, 4, 7);
        row.emissions[at] = bad;
        expect(both(row).value).toBeNaN();
      }
      const row = makeRow(3, 4, 8);
      row.chain.transitions[4] = bad;
      expect(both(row).value).toBeNaN();
    }
  });
});
