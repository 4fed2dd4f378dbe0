import { afterAll, describe, expect, test } from "vitest";
import { cosPi, exp, ln, pow } from "../../src/engine/scalar.js";
import {
  Adam,
  AdamW,
  ConfigError,
  constantLR,
  cosineAnnealingLR,
  createEngine,
  cyclicLR,
  decayGroups,
  Embedding,
  exponentialLR,
  LayerNorm,
  LSTM,
  linearLR,
  Module,
  noamLR,
  oneCycleLR,
  Parameter,
  polynomialLR,
  ReduceLROnPlateau,
  Scheduler,
  SGD,
  sequentialLR,
  stepLR,
  type Tensor,
  tensor,
  warmupLinear,
  withWarmup,
} from "../../src/index.js";
import { MAKERS } from "./makers.js";

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
  });

  test("one cycle lets the step after its last update be set, as PyTorch, and refuses the one after that", () => {
    for (const annealStrategy of ["cos", "linear"] as const) {
      const scheduler = new Scheduler(new SGD([parameter()], { lr: 1 }), oneCycleLR({ maxLr: 1, totalSteps: 7, annealStrategy }));
      for (let update = 0; update < 7; update++) scheduler.step();
      expect(scheduler.k).toBe(7);
      expect(() => scheduler.step()).toThrowError(/oneCycleLR: step 8, wants at most totalSteps 7/);
      expect(scheduler.k).toBe(7);
    }
  });

  /** PyTorch's: factor·base before n; SequentialLR starts the second at its step 0. */
  const FACTORS = {
    linear: (k: number, n: number, start: number) => start + ((1 - start) * k) / n,
    constant: (_k: number, _n: number, start: number) => start,
    exponential: (k: number, n: number, start: number) => start ** (1 - k / n),
  };
  test.each(["linear", "constant", "exponential"] as const)(
    "a %s warm-up comes before any schedule, which starts at its step 0 then",
    (kind) => {
      for (const schedule of [
        cosineAnnealingLR({ tMax: 6 }),
        exponentialLR({ gamma: 0.8 }),
        warmupLinear({ warmupSteps: 2, totalSteps: 9 }),
      ]) {
        for (const steps of [0, 1, 5]) {
          const warmed = withWarmup(schedule, { steps, kind, startFactor: 0.1 });
          for (let k = 0; k < 20; k++) {
            const want = k < steps ? schedule.lr(0, 3) * FACTORS[kind](k, steps, 0.1) : schedule.lr(k - steps, 3);
            expect(warmed.lr(k, 3), `step ${k} of ${steps}`).toBeCloseTo(want, 12);
          }
        }
      }
    },
  );

  test("by default a warm-up is SequentialLR of LinearLR and the schedule, and momentum waits at its first value", () => {
    const cycle = oneCycleLR({ maxLr: 1, totalSteps: 10 });
    const sequence = sequentialLR([linearLR({ totalIters: 4 }), exponentialLR({ gamma: 0.9 })], [4]);
    const warmed = withWarmup(exponentialLR({ gamma: 0.9 }), { steps: 4 });
    for (let k = 0; k < 12; k++) expect(warmed.lr(k, 2)).toBeCloseTo(sequence.lr(k, 2), 14);
    const slow = withWarmup(cycle, { steps: 3 });
    expect([0, 2, 3, 7].map((k) => slow.momentum!(k))).toEqual([0, 0, 0, 4].map((k) => cycle.momentum!(k)));
  });

  test("a sequence sets the momentum of the schedule that runs, and leaves it where that has none", () => {
    const optimizer = new SGD([parameter()], { lr: 1, momentum: 0.5 });
    const scheduler = new Scheduler(
      optimizer,
      sequentialLR([constantLR({ totalIters: 2 }), oneCycleLR({ maxLr: 1, totalSteps: 10 })], [2]),
    );
    const seen = [0, 1, 2].map((k) => {
      scheduler.k = k;
      return optimizer.groups[0]!.options.momentum;
    });
    expect(seen).toEqual([0.5, 0.5, 0.95]);
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
    expect(() => sequentialLR([linearLR(), linearLR(), linearLR()], [3, 2])).toThrowError(/milestones \[3,2\], wants whole numbers/);
    expect(() => withWarmup(linearLR(), { steps: -1 })).toThrowError(/withWarmup: steps -1/);
    expect(() => withWarmup(linearLR(), { steps: 1, kind: "cosine" as "linear" })).toThrowError(
      /kind "cosine", wants "linear", "constant" or/,
    );
    expect(() => withWarmup(linearLR(), { steps: 1, kind: "exponential", startFactor: 0 })).toThrowError(/startFactor 0/);
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

  test("decayGroups parts matrices from biases and norms, takes another rule, and names a tied weight once", () => {
    class Net extends Module {
      readonly rnn = new LSTM(engine, { inputSize: 2, hiddenSize: 3 });
      readonly norm = new LayerNorm(engine, { normalizedSize: 3 });
      readonly embed = new Embedding(engine, { numEmbeddings: 4, embeddingDim: 3 });
      readonly out = { tied: this.embed.weight };
      protected override *ownParameters(): Iterable<[string, Parameter]> {
        yield ["tied", this.out.tied];
      }
    }
    const net = new Net();
    const names = new Map(Array.from(net.namedParameters(), ([name, p]) => [p as Tensor, name] as const).reverse());
    const shown = (groups: { params: Tensor[]; weightDecay: number }[]) =>
      groups.map(({ params, weightDecay }) => [weightDecay, ...params.map((p) => names.get(p))]);
    expect(shown(decayGroups(net.namedParameters(), 0.1))).toEqual([
      [0.1, "tied", "rnn.weight_ih_l0", "rnn.weight_hh_l0"],
      [0, "rnn.bias_ih_l0", "rnn.bias_hh_l0", "norm.weight", "norm.bias"],
    ]);
    const own = decayGroups(net.namedParameters(), 0.1, (name) => name.startsWith("rnn."));
    expect(shown(own)[1]).toEqual([0, "tied", "norm.weight", "norm.bias"]);
    expect(decayGroups([["w", parameter()]], 0.1)).toHaveLength(1);
    expect(() => decayGroups([], -1)).toThrowError(/decayGroups: weightDecay -1/);
    const optimizer = new AdamW(decayGroups(net.namedParameters(), 0.1), { lr: 1 });
    for (const p of net.parameters()) p.assign(new Float32Array(p.size).fill(1)).grad = tensor(engine, new Float32Array(p.size), p.shape);
    optimizer.step();
    expect(net.rnn.weights[0]!.weightIh.data()[0]).toBe(Math.fround(0.9));
    expect(net.norm.weight!.data()[0]).toBe(1);
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

test.each(Object.entries(MAKERS))("%s uphill takes the steps of the turned gradient downhill, to the bit", (_, make) => {
  const results = [false, true].map((maximize) => {
    const p = new Parameter(engine, [3], { kind: "zeros" }).assign([1, -2, 0.5]);
    const optimizer = make([p], { maximize, weightDecay: 0.01 });
    for (let k = 0; k < 7; k++) {
      const sign = maximize ? -1 : 1;
      p.grad = tensor(engine, [sign * 0.3, sign * (k - 3), sign * -1.5]);
      optimizer.step();
    }
    return [...p.data()];
  });
  expect(results[1]).toEqual(results[0]);
  expect(results[0]![0]).not.toBe(1);
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
