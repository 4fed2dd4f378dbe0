/** Sequential, and layers without parameters. */
import { checkProbability, dropout } from "../ops/dropout.js";
import { relu, sigmoid, tanh } from "../ops/unary.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/** A module from one tensor to one tensor. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/** Layers one after the other; state-dict names `0.weight`, `1.bias`, … */
export class Sequential extends Module {
  readonly layers: readonly Layer[];

  constructor(...layers: readonly Layer[]) {
    super();
    this.layers = layers;
  }

  protected override *ownModules(): Iterable<[string, Module]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer];
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce((value, layer) => layer.forward(value), x);
  }
}

/** @see dropout */
export class Dropout extends Module {
  /** @throws ConfigError unless p, the probability of a zero, is in [0, 1] */
  constructor(readonly p = 0.5) {
    super();
    checkProbability("Dropout", p);
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.p);
  }
}

export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}
