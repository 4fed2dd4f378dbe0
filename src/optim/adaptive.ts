/** Optimizers that scale each element by the history of its gradients: RMSprop, Adagrad, Adadelta. */
import { adadeltaUpdate, adagradUpdate, rmspropUpdate } from "../ops/update.js";
import { number, rate, yesOrNo } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { type CommonOptions, common, Optimizer, type ParameterGroup, type ParameterState } from "./optimizer.js";

type Parameters<O> = Iterable<Tensor> | Iterable<ParameterGroup<O>>;

/** Default lr 0.01. */
export interface RMSpropOptions extends CommonOptions {
  /** Decay rate of the mean square. Default 0.99. */
  readonly alpha: number;
  /** Default 1e-8, added after the root. */
  readonly eps: number;
  /** Default 0. */
  readonly momentum: number;
  /** Divide by the deviation around the mean gradient instead. Default false. */
  readonly centered: boolean;
}

/** Gradient over its root mean square. Tieleman and Hinton 2012; centred as Graves 2013. */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(parameters: Parameters<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    super("RMSprop", parameters, options, {
      ...common(0.01),
      alpha: number(0.99),
      eps: number(1e-8),
      momentum: number(0),
      centered: yesOrNo(false),
    });
  }

  protected override stateNames({ centered, momentum }: RMSpropOptions): readonly string[] {
    return ["square_avg", ...(centered ? ["grad_avg"] : []), ...(momentum > 0 ? ["momentum_buffer"] : [])];
  }

  protected override update(parameter: Tensor, { tensors }: ParameterState, options: RMSpropOptions): void {
    rmspropUpdate(parameter, tensors.square_avg!, tensors.grad_avg, tensors.momentum_buffer, options);
  }
}

/** Default lr 0.01. */
export interface AdagradOptions extends CommonOptions {
  /** lr/(1 + (t-1)·lrDecay) at update t. Default 0. */
  readonly lrDecay: number;
  /** Default 0. */
  readonly initialAccumulatorValue: number;
  /** Default 1e-10. */
  readonly eps: number;
}

/** Gradient over the root of the sum of its squares. Duchi et al. 2011. */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(parameters: Parameters<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super("Adagrad", parameters, options, {
      ...common(0.01),
      lrDecay: number(0),
      initialAccumulatorValue: number(0),
      eps: number(1e-10),
    });
  }

  protected override stateNames(): readonly string[] {
    return ["sum"];
  }

  protected override createState(parameter: Tensor, options: AdagradOptions): ParameterState {
    const state = super.createState(parameter, options);
    state.tensors.sum!.assign(new Float32Array(parameter.size).fill(options.initialAccumulatorValue));
    return state;
  }

  protected override update(parameter: Tensor, { step, tensors }: ParameterState, options: AdagradOptions): void {
    adagradUpdate(parameter, tensors.sum!, { ...options, lr: options.lr / (1 + (step - 1) * options.lrDecay) });
  }
}

/** Default lr 1. */
export interface AdadeltaOptions extends CommonOptions {
  /** Decay rate of both mean squares. Default 0.9. */
  readonly rho: number;
  /** Default 1e-6. */
  readonly eps: number;
}

/** Steps in the parameter's own units, without a learning rate. Zeiler 2012. */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(parameters: Parameters<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    super("Adadelta", parameters, options, { ...common(1), rho: rate(0.9), eps: number(1e-6) });
  }

  protected override stateNames(): readonly string[] {
    return ["square_avg", "acc_delta"];
  }

  protected override update(parameter: Tensor, { tensors }: ParameterState, options: AdadeltaOptions): void {
    adadeltaUpdate(parameter, tensors.square_avg!, tensors.acc_delta!, options);
  }
}
