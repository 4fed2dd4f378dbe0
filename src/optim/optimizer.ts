/** What all optimizers share: the parameters, their state, and the learning rate that a schedule may change. */
import { ConfigError } from "../errors.js";
import { inRange } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";

export abstract class Optimizer {
  readonly parameters: readonly Tensor[];
  #lr: number;

  protected constructor(
    readonly name: string,
    parameters: Iterable<Tensor>,
    lr: number,
  ) {
    this.parameters = [...parameters];
    if (this.parameters.length === 0) throw new ConfigError(`${name}: no parameters, wants at least 1`);
    if (new Set(this.parameters).size !== this.parameters.length)
      throw new ConfigError(`${name}: a parameter comes twice, wants each once`);
    this.#lr = inRange(name, "lr", lr, 0, Number.MAX_VALUE);
  }

  /** Learning rate of the next step. @throws ConfigError unless it is a finite number from 0 */
  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    this.#lr = inRange(this.name, "lr", value, 0, Number.MAX_VALUE);
  }

  /** Updates every parameter that has a gradient. */
  abstract step(): void;

  /** Frees the optimizer's own memory. */
  abstract dispose(): void;

  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.clearGrad();
  }

  protected get trained(): Tensor[] {
    return this.parameters.filter((parameter) => parameter.grad !== null);
  }
}
