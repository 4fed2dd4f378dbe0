import type { Engine } from "../engine/engine.js";
import { ShapeError } from "../errors.js";
import { Parameter } from "../ops/init.js";
import { layerNorm } from "../ops/layer-norm.js";
import { checkOptions, flag, inRange, wholeNumber } from "../options.js";
import { show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { constant } from "./init.js";
import { Module } from "./module.js";

export interface LayerNormOptions {
  /** Size of the last axis, over which mean and variance are taken. */
  readonly normalizedSize: number;
  /** Default 1e-5. */
  readonly eps?: number;
  /** `weight`, ones at first, and `bias`, zeros at first. Default true. */
  readonly elementwiseAffine?: boolean;
}

/** {@link layerNorm} with `weight` and `bias` [normalizedSize] of its own. */
export class LayerNorm extends Module {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly #size: number;
  readonly #eps: number;

  constructor(engine: Engine, options: LayerNormOptions) {
    super();
    checkOptions("LayerNorm", options, ["normalizedSize", "eps", "elementwiseAffine"]);
    this.#size = wholeNumber("LayerNorm", "normalizedSize", options.normalizedSize, 1);
    this.#eps = inRange("LayerNorm", "eps", options.eps ?? 1e-5, 0, Number.MAX_VALUE);
    const affineToo = flag("LayerNorm", "elementwiseAffine", options.elementwiseAffine ?? true);
    const make = () => (affineToo ? new Parameter(engine, [this.#size], { kind: "zeros" }) : null);
    this.weight = make();
    this.bias = make();
    if (this.weight !== null) constant(this.weight, 1);
  }

  /** @param x f32 [..., normalizedSize] @returns f32 of x's shape @throws ShapeError on another last axis */
  forward(x: Tensor): Tensor {
    if (x.shape[x.rank - 1] !== this.#size) {
      throw new ShapeError(`LayerNorm.forward: input has shape ${show(x.shape)}, wants a last axis of normalizedSize ${this.#size}`);
    }
    return layerNorm(x, this.weight, this.bias, this.#eps);
  }
}
