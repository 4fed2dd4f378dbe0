import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createOptim } from "../../src/engine/js/optim.js";
import type { Kernels, Ptr } from "../../src/engine/kernels.js";
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

describe("the other optimizers equal float64 at every size, with decay and maximize", () => {
  const sizes = Array.from({ length: 67 }, (_, i) => i + 1);
  const make = (n: number) => ({
    p: randomFloats(n, n),
    g: randomFloats(n, n + 1),
    a: randomFloats(n, n + 2).map(Math.abs),
    b: randomFloats(n, n + 3).map((u) => Math.abs(u) * 1e-3),
    c: randomFloats(n, n + 4),
    decay: n % 2 === 0 ? 0.01 : 0,
    maximize: n % 3 === 0 ? 1 : 0,
  });
  type Data = ReturnType<typeof make>;
  const gradient = ({ p, g, decay, maximize }: Data, i: number) => (maximize ? -g[i]! : g[i]!) + decay * p[i]!;

  /** Runs a kernel over p and up to three states; `want` gives the new values of element i. */
  function check(
    name: string,
    run: (k: Kernels, at: { p: number; g: number; a: number; b: number; c: number }, n: number, data: Data) => void,
    want: (data: Data, i: number) => Partial<Record<"p" | "a" | "b" | "c", number>>,
  ): void {
    for (const n of sizes) {
      const data = make(n);
      const keys = ["p", "a", "b", "c"] as const;
      const outputs = sameBits(rigs, (rig) => {
        const at = { p: rig.f32(data.p, n & 3), g: rig.f32(data.g, 1), a: rig.f32(data.a, 2), b: rig.f32(data.b, 3), c: rig.f32(data.c) };
        run(rig.kernels, at, n, data);
        return keys.map((key) => [at[key], n] as const);
      });
      keys.forEach((key, k) => {
        close(
          outputs[k]!,
          Array.from({ length: n }, (_, i) => want(data, i)[key] ?? data[key][i]!),
          `${name} ${key} of size ${n}`,
        );
      });
    }
  }

  test("Adamax", () => {
    check(
      "adamax",
      (k, { p, g, c, a }, n, { decay, maximize }) => k.adamax(p, g, c, a, n, 0.01, 0.9, 0.999, 1e-8, decay, maximize),
      (data, i) => {
        const grad = gradient(data, i);
        const c = 0.9 * data.c[i]! + 0.1 * grad;
        const a = Math.max(0.999 * data.a[i]!, Math.abs(grad) + 1e-8);
        return { c, a, p: data.p[i]! - (0.01 * c) / a };
      },
    );
  });

  test("Lion", () => {
    check(
      "lion",
      (k, { p, g, c }, n, { decay, maximize }) => k.lion(p, g, c, n, 0.01, 0.9, 0.99, decay, maximize),
      (data, i) => {
        const grad = data.maximize ? -data.g[i]! : data.g[i]!;
        const sign = Math.sign(0.9 * data.c[i]! + 0.1 * grad);
        return { c: 0.99 * data.c[i]! + 0.01 * grad, p: data.p[i]! * (1 - data.decay) - 0.01 * sign };
      },
    );
  });

  test("RMSprop, centred and with momentum", () => {
    check(
      "rmsprop",
      (k, { p, g, a, b, c }, n, { decay, maximize }) => k.rmsprop(p, g, a, b, c, n, 0.01, 0.9, 1e-3, decay, 0.8, maximize),
      (data, i) => {
        const grad = gradient(data, i);
        const a = 0.9 * data.a[i]! + 0.1 * grad * grad;
        const b = 0.9 * data.b[i]! + 0.1 * grad;
        const c = 0.8 * data.c[i]! + grad / (Math.sqrt(a - b * b) + 1e-3);
        return { a, b, c, p: data.p[i]! - 0.01 * c };
      },
    );
    check(
      "plain rmsprop",
      (k, { p, g, a }, n, { decay, maximize }) => k.rmsprop(p, g, a, 0, 0, n, 0.01, 0.9, 1e-3, decay, 0, maximize),
      (data, i) => {
        const grad = gradient(data, i);
        const a = 0.9 * data.a[i]! + 0.1 * grad * grad;
        return { a, p: data.p[i]! - (0.01 * grad) / (Math.sqrt(a) + 1e-3) };
      },
    );
  });

  test("Adagrad and Adadelta", () => {
    check(
      "adagrad",
      (k, { p, g, a }, n, { decay, maximize }) => k.adagrad(p, g, a, n, 0.1, 1e-6, decay, maximize),
      (data, i) => {
        const grad = gradient(data, i);
        const a = data.a[i]! + grad * grad;
        return { a, p: data.p[i]! - (0.1 * grad) / (Math.sqrt(a) + 1e-6) };
      },
    );
    check(
      "adadelta",
      (k, { p, g, a, b }, n, { decay, maximize }) => k.adadelta(p, g, a, b, n, 0.5, 0.9, 1e-6, decay, maximize),
      (data, i) => {
        const grad = gradient(data, i);
        const a = 0.9 * data.a[i]! + 0.1 * grad * grad;
        const d = (Math.sqrt(data.b[i]! + 1e-6) / Math.sqrt(a + 1e-6)) * grad;
        return { a, b: 0.9 * data.b[i]! + 0.1 * d * d, p: data.p[i]! - 0.5 * d };
      },
    );
  });

  test("Adam with AMSGrad and NAdam's share", () => {
    check(
      "adam",
      (k, { p, g, a, b, c }, n, { decay, maximize }) => k.adam(p, g, c, a, b, n, 0.01, 0.9, 0.99, 1e-6, 0.5, decay, 0, 0.3, maximize),
      (data, i) => {
        const grad = gradient(data, i);
        const c = 0.9 * data.c[i]! + 0.1 * grad;
        const a = 0.99 * data.a[i]! + 0.01 * grad * grad;
        const b = Math.max(data.b[i]!, a);
        return { a, b, c, p: data.p[i]! - (0.01 * (c + 0.3 * grad)) / (Math.sqrt(b) / 0.5 + 1e-6) };
      },
    );
  });
});

test("averages that decay end at 0, and second moments stay where eps is 0", () => {
  const steps = 1100;
  const end = (eps: number) =>
    sameBits(rigs, ({ kernels, f32 }) => {
      const [p, m, buf, m2, m3] = [0, 1, 2, 3, 0].map((skew) => f32([1, 1e-3, -1e-3, 1e-6, -2e-37], skew)) as [Ptr, Ptr, Ptr, Ptr, Ptr];
      const [v, sq, acc, u] = [1, 2, 3, 0].map((skew) => f32([1, 1e-3, 1e-6, 1e-20, 2e-37], skew)) as [Ptr, Ptr, Ptr, Ptr];
      const g = f32(new Float32Array(5));
      for (let i = 0; i < steps; i++) {
        kernels.adam(p, g, m, v, 0, 5, 0, 0.9, 0.9, eps, 1, 0, 0, 0, 0);
        kernels.sgd(p, g, buf, 5, 0, 0.9, 0, 0, 0, 0, 0);
        kernels.adadelta(p, g, sq, acc, 5, 0, 0.9, eps, 0, 0);
        kernels.adamax(p, g, m2, u, 5, 0, 0.9, 0.9, 1e-8, 0, 0);
        kernels.lion(p, g, m3, 5, 0, 0.9, 0.9, 0, 0);
      }
      return [m, buf, m2, m3, v, sq, acc].map((ptr) => [ptr, 5] as const);
    });
  for (const average of end(1e-8)) expect([...average]).toEqual([0, 0, 0, 0, 0]);
  const kept = end(0);
  for (const average of kept.slice(0, 4)) expect([...average]).toEqual([0, 0, 0, 0, 0]);
  for (const average of kept.slice(4)) expect(average[0]).toBeGreaterThan(0);
});
