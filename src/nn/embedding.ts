import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import { embedding } from "../ops/embedding.js";
import { Parameter } from "../ops/init.js";
import { checkOptions, flag, wholeNumber } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export interface EmbeddingOptions {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  /** An id whose vector starts as zeros and gets no gradient. Default null. */
  readonly paddingIdx?: number | null;
  /**
   * The gradient has only the rows of the batch's ids: `weight.grad` is a RowSparse. Optimizers and clipping give the same bits as with
   * a dense one; with their option `lazy` no work of a step grows with numEmbeddings. Where something else uses the weight too (tied
   * weights) the gradient is dense. Default false.
   */
  readonly sparse?: boolean;
}

/** A vector for each id; `weight` [numEmbeddings, embeddingDim], starts as N(0, 1) like PyTorch's. */
export class Embedding extends Module {
  readonly weight: Parameter;
  readonly paddingIdx: number | null;
  readonly sparse: boolean;

  constructor(engine: Engine, options: EmbeddingOptions) {
    super();
    checkOptions("Embedding", options, ["numEmbeddings", "embeddingDim", "paddingIdx", "sparse"]);
    const count = wholeNumber("Embedding", "numEmbeddings", options.numEmbeddings, 1);
    const dim = wholeNumber("Embedding", "embeddingDim", options.embeddingDim, 1);
    this.sparse = flag("Embedding", "sparse", options.sparse ?? false);
    this.paddingIdx = options.paddingIdx ?? null;
    if (this.paddingIdx !== null && !(Number.isInteger(this.paddingIdx) && this.paddingIdx >= 0 && this.paddingIdx < count)) {
      throw new ConfigError(`Embedding: paddingIdx ${this.paddingIdx}, wants an id from 0 to ${count - 1}, or null`);
    }
    this.weight = new Parameter(engine, [count, dim], { kind: "normal", mean: 0, std: 1 });
    if (this.paddingIdx !== null) {
      const start = (this.weight.address("Embedding") >>> 2) + this.paddingIdx * dim;
      engine.memory.f32.fill(0, start, start + dim);
    }
  }

  /** @param ids i32, any shape @returns f32 [...ids.shape, embeddingDim] @throws IndexError when an id is out of range */
  forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids, this.paddingIdx, this.sparse);
  }
}
