import { ConfigError } from "../errors.js";
import { sgdUpdate } from "../ops/update.js";
import { number, yesOrNo } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { type CommonOptions, common, Optimizer, type ParameterGroup, type ParameterState } from "./optimizer.js";

export interface SGDOptions extends CommonOptions {
  /** Default 0. */
  readonly momentum: number;
  /** Default 0. */
  readonly dampening: number;
  /** Default false; wants momentum above 0 and dampening 0. */
  readonly nesterov: boolean;
}

/** Stochastic gradient descent with PyTorch's momentum: buf = g at first, then momentum·buf + (1 - dampening)·g; p -= lr·buf. */
export class SGD extends Optimizer<SGDOptions> {
  constructor(parameters: Iterable<Tensor> | Iterable<ParameterGroup<SGDOptions>>, options: Partial<SGDOptions> & { readonly lr: number }) {
    const checks = {
      ...common(),
      momentum: number(0),
      dampening: number(0, -Number.MAX_VALUE),
      nesterov: yesOrNo(false),
    };
    super("SGD", parameters, options, checks, ({ momentum, dampening, nesterov }) => {
      if (nesterov && (momentum === 0 || dampening !== 0))
        throw new ConfigError(`SGD: nesterov with momentum ${momentum} and dampening ${dampening}, wants momentum above 0 and dampening 0`);
    });
  }

  protected override stateNames({ momentum }: SGDOptions): readonly string[] {
    return momentum === 0 ? [] : ["momentum_buffer"];
  }

  protected override update(parameter: Tensor, { step, tensors }: ParameterState, options: SGDOptions): void {
    sgdUpdate(parameter, tensors.momentum_buffer, step === 1, options);
  }
}
