import { ConfigError } from "../errors.js";
import { type SgdUpdate, sgdUpdate, stateLike } from "../ops/update.js";
import { checkOptions, inRange } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { Optimizer } from "./optimizer.js";

export interface SGDOptions {
  readonly lr: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Default 0. */
  readonly dampening?: number;
  /** L2 penalty added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Default false; wants momentum above 0 and dampening 0. */
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent with PyTorch's momentum: buf = g at first, then momentum·buf + (1 - dampening)·g; p -= lr·buf. */
export class SGD extends Optimizer {
  readonly options: Omit<SgdUpdate, "lr">;
  readonly #buffers = new Map<Tensor, Tensor>();

  constructor(parameters: Iterable<Tensor>, options: SGDOptions) {
    checkOptions("SGD", options, ["lr", "momentum", "dampening", "weightDecay", "nesterov"]);
    super("SGD", parameters, options.lr);
    const own = {
      momentum: inRange("SGD", "momentum", options.momentum ?? 0, 0, Number.MAX_VALUE),
      dampening: inRange("SGD", "dampening", options.dampening ?? 0, -Number.MAX_VALUE, Number.MAX_VALUE),
      weightDecay: inRange("SGD", "weightDecay", options.weightDecay ?? 0, 0, Number.MAX_VALUE),
      nesterov: options.nesterov ?? false,
    };
    if (own.nesterov && (own.momentum === 0 || own.dampening !== 0)) {
      throw new ConfigError(
        `SGD: nesterov with momentum ${own.momentum} and dampening ${own.dampening}, wants momentum above 0 and dampening 0`,
      );
    }
    this.options = own;
  }

  step(): void {
    for (const parameter of this.trained) {
      const first = !this.#buffers.has(parameter);
      if (first && this.options.momentum !== 0) this.#buffers.set(parameter, stateLike(parameter));
      sgdUpdate(parameter, this.#buffers.get(parameter) ?? null, first, { lr: this.lr, ...this.options });
    }
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.dispose();
    this.#buffers.clear();
  }
}
