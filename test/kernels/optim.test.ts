import fc from "fast-check";
import { test } from "vitest";
import { createOptim } from "../../src/engine/js/optim.js";
import { createRigs, randomFloats, sameBits } from "./harness.js";

const rigs = createRigs(createOptim);
const EPS = 2 ** -23;

function close(got: ArrayLike<number>, want: readonly number[], what: string): void {
  want.forEach((w, i) => {
    if (!(Math.abs(got[i]! - w) <= 4 * EPS * Math.max(1, Math.abs(w)))) throw new Error(`${what}[${i}]: got ${got[i]}, wanted ${w}`);
  });
}

test("SGD: momentum, dampening, Nesterov and decay are PyTorch's, at every size", () => {
  const options = fc.record({
    n: fc.integer({ min: 1, max: 67 }),
    momentum: fc.constantFrom(0, 0.9),
    dampening: fc.constantFrom(0, 0.3),
    decay: fc.constantFrom(0, 0.01),
    nesterov: fc.constantFrom(0, 1),
    first: fc.constantFrom(0, 1),
    seed: fc.integer({ min: 1, max: 1e6 }),
  });
  fc.assert(
    fc.property(options, ({ n, momentum, dampening, decay, nesterov, first, seed }) => {
      const [p, g, buf] = [randomFloats(n, seed), randomFloats(n, seed + 1), randomFloats(n, seed + 2)];
      const lookahead = nesterov === 1 && momentum > 0 ? 1 : 0;
      const [moved, velocity] = sameBits(rigs, (rig) => {
        const [a, b] = [rig.f32(p, n & 3), rig.f32(buf, 1)];
        rig.kernels.sgd(a, rig.f32(g, 2), momentum === 0 ? 0 : b, n, 0.1, momentum, dampening, decay, lookahead, first, 0);
        return [
          [a, n],
          [b, n],
        ];
      });
      const wantBuf: number[] = [];
      const want = Array.from(p, (value, i) => {
        let grad = g[i]! + decay * value;
        if (momentum !== 0) {
          wantBuf[i] = first ? grad : momentum * buf[i]! + (1 - dampening) * grad;
          grad = lookahead ? grad + momentum * wantBuf[i]! : wantBuf[i]!;
        } else wantBuf[i] = buf[i]!;
        return value - 0.1 * grad;
      });
      close(moved!, want, "p");
      close(velocity!, wantBuf, "buf");
    }),
    { seed: 5, numRuns: 300 },
  );
});

test("Adam and AdamW follow the formula at every size", () => {
  for (let n = 1; n <= 67; n++) {
    for (const [decay, decoupled] of [
      [0, 0],
      [0.01, 0],
      [0.001, 1],
    ] as const) {
      const [p, g, m, v] = [randomFloats(n, n), randomFloats(n, n + 1), randomFloats(n, n + 2), randomFloats(n, n + 3).map(Math.abs)];
      const [beta1, beta2, eps, stepSize, root] = [0.9, 0.999, 1e-8, 0.01, 0.3];
      const [moved, first, second] = sameBits(rigs, (rig) => {
        const [a, b, c] = [rig.f32(p, n & 3), rig.f32(m, 1), rig.f32(v, 2)];
        rig.kernels.adam(a, rig.f32(g, 3), b, c, 0, n, stepSize, beta1, beta2, eps, root, decay, decoupled, 0, 0);
        return [a, b, c].map((ptr) => [ptr, n] as const);
      });
      const grad = Array.from(g, (value, i) => (decoupled ? value : value + decay * p[i]!));
      const wantM = grad.map((value, i) => beta1 * m[i]! + (1 - beta1) * value);
      const wantV = grad.map((value, i) => beta2 * v[i]! + (1 - beta2) * value * value);
      close(first!, wantM, "m");
      close(second!, wantV, "v");
      close(
        moved!,
        Array.from(
          p,
          (value, i) => (decoupled ? value * (1 - decay) : value) - (stepSize * wantM[i]!) / (Math.sqrt(wantV[i]!) / root + eps),
        ),
        "p",
      );
    }
  }
});
