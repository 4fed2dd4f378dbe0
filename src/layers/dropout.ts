/** Dropout of whole words, whole features and whole rows of an embedding. All draw in training steps only. */
import { ConfigError, ShapeError } from "../errors.js";
import type { Embedding } from "../nn/embedding.js";
import { Module } from "../nn/module.js";
import { mul } from "../ops/arithmetic.js";
import { checkProbability, dropout, keepMask } from "../ops/dropout.js";
import { embedding } from "../ops/embedding.js";
import { checkOptions } from "../options.js";
import { ones, tensor } from "../tensor/create.js";
import { show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * Variational dropout: one mask a row and feature for all its steps, the rest scaled by 1/(1-p). Gal and Ghahramani 2016; the "locked"
 * dropout of Merity et al. 2018.
 */
export class LockedDropout extends Module {
  /** @throws ConfigError unless p is in [0, 1] */
  constructor(readonly p = 0.5) {
    super();
    checkProbability("LockedDropout", p);
  }

  /** @param x f32 [B, T, F] @throws ShapeError on another rank */
  forward(x: Tensor): Tensor {
    if (x.rank !== 3) throw new ShapeError(`LockedDropout.forward: x has shape ${show(x.shape)}, wants [B, T, features]`);
    const { engine } = x;
    return !engine.training || this.p === 0 ? x : mul(x, dropout(ones(engine, [x.shape[0]!, 1, x.shape[2]!]), this.p));
  }
}

export interface WordDropoutOptions {
  /** Probability that a word is dropped. Default 0.05. */
  readonly p?: number;
  /** Id that takes a dropped word's place; needed for ids. */
  readonly unknownIdx?: number;
  /** An id that is never dropped. Default null. */
  readonly paddingIdx?: number | null;
}

/**
 * Drops whole words: of ids each with probability p becomes unknownIdx (Iyyer et al. 2015); of vectors each is zeroed,
 * the others are not scaled (as Flair's).
 */
export class WordDropout extends Module {
  readonly p: number;
  readonly #options: WordDropoutOptions;

  /** @throws ConfigError unless p is in [0, 1] and the ids are whole */
  constructor(options: WordDropoutOptions = {}) {
    super();
    checkOptions("WordDropout", options, ["p", "unknownIdx", "paddingIdx"]);
    this.p = options.p ?? 0.05;
    this.#options = options;
    checkProbability("WordDropout", this.p);
    for (const name of ["unknownIdx", "paddingIdx"] as const) {
      const id = options[name] ?? 0;
      if (!(Number.isInteger(id) && id >= 0)) throw new ConfigError(`WordDropout: ${name} ${id}, wants an id from 0`);
    }
  }

  /** @param x i32 ids of any shape, or f32 vectors [..., F] @throws ConfigError for ids without unknownIdx */
  forward(x: Tensor): Tensor {
    const { unknownIdx, paddingIdx = null } = this.#options;
    const ids = x.dtype === "i32";
    if (ids && unknownIdx === undefined)
      throw new ConfigError("WordDropout.forward: ids without unknownIdx, wants the id to put in their place");
    if (!ids && x.rank === 0) throw new ShapeError("WordDropout.forward: x has shape [], wants [..., features]");
    const { engine } = x;
    if (!engine.training || this.p === 0) return x;
    const kept = keepMask(engine, ids ? x.shape : [...x.shape.slice(0, -1), 1], this.p);
    if (!ids) return mul(x, kept);
    const keeps = kept.data();
    const replaced = (x.data() as Int32Array).map((id, i) => (keeps[i] === 0 && id !== paddingIdx ? unknownIdx! : id));
    return tensor(engine, replaced, x.shape);
  }
}

/**
 * Looks ids up in an embedding of which whole rows are dropped: a dropped word is zeros wherever it stands in the batch, the others are
 * scaled by 1/(1-p). Gal and Ghahramani 2016, Merity et al. 2018.
 */
export class EmbeddingDropout extends Module {
  /** @throws ConfigError unless p is in [0, 1] */
  constructor(
    readonly embedding: Embedding,
    readonly p = 0.1,
  ) {
    super();
    checkProbability("EmbeddingDropout", p);
  }

  /** As {@link Embedding.forward}. */
  forward(ids: Tensor): Tensor {
    const vectors = this.embedding.forward(ids);
    const { engine } = ids;
    if (!engine.training || this.p === 0) return vectors;
    return mul(vectors, embedding(dropout(ones(engine, [this.embedding.weight.shape[0]!, 1]), this.p), ids));
  }
}
