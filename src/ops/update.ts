/** What optimizers and clipping do to memory: one pass over each parameter. */
import type { Kernels, Ptr } from "../engine/kernels.js";
import { pow } from "../engine/scalar.js";
import { StateError } from "../errors.js";
import { RowSparse } from "../tensor/row-sparse.js";
import { type Gradient, Tensor } from "../tensor/tensor.js";
import { KINDS } from "./activation.js";
import { overRows } from "./rows.js";

/** A persistent block of zeros of the parameter's size: momentum and the like. */
export function stateLike(parameter: Tensor): Tensor {
  const { engine } = parameter;
  const state = new Tensor(engine, parameter.shape, "f32", engine.allocatePersistent(parameter.size * 4, "optimizer"));
  const start = state.address("optimizer") >>> 2;
  engine.memory.f32.fill(0, start, start + state.size);
  return state;
}

function gradientOf(parameter: Tensor): Gradient {
  if (parameter.grad === null) throw new StateError("optimizer: parameter has no gradient, wants backward() first");
  return parameter.grad;
}

/** What differs from one run of rows to the next: addresses of parameter, gradient and up to three states (0: absent), and elements. */
type Update = (kernels: Kernels, n: number, p: Ptr, g: Ptr, a: Ptr, b: Ptr, c: Ptr) => void;

/** Runs one optimizer kernel over a parameter: at once, or, where the gradient has rows, from row to row. */
function run(name: string, parameter: Tensor, states: readonly (Tensor | undefined)[], { lazy }: UpdateOptions, update: Update): void {
  const { engine, size } = parameter;
  const gradient = gradientOf(parameter);
  const [a, b, c] = [0, 1, 2].map((i) => states[i]?.address(name) ?? 0) as [Ptr, Ptr, Ptr];
  const p = parameter.address(name);
  const part = (kernels: Kernels, start: number, n: number, g: Ptr) => {
    const offset = start * 4;
    const from = (state: Ptr) => (state === 0 ? 0 : state + offset);
    update(kernels, n, p + offset, g, from(a), from(b), from(c));
  };
  if (gradient instanceof RowSparse) overRows(name, gradient, lazy, (g, start, n) => part(engine.kernels, start, n, g));
  else {
    const g = gradient.address(name);
    engine.split(size, 4, size * UPDATE_FLOPS, ({ kernels }, begin, end) => part(kernels, begin, end - begin, g + begin * 4));
  }
  parameter.storage.version++;
}

/** Cost of an element's update beside that of a product, for the choice of threads. */
const UPDATE_FLOPS = 20;

const bit = (value: boolean): 0 | 1 => (value ? 1 : 0);

/** What every update takes. */
interface UpdateOptions {
  readonly lr: number;
  readonly weightDecay: number;
  readonly maximize: boolean;
  readonly lazy: boolean;
}

export interface SgdUpdate extends UpdateOptions {
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
}

/** @param first the first update: the buffer starts as the gradient */
export function sgdUpdate(parameter: Tensor, buffer: Tensor | undefined, first: boolean, o: SgdUpdate): void {
  run("SGD", parameter, [buffer], o, (kernels, n, p, g, buf) => {
    kernels.sgd(p, g, buf, n, o.lr, o.momentum, o.dampening, o.weightDecay, bit(o.nesterov), bit(first), bit(o.maximize));
  });
}

export interface AdamUpdate extends UpdateOptions {
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
  run("Adam", parameter, [m, v, top], o, (kernels, n, p, g, first, second, largest) => {
    kernels.adam(
      p,
      g,
      first,
      second,
      largest,
      n,
      o.stepSize,
      beta1,
      beta2,
      o.eps,
      o.root,
      decay,
      bit(o.decoupled),
      o.share,
      bit(o.maximize),
    );
  });
}

export interface AdamaxUpdate extends UpdateOptions {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly stepSize: number;
}

export function adamaxUpdate(parameter: Tensor, m: Tensor, u: Tensor, o: AdamaxUpdate): void {
  run("Adamax", parameter, [m, u], o, (kernels, n, p, g, first, norm) => {
    kernels.adamax(p, g, first, norm, n, o.stepSize, o.betas[0], o.betas[1], o.eps, o.weightDecay, bit(o.maximize));
  });
}

export function lionUpdate(parameter: Tensor, m: Tensor, o: UpdateOptions & { readonly betas: readonly [number, number] }): void {
  run("Lion", parameter, [m], o, (kernels, n, p, g, first) => {
    kernels.lion(p, g, first, n, o.lr, o.betas[0], o.betas[1], o.lr * o.weightDecay, bit(o.maximize));
  });
}

export interface RmspropUpdate extends UpdateOptions {
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
}

export function rmspropUpdate(parameter: Tensor, sq: Tensor, mean: Tensor | undefined, buffer: Tensor | undefined, o: RmspropUpdate): void {
  run("RMSprop", parameter, [sq, mean, buffer], o, (kernels, n, p, g, square, centre, buf) => {
    kernels.rmsprop(p, g, square, centre, buf, n, o.lr, o.alpha, o.eps, o.weightDecay, o.momentum, bit(o.maximize));
  });
}

export function adagradUpdate(parameter: Tensor, sum: Tensor, o: UpdateOptions & { readonly eps: number }): void {
  run("Adagrad", parameter, [sum], o, (kernels, n, p, g, total) =>
    kernels.adagrad(p, g, total, n, o.lr, o.eps, o.weightDecay, bit(o.maximize)),
  );
}

export function adadeltaUpdate(
  parameter: Tensor,
  sq: Tensor,
  acc: Tensor,
  o: UpdateOptions & { readonly rho: number; readonly eps: number },
): void {
  run("Adadelta", parameter, [sq, acc], o, (kernels, n, p, g, square, delta) => {
    kernels.adadelta(p, g, square, delta, n, o.lr, o.rho, o.eps, o.weightDecay, bit(o.maximize));
  });
}

/** Elements that are kept: of a row-sparse gradient those of its rows. */
const kept = (gradient: Gradient): number => (gradient instanceof RowSparse ? gradient.count * gradient.dim : gradient.size);

function sumSquares(gradient: Gradient): number {
  const { kernels } = gradient.engine;
  const ptr = gradient.address("globalNorm");
  if (!(gradient instanceof RowSparse)) return kernels.sumSquares(ptr, gradient.size);
  return kernels.sumSquaresRows(ptr, gradient.rowsAddress("globalNorm"), gradient.count, gradient.dim);
}

/** The p-norm over the elements of all gradients, in float64; p Infinity is the largest magnitude. NaN when an element is. Row-sparse as dense, to the bit. */
export function globalNorm(gradients: readonly Gradient[], p = 2): number {
  let total = 0;
  if (p === 2) {
    for (const gradient of gradients) total += sumSquares(gradient);
    return Math.sqrt(total);
  }
  for (const gradient of gradients) {
    for (const value of gradient instanceof RowSparse ? gradient.values() : gradient.data()) {
      const size = Math.abs(value);
      if (p === Number.POSITIVE_INFINITY) total = Math.max(total, size);
      else total += p === 1 ? size : size === 0 ? 0 : pow(size, p);
    }
  }
  return p === 1 || p === Number.POSITIVE_INFINITY || total === 0 ? total : pow(total, 1 / p);
}

/** Limits every element to -limit … limit, in place; NaN stays. */
export function limitInPlace(gradient: Gradient, limit: number): void {
  const ptr = gradient.address("limitInPlace");
  gradient.engine.kernels.activation(ptr, ptr, kept(gradient), KINDS.clamp, -limit, limit);
  gradient.storage.version++;
}

/** Multiplies what is kept of a gradient by a number, in place. */
export function scaleInPlace(gradient: Gradient, factor: number): void {
  const ptr = gradient.address("scaleInPlace");
  gradient.engine.kernels.axpby(ptr, ptr, kept(gradient), factor, 0);
  gradient.storage.version++;
}

const PIECE = 16384;

/** average += share·(tensor - average): an average that has come to rest stays, which beta·average + alpha·tensor would not. */
export function approach(average: Tensor, tensor: Tensor, share: number): void {
  const { engine, size } = tensor;
  const [to, from] = [average.address("approach"), tensor.address("approach")];
  engine.scoped(() => {
    const difference = engine.scratch(PIECE * 4);
    for (let done = 0; done < size; done += PIECE) {
      const n = Math.min(PIECE, size - done);
      engine.kernels.sub(difference, from + done * 4, to + done * 4, n);
      engine.kernels.axpby(to + done * 4, difference, n, share, 1);
    }
  });
  average.storage.version++;
}
