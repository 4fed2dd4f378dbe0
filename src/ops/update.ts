/** What optimizers and clipping do to memory: one pass over each parameter. */
import { StateError } from "../errors.js";
import { Tensor } from "../tensor/tensor.js";

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

export interface SgdUpdate {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** @param first the first update: the buffer starts as the gradient */
export function sgdUpdate(parameter: Tensor, buffer: Tensor | null, first: boolean, options: SgdUpdate): void {
  const { lr, momentum, dampening, weightDecay, nesterov } = options;
  const [p, g, buf] = [parameter.address("SGD"), gradientOf(parameter).address("SGD"), buffer?.address("SGD") ?? 0];
  parameter.engine.kernels.sgd(p, g, buf, parameter.size, lr, momentum, dampening, weightDecay, nesterov ? 1 : 0, first ? 1 : 0);
  parameter.storage.version++;
}

export interface AdamUpdate {
  readonly stepSize: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly rootCorrection2: number;
  readonly decay: number;
  readonly decoupled: boolean;
}

export function adamUpdate(parameter: Tensor, m: Tensor, v: Tensor, options: AdamUpdate): void {
  const { stepSize, beta1, beta2, eps, rootCorrection2, decay, decoupled } = options;
  const at = (tensor: Tensor) => tensor.address("Adam");
  parameter.engine.kernels.adam(
    at(parameter),
    at(gradientOf(parameter)),
    at(m),
    at(v),
    parameter.size,
    stepSize,
    beta1,
    beta2,
    eps,
    rootCorrection2,
    decay,
    decoupled ? 1 : 0,
  );
  parameter.storage.version++;
}

/** Square root of the sum of squares over all tensors, in float64. */
export function globalNorm(tensors: readonly Tensor[]): number {
  let total = 0;
  for (const tensor of tensors) total += tensor.engine.kernels.sumSquares(tensor.address("globalNorm"), tensor.size);
  return Math.sqrt(total);
}

/** Multiplies a tensor by a number, in place. */
export function scaleInPlace(tensor: Tensor, factor: number): void {
  const ptr = tensor.address("scaleInPlace");
  tensor.engine.kernels.axpby(ptr, ptr, tensor.size, factor, 0);
  tensor.storage.version++;
}
