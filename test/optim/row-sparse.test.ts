import { afterAll, describe, expect, test, vi } from "vitest";
import {
  Adagrad,
  Adam,
  AdamW,
  backward,
  createEngine,
  type Engine,
  embedding,
  mul,
  type Optimizer,
  Parameter,
  RMSprop,
  SGD,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { firstDifference, randomFloats } from "../kernels/harness.js";
import { type Common, MAKERS } from "./makers.js";

const engines = [await createEngine(), await createEngine({ backend: "js" })];
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

/** More elements between two rows than the block of zeros that stands for them has. */
const V = 1300;
const D = 9;
const STEPS = 8;

/** Ids of step k: neighbours, repeats, the first and the last row. */
const idsOf = (k: number): number[] => [7, 8, 9, 8, (k * 331) % V, 600 + k, V - 1, k % 2 === 0 ? 0 : 30];
const flowOf = (k: number): Float32Array => randomFloats(idsOf(k).length * D, 50 + k);

function start(engine: Engine): Tensor {
  return new Parameter(engine, [V, D], { kind: "zeros" }).assign(randomFloats(V * D, 1));
}

function step(parameter: Tensor, optimizer: Optimizer, k: number, sparse: boolean): void {
  const { engine } = parameter;
  engine.step(() => {
    optimizer.zeroGrad();
    const y = embedding(parameter, tensor(engine, Int32Array.from(idsOf(k))), null, sparse);
    backward(sum(mul(y, tensor(engine, flowOf(k), y.shape))));
    optimizer.step();
  });
}

const tensorsOf = (parameter: Tensor, optimizer: Optimizer): Tensor[] => [
  parameter,
  ...Object.values(optimizer.state(parameter)?.tensors ?? {}),
];

function expectSame(a: readonly Tensor[], b: readonly Tensor[], what: string): void {
  expect(a.length).toBe(b.length);
  for (const [i, one] of a.entries()) {
    expect(firstDifference(one.data() as Float32Array, b[i]!.data() as Float32Array), `${what}, tensor ${i}`).toBeUndefined();
  }
}

const EXTRAS: Common[] = [{}, { weightDecay: 0.01, maximize: true }];

describe.each(Object.entries(MAKERS))("%s", (name, make) => {
  test("by default takes a row-sparse gradient to the dense one's bits: parameter and state, on both backends", () => {
    for (const engine of engines) {
      for (const extra of EXTRAS) {
        const [sparse, dense] = [start(engine), start(engine)];
        const [ours, theirs] = [make([sparse], extra), make([dense], extra)];
        for (let k = 0; k < STEPS; k++) {
          step(sparse, ours, k, true);
          step(dense, theirs, k, false);
        }
        expectSame(tensorsOf(sparse, ours), tensorsOf(dense, theirs), name);
        for (const each of [sparse, dense, ours, theirs]) each.dispose();
      }
    }
  });

  test("lazily does to the gradient's rows what it does by default, and leaves the others and their state alone", () => {
    for (const engine of engines) {
      for (const extra of EXTRAS) {
        const [lazy, dense] = [start(engine), start(engine)];
        const [ours, theirs] = [make([lazy], { ...extra, lazy: true }), make([dense], extra)];
        for (let k = 0; k < STEPS; k++) {
          step(lazy, ours, k, true);
          const before = tensorsOf(dense, theirs).map((each) => each.data());
          step(dense, theirs, k, false);
          const touched = new Set(idsOf(k));
          tensorsOf(dense, theirs).forEach((each, i) => {
            const old = before[i] ?? new Float32Array(V * D).fill(name === "Adagrad" ? 0.1 : 0);
            each.assign(each.data().map((value, j) => (touched.has(Math.floor(j / D)) ? value : old[j]!)));
          });
        }
        expectSame(tensorsOf(lazy, ours), tensorsOf(dense, theirs), name);
        for (const each of [lazy, dense, ours, theirs]) each.dispose();
      }
    }
  });
});

describe("lazy updates against float64", () => {
  interface Element {
    p: number;
    a: number;
    b: number;
  }
  const decay = 0.01;
  /** What element of a touched row becomes at step t from 1, by the formulas of the papers. */
  const formulas: Record<string, [(parameters: Tensor[]) => Optimizer, (element: Element, g: number, t: number) => void]> = {
    "SGD with momentum": [
      (p) => new SGD(p, { lr: 0.1, momentum: 0.9, lazy: true }),
      (e, g) => {
        e.a = 0.9 * e.a + g;
        e.p -= 0.1 * e.a;
      },
    ],
    Adam: [
      (p) => new Adam(p, { lr: 0.01, lazy: true }),
      (e, g, t) => {
        e.a = 0.9 * e.a + 0.1 * g;
        e.b = 0.999 * e.b + 0.001 * g * g;
        e.p -= (0.01 * (e.a / (1 - 0.9 ** t))) / (Math.sqrt(e.b / (1 - 0.999 ** t)) + 1e-8);
      },
    ],
    AdamW: [
      (p) => new AdamW(p, { lr: 0.01, weightDecay: decay, lazy: true }),
      (e, g, t) => {
        e.a = 0.9 * e.a + 0.1 * g;
        e.b = 0.999 * e.b + 0.001 * g * g;
        e.p -= 0.01 * decay * e.p;
        e.p -= (0.01 * (e.a / (1 - 0.9 ** t))) / (Math.sqrt(e.b / (1 - 0.999 ** t)) + 1e-8);
      },
    ],
    Adagrad: [
      (p) => new Adagrad(p, { lr: 0.1, lazy: true }),
      (e, g) => {
        e.a += g * g;
        e.p -= (0.1 * g) / (Math.sqrt(e.a) + 1e-10);
      },
    ],
    RMSprop: [
      (p) => new RMSprop(p, { lr: 0.01, alpha: 0.9, lazy: true }),
      (e, g) => {
        e.a = 0.9 * e.a + 0.1 * g * g;
        e.p -= (0.01 * g) / (Math.sqrt(e.a) + 1e-8);
      },
    ],
  };

  test.each(Object.entries(formulas))("%s", (_, [make, formula]) => {
    for (const engine of engines) {
      const parameter = start(engine);
      const want = Array.from(parameter.data(), (p): Element => ({ p, a: 0, b: 0 }));
      const optimizer = make([parameter]);
      for (let k = 0; k < STEPS; k++) {
        step(parameter, optimizer, k, true);
        const [ids, flow] = [idsOf(k), flowOf(k)];
        for (const id of new Set(ids)) {
          for (let j = 0; j < D; j++) {
            const g = ids.reduce((total, each, i) => total + (each === id ? flow[i * D + j]! : 0), 0);
            formula(want[id * D + j]!, g, k + 1);
          }
        }
      }
      // Each of the eight steps rounds a handful of times numbers below 2; a quotient near eps/sqrt(v) magnifies at most tenfold.
      const tolerance = STEPS * 10 * 2 ** -24 * 2;
      parameter.data().forEach((got, i) => {
        if (!(Math.abs(got - want[i]!.p) <= tolerance)) throw new Error(`[${i}]: got ${got}, wanted ${want[i]!.p} within ${tolerance}`);
      });
      parameter.dispose();
      optimizer.dispose();
    }
  });
});

test("without momentum or decay SGD, and Adagrad, are lazily the same to the bit", () => {
  const [engine] = engines as [Engine];
  for (const make of [
    (p: Tensor[], lazy: boolean) => new SGD(p, { lr: 0.1, lazy }),
    (p: Tensor[], lazy: boolean) => new Adagrad(p, { lazy }),
  ]) {
    const [lazy, dense] = [start(engine), start(engine)];
    const [ours, theirs] = [make([lazy], true), make([dense], false)];
    for (let k = 0; k < STEPS; k++) {
      step(lazy, ours, k, true);
      step(dense, theirs, k, false);
    }
    expectSame(tensorsOf(lazy, ours), tensorsOf(dense, theirs), "lazy");
  }
});

test("a lazy step touches no more elements in a large table than in a small one", () => {
  const engine = engines[1]!;
  const touched = [100, 10_000].map((count) => {
    const parameter = new Parameter(engine, [count, D], { kind: "zeros" });
    const optimizer = new Adam([parameter], { lazy: true });
    const run = () =>
      engine.step(() => {
        optimizer.zeroGrad();
        const y = embedding(parameter, tensor(engine, Int32Array.of(3, 4, 90, 50)), null, true);
        backward(sum(mul(y, y)));
        optimizer.step();
      });
    run();
    const fill = vi.spyOn(Float32Array.prototype, "fill");
    const adam = vi.spyOn(engine.kernels, "adam");
    const axpby = vi.spyOn(engine.kernels, "axpby");
    const bytes = engine.memoryUse().arena;
    run();
    const elements = adam.mock.calls.reduce((total, call) => total + call[5], 0);
    const others = axpby.mock.calls.reduce((total, call) => total + call[2], 0);
    const filled = fill.mock.calls.reduce((total, [, from = 0, to = 0]) => total + to - from, 0);
    const grown = engine.memoryUse().arena - bytes;
    vi.restoreAllMocks();
    return { elements, others, filled, grown };
  });
  expect(touched[0]).toEqual(touched[1]);
  expect(touched[0]).toMatchObject({ elements: 4 * D, grown: 0 });
});
