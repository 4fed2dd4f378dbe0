import { afterAll, describe, expect, test } from "vitest";
import { cosPi, exp, ln, pow } from "../../src/engine/scalar.js";
import {
  Adam,
  ConfigError,
  constantLR,
  cosineAnnealingLR,
  createEngine,
  cyclicLR,
  exponentialLR,
  linearLR,
  noamLR,
  oneCycleLR,
  Parameter,
  polynomialLR,
  ReduceLROnPlateau,
  Scheduler,
  SGD,
  sequentialLR,
  stepLR,
  tensor,
  warmupLinear,
} from "../../src/index.js";

const engine = await createEngine();
afterAll(() => engine.dispose());
const parameter = () => new Parameter(engine, [1], { kind: "zeros" });
const series = (schedule: { lr(k: number, base: number): number }, n: number) => Array.from({ length: n }, (_, k) => schedule.lr(k, 1));

describe("schedules beyond the golden sequences", () => {
  test("one cycle in three phases goes up, down as long, and to the end; past the end it is refused", () => {
    const schedule = oneCycleLR({
      maxLr: 1,
      totalSteps: 11,
      pctStart: 0.4,
      threePhase: true,
      annealStrategy: "linear",
      divFactor: 10,
      finalDivFactor: 10,
    });
    const lrs = series(schedule, 11);
    expect(lrs[0]).toBeCloseTo(0.1, 12);
    expect(Math.max(...lrs)).toBeLessThanOrEqual(1);
    expect(lrs[10]).toBeCloseTo(0.01, 12);
    expect(() => schedule.lr(11, 1)).toThrowError(/oneCycleLR: step 11, wants one below totalSteps 11/);
  });

  test("cyclic modes lower their peaks", () => {
    const peaks = (mode: "triangular2" | "exp_range") => {
      const schedule = cyclicLR({ maxLr: 3, stepSizeUp: 2, stepSizeDown: 2, mode, gamma: 0.9 });
      return [2, 6].map((k) => schedule.lr(k, 1));
    };
    expect(peaks("triangular2")).toEqual([3, 2]);
    expect(peaks("exp_range")[1]).toBeCloseTo(1 + 2 * 0.9 ** 6, 12);
    expect(cyclicLR({ maxLr: 1, stepSizeUp: 2, baseMomentum: 0.8, maxMomentum: 0.9 }).momentum!(2)).toBeCloseTo(0.8, 12);
  });

  test("Noam rises for the warm-up and falls by the root", () => {
    const schedule = noamLR({ modelSize: 64, warmupSteps: 10 });
    const lrs = series(schedule, 40);
    expect(lrs.indexOf(Math.max(...lrs))).toBe(9);
    expect(lrs[9]).toBeCloseTo(64 ** -0.5 * 10 ** -0.5, 12);
    expect(lrs[39]).toBeCloseTo(64 ** -0.5 * 40 ** -0.5, 12);
  });

  test("wrong options are refused", () => {
    expect(() => stepLR({ stepSize: 0 })).toThrowError(/stepLR: stepSize 0, wants a whole number from 1/);
    expect(() => exponentialLR({ gamma: Number.NaN })).toThrowError(/exponentialLR: gamma NaN/);
    expect(() => cosineAnnealingLR({ T_max: 3 } as never)).toThrowError(/unknown option T_max, wants tMax/);
    expect(() => warmupLinear({ warmupSteps: 5, totalSteps: 5 })).toThrowError(/totalSteps 5, wants a whole number from 6/);
    expect(() => sequentialLR([linearLR()], [3])).toThrowError(/1 schedules with 1 milestones/);
    expect(() => oneCycleLR({ maxLr: 1, totalSteps: 5, annealStrategy: "sin" as "cos" })).toThrowError(/annealStrategy "sin"/);
    expect(() => new ReduceLROnPlateau(new SGD([parameter()], { lr: 1 }), { factor: 1 })).toThrowError(ConfigError);
  });
});

describe("Scheduler", () => {
  test("sets each group's rate by its own base, from the start on, and goes on from any step", () => {
    const optimizer = new SGD([{ params: [parameter()] }, { params: [parameter()], lr: 0.5 }], { lr: 1 });
    const scheduler = new Scheduler(optimizer, linearLR({ startFactor: 0.5, totalIters: 2 }));
    const rates = () => optimizer.groups.map(({ options }) => options.lr);
    expect(rates()).toEqual([0.5, 0.25]);
    scheduler.step();
    expect(rates()).toEqual([0.75, 0.375]);
    scheduler.k = 10;
    expect(rates()).toEqual([1, 0.5]);
  });

  test("momentum of a cycle reaches SGD's momentum and Adam's beta1", () => {
    const cycle = oneCycleLR({ maxLr: 1, totalSteps: 10 });
    const [sgd, adam] = [new SGD([parameter()], { lr: 1, momentum: 0.5 }), new Adam([parameter()])];
    new Scheduler(sgd, cycle);
    new Scheduler(adam, cycle);
    expect(sgd.groups[0]!.options.momentum).toBe(0.95);
    expect(adam.groups[0]!.options.betas).toEqual([0.95, 0.999]);
  });
});

describe("parameter groups", () => {
  test("options of a group hold for its parameters alone", () => {
    const [a, b] = [parameter().assign([1]), parameter().assign([1])];
    const optimizer = new SGD([{ params: [a], weightDecay: 0.5 }, { params: [b] }], { lr: 1 });
    for (const p of [a, b]) p.grad = tensor(engine, [0]);
    optimizer.step();
    expect([a.item(), b.item()]).toEqual([0.5, 1]);
  });

  test("a group's unknown or bad option is refused, a parameter in two groups too", () => {
    const p = parameter();
    expect(() => new SGD([{ params: [p], weightdecay: 1 } as never], { lr: 1 })).toThrowError(
      /SGD group: unknown option weightdecay, wants weightDecay/,
    );
    expect(() => new SGD([{ params: [p], lr: -1 }], { lr: 1 })).toThrowError(/SGD: lr -1/);
    expect(() => new SGD([{ params: [p] }, { params: [p] }], { lr: 1 })).toThrowError(/a parameter comes twice/);
  });
});

describe("scalar functions of the host", () => {
  test("exp, ln and pow agree with the host's to 2 ulp, cosPi to 1e-15", () => {
    for (let i = 0; i < 20_000; i++) {
      const x = (i / 20_000 - 0.5) * 1400;
      expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(5e-16);
      const y = Math.exp(x / 3);
      expect(Math.abs(ln(y) - Math.log(y))).toBeLessThanOrEqual(3e-16 * Math.max(1, Math.abs(Math.log(y))));
      const turns = (i / 20_000) * 6 - 3;
      expect(Math.abs(cosPi(turns) - Math.cos(Math.PI * turns))).toBeLessThan(2e-15);
    }
    for (const x of [-708.5, -720, -740, -745]) expect(Math.abs(exp(x) - Math.exp(x))).toBeLessThanOrEqual(Number.MIN_VALUE);
    expect(Math.abs(pow(0.93, 17) / 0.93 ** 17 - 1)).toBeLessThan(1e-14);
    expect([exp(0), exp(Number.NEGATIVE_INFINITY), exp(710), ln(0), ln(1)]).toEqual([
      1,
      0,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0,
    ]);
    expect([constantLR().lr(0, 3), polynomialLR().lr(9, 3)]).toEqual([1, 0]);
  });
});
