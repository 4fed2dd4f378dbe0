/** Activations and their slopes in TypeScript: the twins of assembly/elementwise/activation.ts. */
import type { Heap } from "../heap.js";
import type { Kernels } from "../kernels.js";
import { exp, expm1Negative, log1pUnit, normalTail, sigmoid } from "./math.js";

const f = Math.fround;

type Map = (x: number, a: number, b: number) => number;

const softplus = (x: number): number => f(Math.max(x, 0) + log1pUnit(exp(-Math.abs(x))));
const normal = (x: number): number => (x < 0 ? normalTail(-x) : f(1 - normalTail(Math.abs(x))));
const limit = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const SIXTH = f(1 / 6);
const DENSITY = f(0.3989422804014327);

/** In the order of the kernel's kinds. */
const VALUES: readonly Map[] = [
  (x, a) => (x > 0 ? x : f(a * x)),
  (x, a) => (x > 0 ? x : f(a * expm1Negative(Math.min(x, 0)))),
  (x) => f(x * normal(x)),
  softplus,
  limit,
  (x) => f(limit(f(x + 3), 0, 6) / 6),
  (x) => -softplus(-x),
  (x) => f(x * sigmoid(x)),
  Math.abs,
  limit,
];

const SLOPES: readonly Map[] = [
  (x, a) => (x > 0 ? 1 : a),
  (x, a) => (x > 0 ? 1 : f(a * exp(Math.min(x, 0)))),
  (x) => f(normal(x) + f(x * f(exp(f(f(x * x) * -0.5)) * DENSITY))),
  sigmoid,
  (x, a, b) => (x > a && x < b ? 1 : 0),
  (x) => (x > -3 && x < 3 ? SIXTH : 0),
  (x) => sigmoid(-x),
  (x) => f(sigmoid(x) * f(1 + f(Math.max(x, -104) * sigmoid(-x)))),
  (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  (x, a, b) => (x >= a && x <= b ? 1 : 0),
];

export function createActivation(heap: Heap): Pick<Kernels, "activation" | "activationSlope"> {
  const run = (maps: readonly Map[]) => (y: number, x: number, n: number, kind: number, a: number, b: number) => {
    const m = heap.f32;
    const map = maps[kind] as Map;
    const p = f(a);
    const q = f(b);
    for (let i = 0; i < n; i++) m[(y >>> 2) + i] = map(m[(x >>> 2) + i] as number, p, q);
  };
  return { activation: run(VALUES), activationSlope: run(SLOPES) };
}
