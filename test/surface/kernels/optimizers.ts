/** Random calls of the optimizer kernels. */
import type { Kernels, Ptr } from "../../../src/engine/kernels.js";
import type { Block, Blocks, Generator } from "./blocks.js";

type OptimizerKernel = "sgd" | "adam" | "adamax" | "lion" | "rmsprop" | "adagrad" | "adadelta";
type Draw<T> = (draw: Blocks) => T;

/** A parameter, its gradient and the optimizer's state, all of which are compared. */
function state(draw: Blocks, blocks: number, absent: readonly number[] = []) {
  const n = draw.count();
  const gradient = draw.f32(n);
  const own = Array.from({ length: blocks }, (_, i): Block => {
    // Second moments and the like are never negative, but may be any special number.
    const block = draw.f32(n, i === 0 ? (u) => u : (u) => Math.abs(u));
    return absent.includes(i) ? draw.maybe(block) : block;
  });
  return { n, gradient, own };
}

const present = (blocks: readonly Ptr[], n: number) => blocks.filter((ptr) => ptr !== 0).map((ptr) => [ptr, n] as const);

/** @param blocks parameter and state @param absent those of them that may be left out @param scalars the arguments after n */
const call =
  (name: OptimizerKernel, blocks: number, absent: readonly number[], scalars: readonly Draw<number>[]): Generator =>
  (draw) => {
    const { n, gradient, own } = state(draw, blocks, absent);
    const numbers = scalars.map((scalar) => scalar(draw));
    return (rig) => {
      const [p, ...kept] = own.map((block) => block(rig)) as [Ptr, ...Ptr[]];
      (rig.kernels[name] as (...given: number[]) => void)(p, gradient(rig), ...kept, n, ...numbers);
      return present([p, ...kept], n);
    };
  };

const rate: Draw<number> = (d) => d.from([0, 0.1, d.number(0, 1), 1e-3 * d.number(0, 1), 10]);
const decay: Draw<number> = (d) => d.from([0, 0, d.number(0, 0.1)]);
const beta: Draw<number> = (d) => d.from([0, 0.9, 0.999, d.number(0, 1)]);
const eps: Draw<number> = (d) => d.from([0, 1e-8, 1e-3]);
const bit: Draw<number> = (d) => d.int(0, 1);
/** sqrt(1 - beta2^t), or RAdam's Infinity while the variance is unknown. */
const root: Draw<number> = (d) => d.from([1, d.number(0, 1), Number.POSITIVE_INFINITY]);
const share: Draw<number> = (d) => d.from([0, d.number(0, 1)]);

export const OPTIMIZER_CALLS: Pick<{ readonly [K in keyof Kernels]: Generator }, OptimizerKernel> = {
  sgd: (draw) => {
    const momentum = draw.from([0, 0.9, draw.number(0, 1)]);
    const { n, gradient, own } = state(draw, momentum === 0 ? 1 : 2);
    const nesterov = momentum === 0 ? 0 : bit(draw);
    const [lr, dampening, weightDecay] = [rate(draw), draw.from([0, draw.number(0, 1)]), decay(draw)];
    const [first, maximize] = [bit(draw), bit(draw)];
    return (rig) => {
      const [p, buf = 0] = own.map((block) => block(rig)) as [Ptr, Ptr?];
      rig.kernels.sgd(p, gradient(rig), buf, n, lr, momentum, dampening, weightDecay, nesterov, first, maximize);
      return present([p, buf], n);
    };
  },
  adam: call("adam", 4, [3], [rate, beta, beta, eps, root, decay, bit, share, bit]),
  adamax: call("adamax", 3, [], [rate, beta, beta, eps, decay, bit]),
  lion: call("lion", 2, [], [rate, beta, beta, decay, bit]),
  rmsprop: call("rmsprop", 4, [2, 3], [rate, beta, eps, decay, beta, bit]),
  adagrad: call("adagrad", 2, [], [rate, eps, decay, bit]),
  adadelta: call("adadelta", 3, [], [rate, beta, eps, decay, bit]),
};
