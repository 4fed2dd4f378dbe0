import type { Engine } from "../engine/engine.js";
import { ShapeError } from "../errors.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { linear } from "../ops/linear.js";
import { checkOptions, wholeNumber } from "../options.js";
import { sameShape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export interface LinearOptions {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Default true. */
  readonly bias?: boolean;
  /** A parameter [outFeatures, inFeatures] of another layer to share, such as an Embedding's weight. Default: one of its own. */
  readonly weight?: Parameter;
}

/**
 * Dense layer y = x·Wᵀ + b; `weight` [out, in], `bias` [out]. A neuron is `Linear` with outFeatures 1 and an activation.
 * Starts as PyTorch's: U(-1/√in, 1/√in).
 */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  constructor(engine: Engine, options: LinearOptions) {
    super();
    checkOptions("Linear", options, ["inFeatures", "outFeatures", "bias", "weight"]);
    const inFeatures = wholeNumber("Linear", "inFeatures", options.inFeatures, 0);
    const outFeatures = wholeNumber("Linear", "outFeatures", options.outFeatures, 0);
    const init = uniformWithin(inFeatures === 0 ? 0 : 1 / Math.sqrt(inFeatures));
    this.weight = options.weight ?? new Parameter(engine, [outFeatures, inFeatures], init);
    if (!(this.weight instanceof Parameter && sameShape(this.weight.shape, [outFeatures, inFeatures]))) {
      throw new ShapeError(`Linear: weight ${String(this.weight)}, wants a Parameter [${outFeatures}, ${inFeatures}]`);
    }
    this.bias = (options.bias ?? true) ? new Parameter(engine, [outFeatures], init) : null;
  }

  /** @param x f32 [..., inFeatures] @returns f32 [..., outFeatures] @throws ShapeError when the features disagree */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
