import { describe, expect, test } from "vitest";
import { createActivation } from "../../src/engine/js/activation.js";
import { ACTIVATIONS } from "../reference/activation.js";
import { createRigs, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createActivation);
const EPS = 2 ** -23;

function run(kind: number, x: Float32Array, skew = 0): [Float32Array, Float32Array] {
  const { a, b } = ACTIVATIONS[kind]!;
  return sameBits(rigs, (rig) => {
    const [y, d, input] = [rig.blank(x.length, skew), rig.blank(x.length, 1), rig.f32(x, 2)];
    rig.kernels.activation(y, input, x.length, kind, a, b);
    rig.kernels.activationSlope(d, input, x.length, kind, a, b);
    return [
      [y, x.length],
      [d, x.length],
    ];
  }) as [Float32Array, Float32Array];
}

/** |got - want| within 4 ulp, or within 2.5e-7 as golden/README.md allows where values cancel. */
function check(got: Float32Array, want: (x: number) => number, x: Float32Array, what: string): void {
  x.forEach((v, i) => {
    const wanted = want(v);
    const tolerance = Math.max(2.5e-7, 4 * EPS * Math.abs(wanted));
    if (!(Math.abs(got[i]! - wanted) <= tolerance)) throw new Error(`${what}(${v}) = ${got[i]}, wanted ${wanted} ± ${tolerance}`);
  });
}

describe.each(ACTIVATIONS.map(({ name }, kind) => [name, kind] as const))("%s", (name, kind) => {
  const { f, slope } = ACTIVATIONS[kind]!;

  test("sizes 1 to 67 equal float64 within 4 ulp, value and slope", () => {
    for (let n = 1; n <= 67; n++) {
      const x = randomFloats(n, n).map((u, i) => u * [1, 10, 60, 1e-3][i & 3]!);
      const [y, d] = run(kind, x, n & 3);
      check(y, f, x, name);
      check(d, slope, x, `slope of ${name}`);
    }
  });

  test("a hundred thousand inputs from -30 to 30", () => {
    const x = Float32Array.from({ length: 100_000 }, (_, i) => -30 + (60 * i) / 99_999);
    const [y, d] = run(kind, x);
    check(y, f, x, name);
    check(d, slope, x, `slope of ${name}`);
  });

  test("NaN stays NaN; large and denormal inputs are right", () => {
    const x = Float32Array.of(Number.NaN, 3e38, -3e38, 1e-40, -1e-40, 0, 87, -87, -104, 1e4, -1e4);
    const [y, d] = run(kind, x);
    expect(y[0]).toBeNaN();
    check(y.subarray(1), f, x.subarray(1), name);
    check(d.subarray(1), slope, x.subarray(1), `slope of ${name}`);
  });
});
