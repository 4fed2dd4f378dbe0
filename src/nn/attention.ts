/** Attention of a decoder's state over an encoder's outputs. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, ShapeError } from "../errors.js";
import { add } from "../ops/arithmetic.js";
import { reshape, slice, transpose } from "../ops/layout.js";
import { linear } from "../ops/linear.js";
import { matmul } from "../ops/matmul.js";
import { keepRows } from "../ops/recurrent/rows.js";
import { type PreparedMask, prepareMask, softmaxUnder } from "../ops/softmax.js";
import { tanh } from "../ops/unary.js";
import { checkOptions, oneOf, wholeNumber } from "../options.js";
import { sameShape, show } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";

export type AttentionKind = "bahdanau" | "dot" | "general" | "concat";
export const ATTENTION_KINDS: readonly AttentionKind[] = ["bahdanau", "dot", "general", "concat"];

export interface AttentionOptions {
  readonly kind: AttentionKind;
  readonly querySize: number;
  /** For "dot" it must be querySize. */
  readonly keySize: number;
  /** Width of the layer inside "bahdanau" and "concat". Default querySize. */
  readonly attentionSize?: number;
}

/** An encoder's outputs as prepare() leaves them: what does not depend on the query is computed once. */
export interface Memory {
  /** f32 [B, S, K]. */
  readonly values: Tensor;
  /** f32 [B, S, …], by kind. */
  readonly keys: Tensor;
  /** Of [B, S]: where a source has ended nothing is attended to. */
  readonly mask: PreparedMask;
}

/**
 * Scores e_j of query q and value h_j, softmax over the source positions, and the mean of the values by these weights:
 * bahdanau v·tanh(query q + b + key h_j) (Bahdanau et al. 2015); dot q·h_j, general q·(key h_j), concat v·tanh(concat [q; h_j])
 * (Luong et al. 2015). The weight matrices have no bias but `query`.
 */
export class Attention extends Module {
  readonly query: Linear | null;
  readonly key: Linear | null;
  readonly concat: Linear | null;
  readonly v: Linear | null;

  constructor(
    engine: Engine,
    readonly options: AttentionOptions,
  ) {
    super();
    checkOptions("Attention", options, ["kind", "querySize", "keySize", "attentionSize"]);
    const kind = oneOf("Attention", "kind", options.kind, ATTENTION_KINDS);
    const querySize = wholeNumber("Attention", "querySize", options.querySize, 1);
    const keySize = wholeNumber("Attention", "keySize", options.keySize, 1);
    const size = wholeNumber("Attention", "attentionSize", options.attentionSize ?? querySize, 1);
    if (kind === "dot" && querySize !== keySize)
      throw new ConfigError(`Attention: keySize ${keySize}, wants querySize ${querySize} for kind "dot"`);
    const layer = (inFeatures: number, outFeatures: number, bias = false) => new Linear(engine, { inFeatures, outFeatures, bias });
    const additive = kind === "bahdanau";
    this.query = additive ? layer(querySize, size, true) : null;
    this.key = additive ? layer(keySize, size) : kind === "general" ? layer(keySize, querySize) : null;
    this.concat = kind === "concat" ? layer(querySize + keySize, size) : null;
    this.v = additive || kind === "concat" ? layer(size, 1) : null;
  }

  /**
   * @param values f32 [B, S, keySize] @param mask i32 or f32 [B, S], 0 where nothing is to be attended to: what stands there is never read
   * @throws ShapeError when a shape disagrees
   */
  prepare(values: Tensor, mask: Tensor): Memory {
    const { querySize, keySize } = this.options;
    if (values.rank !== 3 || values.shape[2] !== keySize) {
      throw new ShapeError(`Attention.prepare: values have shape ${show(values.shape)}, wants [B, S, ${keySize}]`);
    }
    if (!sameShape(mask.shape, values.shape.slice(0, 2))) {
      throw new ShapeError(
        `Attention.prepare: mask has shape ${show(mask.shape)}, wants ${show(values.shape.slice(0, 2))}, [B, S] of the values`,
      );
    }
    const own = keepRows(values, mask.data());
    const keys = this.concat === null ? (this.key?.forward(own) ?? own) : linear(own, slice(this.concat.weight, 1, querySize));
    return { values: own, keys, mask: prepareMask(mask) };
  }

  /**
   * @param query f32 [B, querySize]
   * @returns context f32 [B, keySize], weights f32 [B, S] that sum to 1 over the source; both 0 where the mask leaves nothing
   * @throws ShapeError when the query's shape disagrees
   */
  forward(query: Tensor, { values, keys, mask }: Memory): { context: Tensor; weights: Tensor } {
    const [batch, length, keySize] = values.shape as [number, number, number];
    const wanted = [batch, this.options.querySize];
    if (!sameShape(query.shape, wanted)) {
      throw new ShapeError(`Attention.forward: query has shape ${show(query.shape)}, wants ${show(wanted)}, [B, querySize]`);
    }
    const weights = softmaxUnder(reshape(this.#scores(query, keys), [batch, length]), mask);
    const context = matmul(reshape(weights, [batch, 1, length]), values);
    return { context: reshape(context, [batch, keySize]), weights };
  }

  /** Whether all queries can be asked at once: where scores are products. */
  get isMultiplicative(): boolean {
    return this.v === null;
  }

  /**
   * As forward, for the queries of all steps at once; only where attention is multiplicative ("dot", "general").
   * @param queries f32 [B, T, querySize]
   * @returns context f32 [B, T, keySize], weights f32 [B, T, S]
   */
  forwardSteps(queries: Tensor, { values, keys, mask }: Memory): { context: Tensor; weights: Tensor } {
    const [batch, length] = values.shape as [number, number];
    const wide = (tensor: Tensor) => reshape(tensor, [batch, 1, length]);
    const weights = softmaxUnder(matmul(queries, transpose(keys, [0, 2, 1])), { bias: wide(mask.bias), kept: wide(mask.kept) });
    return { context: matmul(weights, values), weights };
  }

  #scores(query: Tensor, keys: Tensor): Tensor {
    const [batch] = query.shape as [number, number];
    const own =
      this.query?.forward(query) ?? (this.concat === null ? query : linear(query, slice(this.concat.weight, 1, 0, this.options.querySize)));
    const width = own.shape[1]!;
    if (this.v === null) return matmul(keys, reshape(own, [batch, width, 1]));
    return this.v.forward(tanh(add(keys, reshape(own, [batch, 1, width]))));
  }
}
