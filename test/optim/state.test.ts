import { afterAll, describe, expect, test } from "vitest";
import {
  Adam,
  ConfigError,
  cosineAnnealingLR,
  createEngine,
  type Engine,
  FormatError,
  isRecurraError,
  type Optimizer,
  type OptimizerValues,
  oneCycleLR,
  Parameter,
  ReduceLROnPlateau,
  readStateDict,
  Scheduler,
  SGD,
  ShapeError,
  type StateDict,
  type Tensor,
  tensor,
  withWarmup,
  writeStateDict,
} from "../../src/index.js";
import { firstDifference, randomFloats } from "../kernels/harness.js";
import { MAKERS } from "./makers.js";

const engines = [await createEngine(), await createEngine({ backend: "js" })];
afterAll(() => {
  for (const engine of engines) engine.dispose();
});
const engine = engines[0]!;

const SHAPES = [[5, 3], [7], [2, 2]] as const;
const parametersOf = (own: Engine): Tensor[] =>
  SHAPES.map((shape, i) =>
    new Parameter(own, shape, { kind: "zeros" }).assign(
      randomFloats(
        shape.reduce((a, b) => a * b, 1),
        i + 1,
      ),
    ),
  );

/** Step k; the last parameter gets no gradient before step 3, so that steps differ between parameters. */
function advance(parameters: readonly Tensor[], optimizer: Optimizer, k: number): void {
  parameters.forEach((parameter, i) => {
    parameter.grad = i === 2 && k < 3 ? null : tensor(parameter.engine, randomFloats(parameter.size, 100 * k + i), parameter.shape);
  });
  optimizer.step();
}

/** Through a file and JSON, as a checkpoint goes. */
const stored = <V>({ tensors, values }: { tensors: StateDict; values: V }) => ({
  tensors: readStateDict(writeStateDict(tensors)),
  values: JSON.parse(JSON.stringify(values)) as V,
});

const copyOf = (parameters: readonly Tensor[]): Tensor[] =>
  parameters.map((parameter) => new Parameter(parameter.engine, parameter.shape, { kind: "zeros" }).assign(parameter));

function expectSame(a: readonly Tensor[], b: readonly Tensor[]): void {
  for (const [i, one] of a.entries()) {
    expect(firstDifference(one.data() as Float32Array, b[i]!.data() as Float32Array), `parameter ${i}`).toBeUndefined();
  }
}

describe.each(Object.entries(MAKERS))("%s", (_, make) => {
  test.each([2, 7])(
    "goes on after %i steps, a file and JSON to the bits of a run without a break, whatever options it was made with",
    (pause) => {
      for (const own of engines) {
        const whole = parametersOf(own);
        const optimizer = make(whole, { lr: 0.02, weightDecay: 0.01 });
        for (let k = 0; k < pause; k++) advance(whole, optimizer, k);
        const broken = copyOf(whole);
        const resumed = make(broken, {});
        resumed.loadStateDict(stored(optimizer.stateDict()));
        for (let k = pause; k < pause + 6; k++) {
          advance(whole, optimizer, k);
          advance(broken, resumed, k);
        }
        expectSame(broken, whole);
        expect(resumed.stateDict().values).toEqual(optimizer.stateDict().values);
        for (const each of [...whole, ...broken, optimizer, resumed]) each.dispose();
      }
    },
  );
});

describe("what does not fit is refused, and nothing has changed", () => {
  type State = { tensors: ReturnType<typeof readStateDict>; values: OptimizerValues<never> };
  const groups = (parameters: Tensor[]) => [{ params: parameters.slice(0, 2) }, { params: parameters.slice(2), lr: 0.5 }];
  const make = () => {
    const parameters = parametersOf(engine);
    const optimizer = new Adam(groups(parameters), { lr: 0.01 });
    for (let k = 0; k < 4; k++) advance(parameters, optimizer, k);
    return { parameters, optimizer };
  };
  const wrong: [string, RegExp, new (message: string) => Error, (state: State) => unknown][] = [
    [
      "another optimizer",
      /Adam.loadStateDict: state of SGD over \[2,1\] parameters, wants Adam over \[2,1\]/,
      FormatError,
      (s) => Object.assign(s.values, { optimizer: "SGD" }),
    ],
    [
      "other groups",
      /Adam over \[2\] parameters, wants Adam over \[2,1\]/,
      FormatError,
      (s) => Object.assign(s.values, { groups: s.values.groups.slice(1).map((g) => ({ ...g, parameters: 2 })) }),
    ],
    ["a missing tensor", /missing keys: 1.exp_avg; unexpected keys: none/, FormatError, (s) => s.tensors.delete("1.exp_avg")],
    ["a tensor too many", /unexpected keys: 9.exp_avg/, FormatError, (s) => s.tensors.set("9.exp_avg", s.tensors.get("0.exp_avg")!)],
    [
      "another shape",
      /0.exp_avg has shape \[7\], wants \[5, 3\]/,
      ShapeError,
      (s) => s.tensors.set("0.exp_avg", s.tensors.get("1.exp_avg")!),
    ],
    [
      "a bad step",
      /step of parameter 1 -1, wants a whole number from 0/,
      ConfigError,
      (s) => Object.assign(s.values.states[1]!, { step: -1 }),
    ],
    ["a missing state", /values are incomplete/, FormatError, (s) => Object.assign(s.values, { states: s.values.states.slice(0, 2) })],
    [
      "a bad power",
      /beta1 undefined, wants a number from 0/,
      ConfigError,
      (s) => Object.assign(s.values.states[0]!, { numbers: { beta1: null } }),
    ],
    ["a bad option", /Adam: lr -1/, ConfigError, (s) => Object.assign(s.values.groups[1]!.options, { lr: -1 })],
  ];
  test.each(wrong)("%s", (_, message, kind, spoil) => {
    const { parameters, optimizer } = make();
    const before = stored(optimizer.stateDict());
    const { inUse } = engine.memoryUse();
    const state = stored(optimizer.stateDict()) as unknown as State;
    spoil(state);
    expect(() => optimizer.loadStateDict(state as never)).toThrowError(message);
    expect(() => optimizer.loadStateDict(state as never)).toThrowError(kind);
    expect(stored(optimizer.stateDict())).toEqual(before);
    expect(engine.memoryUse().inUse).toBe(inUse);
    optimizer.dispose();
    for (const parameter of parameters) parameter.dispose();
  });

  test("a state of its own is taken back: an earlier one undoes steps, a fresh optimizer's forgets", () => {
    const { parameters, optimizer } = make();
    const [saved, weights] = [stored(optimizer.stateDict()), copyOf(parameters)];
    advance(parameters, optimizer, 4);
    const after = copyOf(parameters);
    optimizer.loadStateDict(saved);
    parameters.forEach((parameter, i) => void parameter.assign(weights[i]!));
    advance(parameters, optimizer, 4);
    expectSame(parameters, after);
    optimizer.loadStateDict(new Adam(groups(parametersOf(engine)), { lr: 0.01 }).stateDict());
    expect(optimizer.state(parameters[0]!)).toBeUndefined();
  });
});

describe("schedulers", () => {
  test("a schedule goes on with the optimizer it drives, rates and momentum to the bit", () => {
    const schedules = [() => withWarmup(cosineAnnealingLR({ tMax: 9 }), { steps: 3 }), () => oneCycleLR({ maxLr: 0.3, totalSteps: 20 })];
    for (const schedule of schedules) {
      const make = () => {
        const parameters = parametersOf(engine);
        const optimizer = new SGD([{ params: parameters.slice(0, 1) }, { params: parameters.slice(1), lr: 0.7 }], {
          lr: 0.1,
          momentum: 0.9,
        });
        return { parameters, optimizer, scheduler: new Scheduler(optimizer, schedule()) };
      };
      const [whole, broken] = [make(), make()];
      const run = ({ parameters, optimizer, scheduler }: typeof whole, k: number) => {
        advance(parameters, optimizer, k);
        scheduler.step();
      };
      for (let k = 0; k < 5; k++) run(whole, k);
      broken.parameters.forEach((parameter, i) => void parameter.assign(whole.parameters[i]!));
      broken.optimizer.loadStateDict(stored(whole.optimizer.stateDict()));
      broken.scheduler.loadStateDict(JSON.parse(JSON.stringify(whole.scheduler.stateDict())));
      for (let k = 5; k < 12; k++) {
        run(whole, k);
        run(broken, k);
        expect(broken.optimizer.groups.map(({ options }) => options)).toEqual(whole.optimizer.groups.map(({ options }) => options));
      }
      expectSame(broken.parameters, whole.parameters);
    }
  });

  test("a scheduler made after the optimizer was loaded takes its bases from the state, not from the rate of the moment", () => {
    const optimizer = new SGD([parametersOf(engine)[0]!], { lr: 0.05 });
    const scheduler = new Scheduler(optimizer, cosineAnnealingLR({ tMax: 10 }));
    scheduler.loadStateDict({ k: 10, bases: [1] });
    expect(optimizer.lr).toBe(0);
    scheduler.k = 0;
    expect(optimizer.lr).toBe(1);
  });

  test("a scheduler's state for other groups or out of range is refused, and nothing has changed", () => {
    const optimizer = new SGD([parametersOf(engine)[0]!], { lr: 1 });
    const scheduler = new Scheduler(optimizer, oneCycleLR({ maxLr: 0.3, totalSteps: 5 }));
    scheduler.step();
    const [lr, state] = [optimizer.lr, scheduler.stateDict()];
    expect(() => scheduler.loadStateDict({ k: 1, bases: [1, 2] })).toThrowError(/rates of 2 groups, wants 1/);
    expect(() => scheduler.loadStateDict({ k: -1, bases: [1] })).toThrowError(ConfigError);
    expect(() => scheduler.loadStateDict({ k: 1, bases: [Number.NaN] })).toThrowError(ConfigError);
    expect(() => scheduler.loadStateDict({ k: 6, bases: [1] })).toThrowError(/step 6, wants at most totalSteps 5/);
    expect(() => {
      scheduler.k = 6;
    }).toThrowError(ConfigError);
    expect([optimizer.lr, scheduler.stateDict()]).toEqual([lr, state]);
  });

  test("a reduction on a plateau goes on where it was, before its first metric too", () => {
    const metrics = [3, 2, 2, 2.5, 2, 1.9, 2, 2, 2, 2, 2, 1, 1, 1, 1];
    for (const mode of ["min", "max"] as const) {
      for (let pause = 0; pause < metrics.length; pause++) {
        const make = () => {
          const optimizer = new SGD([parametersOf(engine)[0]!], { lr: 1 });
          return { optimizer, plateau: new ReduceLROnPlateau(optimizer, { mode, factor: 0.5, patience: 1, cooldown: 1 }) };
        };
        const [whole, broken] = [make(), make()];
        const at = (k: number) => (mode === "min" ? metrics[k]! : -metrics[k]!);
        for (let k = 0; k < pause; k++) whole.plateau.step(at(k));
        broken.optimizer.loadStateDict(stored(whole.optimizer.stateDict()));
        broken.plateau.loadStateDict(JSON.parse(JSON.stringify(whole.plateau.stateDict())));
        for (let k = pause; k < metrics.length; k++) {
          whole.plateau.step(at(k));
          broken.plateau.step(at(k));
          expect(broken.optimizer.lr, `pause ${pause}, step ${k}`).toBe(whole.optimizer.lr);
        }
        expect(whole.optimizer.lr).toBeLessThan(1);
      }
    }
  });

  test("a plateau's state out of range is refused; a NaN metric is never better, as PyTorch's", () => {
    const optimizer = new SGD([parametersOf(engine)[0]!], { lr: 1 });
    const plateau = new ReduceLROnPlateau(optimizer, { patience: 0 });
    const bad = [{ best: "two" }, { bad: -1 }, { cooling: 0.5 }];
    for (const part of bad) expect(() => plateau.loadStateDict({ best: "2", bad: 0, cooling: 0, ...part })).toThrowError(ConfigError);
    expect(plateau.stateDict()).toEqual({ best: "Infinity", bad: 0, cooling: 0 });
    plateau.step(Number.NaN);
    expect(optimizer.lr).toBeCloseTo(0.1, 12);
    plateau.step(1);
    expect(plateau.stateDict().best).toBe("1");
  });
});

test("malformed values come out as errors of recurra's own", () => {
  const optimizer = new Adam(parametersOf(engine));
  const { tensors, values } = stored(optimizer.stateDict());
  const [group] = values.groups;
  const spoiled = [
    null,
    [],
    { ...values, groups: null },
    { ...values, groups: [{ ...group, options: null }] },
    { ...values, states: {} },
    { ...values, states: [{}, null, null] },
    { ...values, states: [{ step: 1 }, null, null] },
    { ...values, states: [7, null, null] },
  ];
  for (const bad of spoiled) {
    const attempt = () => optimizer.loadStateDict({ tensors, values: bad as never });
    expect(attempt, JSON.stringify(bad)).toThrowError(/^Adam(\.loadStateDict)?: /);
    try {
      attempt();
    } catch (error) {
      expect(isRecurraError(error), String(error)).toBe(true);
    }
  }
  const scheduler = new Scheduler(optimizer, cosineAnnealingLR({ tMax: 3 }));
  for (const bases of [undefined, null, "ab", [null]])
    expect(() => scheduler.loadStateDict({ k: 0, bases } as never)).toThrowError(ConfigError);
});
