import { ConfigError } from "../errors.js";
import { adamUpdate, stateLike } from "../ops/update.js";
import { checkOptions, inRange } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { Optimizer } from "./optimizer.js";

export interface AdamOptions {
  /** Default 0.001. */
  readonly lr?: number;
  /** Decay rates of the first and second moment. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Adam: L2 penalty added to the gradient, default 0. AdamW: the share taken off the parameter, default 0.01. */
  readonly weightDecay?: number;
}

interface Moments {
  readonly m: Tensor;
  readonly v: Tensor;
  /** beta1^t and beta2^t, by multiplication: the host's pow differs between engines. */
  power1: number;
  power2: number;
}

/** Adam. Kingma and Ba 2015, in PyTorch's form: p -= lr/(1-b1^t) · m / (sqrt(v)/sqrt(1-b2^t) + eps). */
export class Adam extends Optimizer {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly #moments = new Map<Tensor, Moments>();

  constructor(parameters: Iterable<Tensor>, options: AdamOptions = {}) {
    const name = new.target === Adam ? "Adam" : "AdamW";
    checkOptions(name, options, ["lr", "betas", "eps", "weightDecay"]);
    super(name, parameters, options.lr ?? 0.001);
    const { betas = [0.9, 0.999] } = options;
    if (!Array.isArray(betas) || betas.length !== 2 || betas.some((beta) => !(beta >= 0 && beta < 1))) {
      throw new ConfigError(`${name}: betas ${JSON.stringify(betas)}, wants two numbers from 0 to below 1`);
    }
    this.betas = [betas[0], betas[1]];
    this.eps = inRange(name, "eps", options.eps ?? 1e-8, 0, Number.MAX_VALUE);
    this.weightDecay = inRange(name, "weightDecay", options.weightDecay ?? this.defaultDecay, 0, Number.MAX_VALUE);
  }

  protected get defaultDecay(): number {
    return 0;
  }

  protected get decoupled(): boolean {
    return false;
  }

  step(): void {
    const [beta1, beta2] = this.betas;
    for (const parameter of this.trained) {
      let state = this.#moments.get(parameter);
      if (state === undefined) {
        state = { m: stateLike(parameter), v: stateLike(parameter), power1: 1, power2: 1 };
        this.#moments.set(parameter, state);
      }
      state.power1 *= beta1;
      state.power2 *= beta2;
      adamUpdate(parameter, state.m, state.v, {
        stepSize: this.lr / (1 - state.power1),
        beta1,
        beta2,
        eps: this.eps,
        rootCorrection2: Math.sqrt(1 - state.power2),
        decay: this.decoupled ? this.lr * this.weightDecay : this.weightDecay,
        decoupled: this.decoupled,
      });
    }
  }

  dispose(): void {
    for (const { m, v } of this.#moments.values()) {
      m.dispose();
      v.dispose();
    }
    this.#moments.clear();
  }
}

/** Adam with decoupled weight decay: p *= 1 - lr·weightDecay before the step. Loshchilov and Hutter 2019. */
export class AdamW extends Adam {
  protected override get defaultDecay(): number {
    return 0.01;
  }

  protected override get decoupled(): boolean {
    return true;
  }
}
