import { describe, expect, test } from "vitest";
import { createActivation } from "../../src/engine/js/activation.js";
import { createElementwise } from "../../src/engine/js/elementwise.js";
import { ACTIVATIONS, TRANSCENDENTAL } from "../reference/activation.js";
import { UNARY } from "../reference/elementwise.js";
import { createRigs, randomFloats, sameBits, ulpError, worstUlp } from "./harness.js";

const rigs = createRigs((heap) => ({ ...createElementwise(heap), ...createActivation(heap) }));
/** Neighbouring floats of a stretch, and stretches that go through a kernel at once. */
const STRETCH = 1000;
const TOGETHER = 64;
const EXPONENTS = 256;

/** Two stretches at seeded places in every binade of either sign, denormals, infinities and NaN among them: a million floats. */
function* everyBinade(seed: number): Generator<number> {
  const places = randomFloats(4 * EXPONENTS, seed);
  for (const [i, place] of places.entries()) {
    const [binade, sign] = [(i >> 2) << 23, (i >> 1) & 1 ? 0x80000000 : 0];
    // The first stretch begins with the binade.
    yield sign + binade + (i & 1 ? Math.floor(((place + 1) / 2) * (2 ** 23 - STRETCH)) : 0);
  }
}

/** A stretch around each point and its mirror image. */
function* around(points: readonly number[]): Generator<number> {
  for (const point of points) {
    const bits = new Uint32Array(Float32Array.of(Math.abs(point)).buffer)[0]!;
    const start = Math.max(0, bits - STRETCH / 2);
    yield start;
    yield 0x80000000 + start;
  }
}

/** Where a whole n of n·ln 2 changes in the arguments of exponentials: at every n + 1/2. */
const halves = (scale: number): number[] => Array.from({ length: 152 }, (_, n) => (n + 0.5) * Math.LN2 * scale);
/** Where the kernels take another way (assembly/simd/math.ts), and where results leave float32 or become denormal. */
const BRANCHES: Readonly<Record<string, readonly number[]>> = {
  exp: [...halves(1), 2 ** -126, 87.336, 88.722, 88.723, 89, 103.278, 103.972, 104, 104.5],
  log: Array.from({ length: 276 }, (_, k) => [2 ** (k - 148), Math.SQRT1_2 * 2 ** (k - 148)]).flat(),
  tanh: [...halves(0.5).slice(0, 30), 2 ** -126, 2 ** -12, 0.549306, 9.0109, 9.25],
  sigmoid: [...halves(1), 2 ** -126, 17.33, 17.5, 87.336, 88.722, 103.972, 104.5],
};

/** Lays stretches out together and hands each batch to `visit`. */
function batches(starts: Iterable<number>, visit: (x: Float32Array) => void): void {
  const all = [...starts];
  for (let first = 0; first < all.length; first += TOGETHER) {
    const part = all.slice(first, first + TOGETHER);
    const bits = Uint32Array.from({ length: part.length * STRETCH }, (_, i) => part[Math.floor(i / STRETCH)]! + (i % STRETCH));
    visit(new Float32Array(bits.buffer));
  }
}

/** Within every stretch results rise with x. */
function checkRising(name: string, x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) {
    if (i % STRETCH === 0) continue;
    const [before, now] = [y[i - 1]!, y[i]!];
    if (x[i]! > x[i - 1]! ? now < before : now > before) throw new Error(`${name} falls at ${x[i]}: ${before}, then ${now}`);
  }
}

describe.each(["exp", "log", "tanh", "sigmoid"] as const)("%s", (name) => {
  const { f, ulp } = UNARY[name]!;
  const [least, most] = { exp: [0, Infinity], log: [-Infinity, Infinity], tanh: [-1, 1], sigmoid: [0, 1] }[name] as [number, number];

  const check = (x: Float32Array) => {
    const [y] = sameBits(rigs, (rig) => {
      const out = rig.blank(x.length);
      rig.kernels[name](out, rig.f32(x), x.length);
      return [[out, x.length]];
    }) as [Float32Array];
    const { ulp: worst, at } = worstUlp(y, Float64Array.from(x, f));
    expect(worst, `${name}(${x[at]}) = ${y[at]}, wanted ${f(x[at]!)}`).toBeLessThanOrEqual(ulp);
    checkRising(name, x, y);
    expect(y.findIndex((v) => v < least || v > most)).toBe(-1);
    return y;
  };

  test(`a million floats of every binade: within ${ulp} ulp of float64, rising, the same bits in wasm and TypeScript`, () => {
    batches(everyBinade(name.length), check);
  });

  test("the same around every point where the kernel takes another way", () => {
    batches(around(BRANCHES[name]!), check);
  });
});

test("tanh is odd, in every binade and around its branches", () => {
  const negative = Uint32Array.of(0x80000000)[0]!;
  const check = (x: Float32Array) => {
    const [y, mirrored] = sameBits(rigs, (rig) => {
      const [out, back] = [rig.blank(x.length), rig.blank(x.length)];
      rig.kernels.tanh(out, rig.f32(x), x.length);
      rig.kernels.tanh(back, rig.f32(x.map((v) => -v)), x.length);
      return [
        [out, x.length],
        [back, x.length],
      ];
    }) as [Float32Array, Float32Array];
    expect(y.findIndex((v, i) => !Object.is(v, -mirrored[i]!))).toBe(-1);
  };
  batches(
    [...everyBinade(9), ...around(BRANCHES.tanh!)].filter((start) => start < negative),
    check,
  );
});

describe("activations over a million floats of every binade", () => {
  for (const [name, { ulp, least }] of Object.entries(TRANSCENDENTAL)) {
    const kind = ACTIVATIONS.findIndex((activation) => activation.name === name);
    const { f, a, b } = ACTIVATIONS[kind]!;

    test(`${name} stays within ${ulp} ulp of float64 down to ${least}, and keeps NaN`, () => {
      batches(everyBinade(kind), (x) => {
        const [y] = sameBits(rigs, (rig) => {
          const out = rig.blank(x.length);
          rig.kernels.activation(out, rig.f32(x), x.length, kind, a, b);
          return [[out, x.length]];
        }) as [Float32Array];
        x.forEach((v, i) => {
          const wanted = f(v);
          if (v < least && Math.abs(y[i]! - wanted) <= 2 ** -149 * Math.abs(v)) return;
          if (!(ulpError(y[i]!, wanted) <= ulp)) throw new Error(`${name}(${v}) = ${y[i]}, wanted ${wanted} within ${ulp} ulp`);
        });
      });
    });
  }
});
