import { lionUpdate } from "../ops/update.js";
import type { Tensor } from "../tensor/tensor.js";
import { type CommonOptions, common, decayRates, Optimizer, type ParameterGroup, type ParameterState } from "./optimizer.js";

/** Default lr 0.0001; weightDecay, default 0, is decoupled. */
export interface LionOptions extends CommonOptions {
  /** Of the step's direction, and of the momentum. Default [0.9, 0.99]. */
  readonly betas: readonly [number, number];
}

/** Steps of one size, by the sign of the momentum. Chen et al. 2023. */
export class Lion extends Optimizer<LionOptions> {
  constructor(parameters: Iterable<Tensor> | Iterable<ParameterGroup<LionOptions>>, options: Partial<LionOptions> = {}) {
    super("Lion", parameters, options, { ...common(0.0001), betas: decayRates([0.9, 0.99]) });
  }

  protected override stateNames(): readonly string[] {
    return ["exp_avg"];
  }

  protected override update(parameter: Tensor, { tensors }: ParameterState, options: LionOptions): void {
    lionUpdate(parameter, tensors.exp_avg!, options);
  }
}
