import { describe, expect, test } from "vitest";
import { createElementwise } from "../../src/engine/js/elementwise.js";
import { UNARY } from "../reference/elementwise.js";
import { createRigs, sameBits, worstUlp } from "./harness.js";

const rigs = createRigs(createElementwise);

/** Every `stride`-th float32 of all 2^32 bit patterns, in blocks. */
function sweep(stride: number, visit: (x: Float32Array) => void): void {
  const count = Math.ceil(2 ** 32 / stride);
  const block = 1 << 18;
  for (let start = 0; start < count; start += block) {
    const bits = Uint32Array.from({ length: Math.min(block, count - start) }, (_, i) => (start + i) * stride);
    visit(new Float32Array(bits.buffer));
  }
}

describe("accuracy over all floats, a million of them", () => {
  for (const name of ["exp", "log", "tanh", "sigmoid"] as const) {
    test(`${name} stays within ${UNARY[name]!.ulp} ulp of float64, the same bits in wasm and TypeScript`, () => {
      const { f, ulp } = UNARY[name]!;
      let last = Number.NaN;
      sweep(4099, (x) => {
        const [y] = sameBits(rigs, (rig) => {
          const out = rig.blank(x.length);
          rig.kernels[name](out, rig.f32(x), x.length);
          return [[out, x.length]];
        });
        const { ulp: worst, at } = worstUlp(y!, Float64Array.from(x, f));
        expect(worst, `${name}(${x[at]}) = ${y![at]}, wanted ${f(x[at]!)}`).toBeLessThanOrEqual(ulp);
        for (let i = 0; i < x.length; i++) {
          // The bit patterns rise from 0 to Infinity and then go from -0 to -Infinity.
          if (!Number.isNaN(last) && !Number.isNaN(y![i]!) && x[i]! !== 0) {
            const rises = x[i]! > 0 ? y![i]! >= last : y![i]! <= last;
            if (!rises) throw new Error(`${name} is not monotone at ${x[i]}: ${last}, then ${y![i]}`);
          }
          last = y![i]!;
          if (name === "tanh" && Math.abs(last) > 1) throw new Error(`|tanh(${x[i]})| = ${Math.abs(last)}`);
        }
        last = Number.NaN;
      });
    });
  }

  test("tanh is odd", () => {
    sweep(40_009, (x) => {
      const [y, mirrored] = sameBits(rigs, (rig) => {
        const [out, back] = [rig.blank(x.length), rig.blank(x.length)];
        rig.kernels.tanh(out, rig.f32(x), x.length);
        rig.kernels.tanh(back, rig.f32(x.map((v) => -v)), x.length);
        return [
          [out, x.length],
          [back, x.length],
        ];
      });
      expect(y!.findIndex((v, i) => v !== -mirrored![i]! && !Number.isNaN(v))).toBe(-1);
    });
  });
});
