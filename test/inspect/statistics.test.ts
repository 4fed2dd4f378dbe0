import { afterAll, describe, expect, test } from "vitest";
import { backward, createEngine, Linear, Module, mul, SGD, sum, type Tensor, tensor } from "../../src/index.js";
import { snapshot, statistics } from "../../src/inspect/index.js";

const engine = await createEngine({ seed: 1 });
afterAll(() => engine.dispose());

class Tied extends Module {
  readonly first = new Linear(engine, { inFeatures: 2, outFeatures: 2 });
  readonly second = new Linear(engine, { inFeatures: 2, outFeatures: 2, bias: false });

  constructor() {
    super();
    (this.second as { weight: Tensor }).weight = this.first.weight;
    this.first.weight.assign([3, -4, 0, 1]);
    this.first.bias!.assign([Number.NaN, Number.POSITIVE_INFINITY]);
  }
}

describe("statistics", () => {
  test("each parameter once, its numbers worked out by hand, NaN and infinities counted apart", () => {
    const { parameters } = statistics(new Tied());
    expect(parameters.map(({ name, shape, trainable }) => [name, shape, trainable])).toEqual([
      ["first.weight", [2, 2], true],
      ["first.bias", [2], true],
    ]);
    const [weight, bias] = parameters.map((own) => own.weight) as [(typeof parameters)[0]["weight"], (typeof parameters)[0]["weight"]];
    expect(weight).toEqual({
      count: 4,
      norm: Math.sqrt(26),
      mean: 0,
      std: Math.sqrt(6.5),
      min: -4,
      max: 3,
      zeros: 0.25,
      nans: 0,
      infinities: 0,
    });
    expect([bias.count, bias.nans, bias.infinities, bias.zeros]).toEqual([2, 1, 1, 0]);
    for (const value of [bias.norm, bias.mean, bias.std, bias.min, bias.max]) expect(value).toBeNaN();
    expect(parameters.every(({ gradient, updateRatio }) => gradient === null && updateRatio === null)).toBe(true);
  });

  test("gradients and the share by which an update moves the weights", () => {
    const layer = new Linear(engine, { inFeatures: 2, outFeatures: 1, bias: false });
    layer.weight.assign([3, 4]);
    const before = snapshot(layer);
    const optimizer = new SGD(layer.parameters(), { lr: 0.5 });
    engine.step(() => {
      backward(sum(mul(layer.weight, tensor(engine, [0, 2], [1, 2]))));
      optimizer.step();
    });
    const [only] = statistics(layer, { before }).parameters;
    expect(only!.gradient).toMatchObject({ norm: 2, mean: 1, std: 1, min: 0, max: 2, zeros: 0.5 });
    // The update moved the weights by [0, -1], from a norm of 5.
    expect(only!.updateRatio).toBe(0.2);
    expect(statistics(layer, { before: snapshot(layer) }).parameters[0]!.updateRatio).toBe(0);
    expect(String(statistics(layer, { before })).split("\n")).toEqual([
      "parameter  shape   norm  mean  std   min   max  zeros  grad norm  grad std  grad zeros  update  NaN, Inf",
      "---------  ------  ----  ----  ---  ----  ----  -----  ---------  --------  ----------  ------  --------",
      "weight     [1, 2]  4.24  3.00    0  3.00  3.00  0.0 %       2.00      1.00      50.0 %   0.200         0",
    ]);
  });

  test("a snapshot of another model is refused", () => {
    const layer = new Linear(engine, { inFeatures: 2, outFeatures: 1 });
    expect(() => statistics(layer, { before: new Map() })).toThrowError(/statistics: weight is missing in before, wants 2 elements/);
    expect(() => statistics(layer, { before: new Map([["weight", [1]]]) })).toThrowError(/weight has 1 elements in before, wants 2/);
    expect(() => statistics(layer, { after: 1 } as never)).toThrowError(/unknown option after/);
  });
});
