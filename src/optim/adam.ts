/** Adam and its kin: AdamW, AMSGrad, NAdam, RAdam, Adamax. */
import { exp, ln } from "../engine/scalar.js";
import { adamaxUpdate, adamUpdate } from "../ops/update.js";
import { number, yesOrNo } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { type CommonOptions, common, decayRates, Optimizer, type ParameterGroup, type ParameterState, power } from "./optimizer.js";

interface MomentOptions extends CommonOptions {
  /** Decay rates of the first and second moment. Default [0.9, 0.999]. */
  readonly betas: readonly [number, number];
  /** Default 1e-8. */
  readonly eps: number;
}

/** Default lr 0.001, weightDecay 0 (AdamW 0.01). */
export interface AdamOptions extends MomentOptions {
  /** Divide by the largest second moment so far. Reddi et al. 2018. Default false. */
  readonly amsgrad: boolean;
}

type Parameters<O> = Iterable<Tensor> | Iterable<ParameterGroup<O>>;

const moments = (lr: number, weightDecay = 0) => ({ ...common(lr, weightDecay), betas: decayRates([0.9, 0.999]), eps: number(1e-8) });

/** What differs from one update to the next. */
interface Step {
  readonly stepSize: number;
  readonly eps: number;
  readonly root: number;
  readonly decoupled?: boolean;
  readonly share?: number;
}

function moveBy(parameter: Tensor, { tensors }: ParameterState, options: MomentOptions, step: Step): void {
  adamUpdate(parameter, tensors.exp_avg!, tensors.exp_avg_sq!, tensors.max_exp_avg_sq, { decoupled: false, share: 0, ...options, ...step });
}

const MOMENTS = ["exp_avg", "exp_avg_sq"] as const;

abstract class AdamBase extends Optimizer<AdamOptions> {
  /** @param decoupled weight decay is taken off the parameter instead of added to the gradient */
  protected constructor(
    name: string,
    private readonly decoupled: boolean,
    defaultDecay: number,
    parameters: Parameters<AdamOptions>,
    options: Partial<AdamOptions>,
  ) {
    super(name, parameters, options, { ...moments(0.001, defaultDecay), amsgrad: yesOrNo(false) });
  }

  protected override stateNames({ amsgrad }: AdamOptions): readonly string[] {
    return amsgrad ? [...MOMENTS, "max_exp_avg_sq"] : MOMENTS;
  }

  protected override update(parameter: Tensor, state: ParameterState, options: AdamOptions): void {
    const [power1, power2] = [power(state, "beta1", options.betas[0]), power(state, "beta2", options.betas[1])];
    const { decoupled } = this;
    moveBy(parameter, state, options, { stepSize: options.lr / (1 - power1), eps: options.eps, root: Math.sqrt(1 - power2), decoupled });
  }
}

/** Adam. Kingma and Ba 2015, in PyTorch's form: p -= lr/(1-b1^t) · m / (sqrt(v)/sqrt(1-b2^t) + eps). */
export class Adam extends AdamBase {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super("Adam", false, 0, parameters, options);
  }
}

/** Adam with decoupled weight decay: p *= 1 - lr·weightDecay before the step. Loshchilov and Hutter 2019. */
export class AdamW extends AdamBase {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super("AdamW", true, 0.01, parameters, options);
  }
}

/** Default lr 0.002. */
export interface NAdamOptions extends MomentOptions {
  /** Default 0.004. */
  readonly momentumDecay: number;
}

/** Adam with Nesterov's momentum. Dozat 2016, in PyTorch's form. */
export class NAdam extends Optimizer<NAdamOptions> {
  constructor(parameters: Parameters<NAdamOptions>, options: Partial<NAdamOptions> = {}) {
    super("NAdam", parameters, options, { ...moments(0.002), momentumDecay: number(0.004) });
  }

  protected override stateNames(): readonly string[] {
    return MOMENTS;
  }

  protected override update(parameter: Tensor, state: ParameterState, options: NAdamOptions): void {
    const { lr, betas, eps, momentumDecay } = options;
    const momentum = (t: number) => betas[0] * (1 - 0.5 * exp(t * momentumDecay * ln(0.96)));
    const [mu, next] = [momentum(state.step), momentum(state.step + 1)];
    const product = power(state, "mu", mu);
    const root = Math.sqrt(1 - power(state, "beta2", betas[1]));
    // mu counts twice in this product, as in PyTorch 1.13, whose results are the reference.
    const stepSize = (lr * next) / (1 - product * mu * next);
    moveBy(parameter, state, options, { stepSize, eps, root, share: (lr * (1 - mu)) / (1 - product) / stepSize });
  }
}

/** Default lr 0.001. */
export type RAdamOptions = MomentOptions;

/** Adam whose adaptive part is rectified, and left out while its variance is unknown. Liu et al. 2020, in PyTorch's form. */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(parameters: Parameters<RAdamOptions>, options: Partial<RAdamOptions> = {}) {
    super("RAdam", parameters, options, moments(0.001));
  }

  protected override stateNames(): readonly string[] {
    return MOMENTS;
  }

  protected override update(parameter: Tensor, state: ParameterState, options: RAdamOptions): void {
    const { lr, betas, eps } = options;
    const [power1, power2] = [power(state, "beta1", betas[0]), power(state, "beta2", betas[1])];
    const longest = 2 / (1 - betas[1]) - 1;
    const length = longest - (2 * state.step * power2) / (1 - power2);
    const stepSize = lr / (1 - power1);
    if (length <= 5) {
      // The kernel's denominator sqrt(v)/Infinity + 1 is 1.
      moveBy(parameter, state, options, { stepSize, eps: 1, root: Number.POSITIVE_INFINITY });
      return;
    }
    const rectified = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
    const root = Math.sqrt(1 - power2);
    moveBy(parameter, state, options, { stepSize: stepSize * rectified, eps: eps / root, root });
  }
}

/** Default lr 0.002. */
export type AdamaxOptions = MomentOptions;

/** Adam with the infinity norm. Kingma and Ba 2015, section 7.1. */
export class Adamax extends Optimizer<AdamaxOptions> {
  constructor(parameters: Parameters<AdamaxOptions>, options: Partial<AdamaxOptions> = {}) {
    super("Adamax", parameters, options, moments(0.002));
  }

  protected override stateNames(): readonly string[] {
    return ["exp_avg", "exp_inf"];
  }

  protected override update(parameter: Tensor, state: ParameterState, options: AdamaxOptions): void {
    const stepSize = options.lr / (1 - power(state, "beta1", options.betas[0]));
    adamaxUpdate(parameter, state.tensors.exp_avg!, state.tensors.exp_inf!, { ...options, stepSize });
  }
}
