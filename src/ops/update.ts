/** What optimizers and clipping do to memory: one pass over each parameter. */
import type { Kernels, Ptr } from "../engine/kernels.js";
import { pow } from "../engine/scalar.js";
import { StateError } from "../errors.js";
import { Tensor } from "../tensor/tensor.js";
import { KINDS } from "./activation.js";

/** A persistent block of zeros of the parameter's size: momentum and the like. */
export function stateLike(parameter: Tensor): Tensor {
  const { engine } = parameter;
  const state = new Tensor(engine, parameter.shape, "f32", engine.allocatePersistent(parameter.size * 4, "optimizer"));
  const start = state.address("optimizer") >>> 2;
  engine.memory.f32.fill(0, start, start + state.size);
  return state;
}

function gradientOf(parameter: Tensor): Tensor {
  if (parameter.grad === null) throw new StateError("optimizer: parameter has no gradient, wants backward() first");
  return parameter.grad;
}

/** Runs one optimizer kernel over a parameter: `at` gives addresses, 0 for what is absent. */
function run(
  name: string,
  parameter: Tensor,
  kernel: (kernels: Kernels, at: (state: Tensor | undefined) => Ptr, p: Ptr, g: Ptr, n: number) => void,
): void {
  const at = (tensor: Tensor | undefined) => tensor?.address(name) ?? 0;
  kernel(parameter.engine.kernels, at, at(parameter), at(gradientOf(parameter)), parameter.size);
  parameter.storage.version++;
}

const bit = (value: boolean): 0 | 1 => (value ? 1 : 0);

/** What every update takes. */
interface Update {
  readonly lr: number;
  readonly weightDecay: number;
  readonly maximize: boolean;
}

export interface SgdUpdate extends Update {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
}

/** @param first the first update: the buffer starts as the gradient */
export function sgdUpdate(parameter: Tensor, buffer: Tensor | undefined, first: boolean, o: SgdUpdate): void {
  run("SGD", parameter, (kernels, at, p, g, n) => {
    kernels.sgd(p, g, at(buffer), n, o.lr, o.momentum, o.dampening, o.weightDecay, bit(o.nesterov), bit(first), bit(o.maximize));
  });
}

export interface AdamUpdate extends Update {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly stepSize: number;
  /** sqrt(1 - beta2^t). */
  readonly root: number;
  readonly decoupled: boolean;
  /** The gradient's own part beside the first moment (NAdam). */
  readonly share: number;
}

/** @param top the largest second moment so far (AMSGrad) */
export function adamUpdate(parameter: Tensor, m: Tensor, v: Tensor, top: Tensor | undefined, o: AdamUpdate): void {
  const decay = o.decoupled ? o.lr * o.weightDecay : o.weightDecay;
  const [beta1, beta2] = o.betas;
  run("Adam", parameter, (kernels, at, p, g, n) => {
    const moments = [at(m), at(v), at(top)] as const;
    kernels.adam(p, g, ...moments, n, o.stepSize, beta1, beta2, o.eps, o.root, decay, bit(o.decoupled), o.share, bit(o.maximize));
  });
}

export interface AdamaxUpdate extends Update {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly stepSize: number;
}

export function adamaxUpdate(parameter: Tensor, m: Tensor, u: Tensor, o: AdamaxUpdate): void {
  run("Adamax", parameter, (kernels, at, p, g, n) => {
    kernels.adamax(p, g, at(m), at(u), n, o.stepSize, o.betas[0], o.betas[1], o.eps, o.weightDecay, bit(o.maximize));
  });
}

export function lionUpdate(parameter: Tensor, m: Tensor, o: Update & { readonly betas: readonly [number, number] }): void {
  run("Lion", parameter, (kernels, at, p, g, n) => {
    kernels.lion(p, g, at(m), n, o.lr, o.betas[0], o.betas[1], o.lr * o.weightDecay, bit(o.maximize));
  });
}

export interface RmspropUpdate extends Update {
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
}

export function rmspropUpdate(parameter: Tensor, sq: Tensor, mean: Tensor | undefined, buffer: Tensor | undefined, o: RmspropUpdate): void {
  run("RMSprop", parameter, (kernels, at, p, g, n) => {
    kernels.rmsprop(p, g, at(sq), at(mean), at(buffer), n, o.lr, o.alpha, o.eps, o.weightDecay, o.momentum, bit(o.maximize));
  });
}

export function adagradUpdate(parameter: Tensor, sum: Tensor, o: Update & { readonly eps: number }): void {
  run("Adagrad", parameter, (kernels, at, p, g, n) => kernels.adagrad(p, g, at(sum), n, o.lr, o.eps, o.weightDecay, bit(o.maximize)));
}

export function adadeltaUpdate(
  parameter: Tensor,
  sq: Tensor,
  acc: Tensor,
  o: Update & { readonly rho: number; readonly eps: number },
): void {
  run("Adadelta", parameter, (kernels, at, p, g, n) => {
    kernels.adadelta(p, g, at(sq), at(acc), n, o.lr, o.rho, o.eps, o.weightDecay, bit(o.maximize));
  });
}

/** The p-norm over the elements of all tensors, in float64; p Infinity is the largest magnitude. NaN when an element is. */
export function globalNorm(tensors: readonly Tensor[], p = 2): number {
  let total = 0;
  if (p === 2) {
    for (const tensor of tensors) total += tensor.engine.kernels.sumSquares(tensor.address("globalNorm"), tensor.size);
    return Math.sqrt(total);
  }
  for (const tensor of tensors) {
    for (const value of tensor.data()) {
      const size = Math.abs(value);
      if (p === Number.POSITIVE_INFINITY) total = Math.max(total, size);
      else total += p === 1 ? size : size === 0 ? 0 : pow(size, p);
    }
  }
  return p === 1 || p === Number.POSITIVE_INFINITY || total === 0 ? total : pow(total, 1 / p);
}

/** Limits every element to -limit … limit, in place; NaN stays. */
export function limitInPlace(tensor: Tensor, limit: number): void {
  const ptr = tensor.address("limitInPlace");
  tensor.engine.kernels.activation(ptr, ptr, tensor.size, KINDS.clamp, -limit, limit);
  tensor.storage.version++;
}

/** Multiplies a tensor by a number, in place. */
export function scaleInPlace(tensor: Tensor, factor: number): void {
  const ptr = tensor.address("scaleInPlace");
  tensor.engine.kernels.axpby(ptr, ptr, tensor.size, factor, 0);
  tensor.storage.version++;
}
