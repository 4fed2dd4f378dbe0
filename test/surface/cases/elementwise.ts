/** Operations element by element, and arithmetic with broadcasting. */
import type { Tensor } from "../../../src/index.js";
import type { Draw } from "../draw.js";
import { away, type Spread } from "../numbers.js";
import type { Case, Cases, Rows } from "../trial.js";

const positive: Spread = (u) => Math.abs(u) + 0.5;

const unary =
  (spread?: Spread): Case<(x: Tensor) => Tensor> =>
  (fn, draw) => ({ run: (x) => fn(x!), inputs: [draw.leaf(draw.shape(draw.from([0, 1])), spread)], rows: 0 });

/** With numbers beside the tensor, and a spread that knows them. */
const withNumbers =
  <N extends readonly (number | undefined)[]>(
    choices: readonly N[],
    spread: (...numbers: N) => Spread,
  ): Case<(x: Tensor, ...numbers: N) => Tensor> =>
  (fn, draw) => {
    const numbers = draw.each(choices);
    return { run: (x) => fn(x!, ...numbers), inputs: [draw.leaf(draw.shape(), spread(...numbers))], rows: 0 };
  };

/** Two operands that broadcast: either may have extent 1 along any axis, one may lack leading axes. */
function operands(draw: Draw, spread?: Spread): { inputs: Tensor[]; rows: Rows } {
  const shape = draw.shape();
  const thin = () => shape.map((extent) => (draw.int(0, 2) === 0 ? 1 : extent));
  const shapes = [thin(), thin()] as [number[], number[]];
  shapes[draw.int(0, 1)]!.splice(0, draw.int(0, 2));
  const rank = Math.max(...shapes.map(({ length }) => length));
  const first = Math.max(...shapes.map((own) => (own.length === rank ? (own[0] ?? 1) : 1)));
  const axis = (own: readonly number[]) => (own.length === rank && own[0] === first ? 0 : null);
  return {
    inputs: [draw.leaf(shapes[0]), draw.leaf(shapes[1], spread)],
    rows: rank === 0 ? "numbers have no rows" : { inputs: shapes.map(axis), outputs: [0] },
  };
}

const binary =
  (spread?: Spread): Case<(a: Tensor, b: Tensor) => Tensor> =>
  (fn, draw) => ({ run: (a, b) => fn(a!, b!), ...operands(draw, spread) });

export const elementwise = {
  add: binary(),
  sub: binary(),
  mul: binary(),
  div: binary((u, i) => (i % 2 === 0 ? 1 : -1) * positive(u, i)),
  neg: unary(),
  affine: withNumbers<[number, number?]>([[-1.5, 0.25], [2], [0, 1]], () => (u) => u),
  exp: unary((u) => 2 * u),
  log: unary(positive),
  sqrt: unary(positive),
  tanh: unary((u) => 2 * u),
  sigmoid: unary((u) => 4 * u),
  relu: unary(away(1, 0)),
  leakyRelu: withNumbers<[number?]>([[0.1], [], [-0.5], [0]], () => away(1, 0)),
  elu: withNumbers<[number?]>([[1.5], [], [-0.5]], () => away(2, 0)),
  gelu: unary((u) => 3 * u),
  softplus: unary((u) => 4 * u),
  hardTanh: withNumbers<[number?, number?]>([[-1, 1.5], [], [-0.5, 0.75]], (low = -1, high = 1) => away(3, low, high)),
  hardSigmoid: unary(away(6, -3, 3)),
  logSigmoid: unary((u) => 4 * u),
  silu: unary((u) => 4 * u),
  abs: unary(away(1, 0)),
  clamp: withNumbers<[number, number]>(
    [
      [-0.9, 0.9],
      [0.5, Number.POSITIVE_INFINITY],
      [Number.NEGATIVE_INFINITY, -0.25],
    ],
    (low, high) => away(2, low, high),
  ),
  dropout: (dropout, draw) => {
    const p = draw.each([0.4, 0, 1]);
    return {
      run: (x) => dropout(x!, p),
      inputs: [draw.leaf(draw.shape(0))],
      training: draw.each([true, false]),
      rows: "the mask goes by the place in the whole tensor",
    };
  },
} satisfies Cases;
