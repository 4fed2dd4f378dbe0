import type { Engine } from "../engine/engine.js";
import { ConfigError, ShapeError } from "../errors.js";
import { constant } from "../nn/init.js";
import { Linear } from "../nn/linear.js";
import { Module } from "../nn/module.js";
import { add, affine } from "../ops/arithmetic.js";
import { checkProbability, dropout } from "../ops/dropout.js";
import { Parameter, uniformWithin } from "../ops/init.js";
import { reshape, slice, transpose } from "../ops/layout.js";
import { linear } from "../ops/linear.js";
import { matmul } from "../ops/matmul.js";
import { keepRows } from "../ops/recurrent/rows.js";
import { mean } from "../ops/reduce.js";
import { softmax, softmaxUnder } from "../ops/softmax.js";
import { checkOptions, flag, wholeNumber } from "../options.js";
import { show } from "../tensor/shape.js";
import { withinStep } from "../tensor/tape.js";
import { checkDType, sameEngine, type Tensor } from "../tensor/tensor.js";
import { type AttentionMasks, type AttentionSizes, keptKeys, keptSteps, scoreMask } from "./attention-mask.js";

export interface MultiheadAttentionOptions {
  /** Features of query and output. */
  readonly embedDim: number;
  /** A divisor of embedDim. */
  readonly numHeads: number;
  /** Features of the keys. Default embedDim. */
  readonly kdim?: number;
  /** Features of the values. Default embedDim. */
  readonly vdim?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Probability of dropout on the attention weights, in training steps. Default 0. */
  readonly dropout?: number;
}

export interface AttendOptions extends AttentionMasks {
  /** Return the attention weights. Default true. */
  readonly needWeights?: boolean;
  /** Their mean over the heads, or else those of each head. Default true. */
  readonly averageAttnWeights?: boolean;
}

const WHERE = "MultiheadAttention.forward";

/**
 * PyTorch's MultiheadAttention, batch first: softmax(Q·Kᵀ/√d + masks)·V in each head of d = embedDim/numHeads features, Q, K and V being
 * projections of query, key and value; then a projection of all heads. Vaswani et al. 2017.
 * Parameters: `in_proj_weight` [3E, E] (or `q_proj_weight` [E, E], `k_proj_weight` [E, kdim], `v_proj_weight` [E, vdim] where kdim or vdim is another),
 * `in_proj_bias` [3E], `out_proj.weight` [E, E], `out_proj.bias` [E]. Starts as PyTorch's: Xavier's uniform, biases 0.
 */
export class MultiheadAttention extends Module {
  readonly inProjWeight: Parameter | null;
  readonly qProjWeight: Parameter | null;
  readonly kProjWeight: Parameter | null;
  readonly vProjWeight: Parameter | null;
  readonly inProjBias: Parameter | null;
  readonly outProj: Linear;
  readonly embedDim: number;
  readonly numHeads: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly dropout: number;

  constructor(engine: Engine, options: MultiheadAttentionOptions) {
    super();
    const where = "MultiheadAttention";
    checkOptions(where, options, ["embedDim", "numHeads", "kdim", "vdim", "bias", "dropout"]);
    const size = wholeNumber(where, "embedDim", options.embedDim, 1);
    this.embedDim = size;
    this.numHeads = wholeNumber(where, "numHeads", options.numHeads, 1);
    if (size % this.numHeads !== 0) throw new ConfigError(`${where}: numHeads ${this.numHeads}, wants a divisor of embedDim ${size}`);
    this.kdim = wholeNumber(where, "kdim", options.kdim ?? size, 1);
    this.vdim = wholeNumber(where, "vdim", options.vdim ?? size, 1);
    this.dropout = options.dropout ?? 0;
    checkProbability(where, this.dropout);
    const bias = flag(where, "bias", options.bias ?? true);
    const weight = (rows: number, columns: number) =>
      new Parameter(engine, [rows, columns], uniformWithin(Math.sqrt(6 / (rows + columns))));
    const joint = this.kdim === size && this.vdim === size;
    this.inProjWeight = joint ? weight(3 * size, size) : null;
    this.qProjWeight = joint ? null : weight(size, size);
    this.kProjWeight = joint ? null : weight(size, this.kdim);
    this.vProjWeight = joint ? null : weight(size, this.vdim);
    this.inProjBias = bias ? new Parameter(engine, [3 * size], { kind: "zeros" }) : null;
    this.outProj = new Linear(engine, { inFeatures: size, outFeatures: size, bias });
    if (this.outProj.bias !== null) constant(this.outProj.bias, 0);
  }

  /**
   * @param query f32 [B, T, embedDim] @param key f32 [B, S, kdim] @param value f32 [B, S, vdim]
   * @returns output f32 [B, T, embedDim]; weights f32 [B, T, S] or [B, numHeads, T, S], null unless needed. Where everything is masked
   *   both come from weights of 0 (PyTorch: NaN).
   * @throws ShapeError, IndexError when shapes or lengths disagree
   */
  forward(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions = {}): { output: Tensor; weights: Tensor | null } {
    checkOptions(WHERE, options, ["lengths", "keyLengths", "keyPaddingMask", "attnMask", "isCausal", "needWeights", "averageAttnWeights"]);
    const sizes = this.#check(query, key, value);
    const needed = flag(WHERE, "needWeights", options.needWeights ?? true);
    const averaged = flag(WHERE, "averageAttnWeights", options.averageAttnWeights ?? true);
    const queries = keptSteps(WHERE, "lengths", options.lengths, sizes.batch, sizes.time);
    const keys = keptKeys(WHERE, options.keyLengths ?? (key === query ? options.lengths : undefined), options.keyPaddingMask, sizes);
    const mask = scoreMask(WHERE, options, sizes, queries, keys);
    return withinStep(query.engine, () => {
      const [q, k, v] = this.#project(keepRows(query, queries), keepRows(key, keys), keepRows(value, keys), sizes);
      const scores = matmul(q, k);
      const { seen, added } = mask(query.engine);
      const sum = added === null ? scores : add(scores, added);
      const weights = dropout(seen === null ? softmax(sum) : softmaxUnder(sum, seen), this.dropout);
      const heads = transpose(matmul(weights, v), [0, 2, 1, 3]);
      const output = this.outProj.forward(reshape(heads, [sizes.batch, sizes.time, this.embedDim]));
      return { output: keepRows(output, queries), weights: needed ? (averaged ? mean(weights, 1) : weights) : null };
    });
  }

  #check(query: Tensor, key: Tensor, value: Tensor): AttentionSizes {
    sameEngine(WHERE, query, key, value, this.outProj.weight);
    for (const [name, given, features] of [
      ["query", query, this.embedDim],
      ["key", key, this.kdim],
      ["value", value, this.vdim],
    ] as const) {
      checkDType(WHERE, name, given, "f32");
      if (given.rank !== 3 || given.shape[2] !== features || given.shape[1] === 0) {
        throw new ShapeError(`${WHERE}: ${name} has shape ${show(given.shape)}, wants [B, steps, ${features}] with at least 1 step`);
      }
    }
    const [batch, time] = query.shape as [number, number, number];
    const [keyBatch, steps] = key.shape as [number, number, number];
    if (keyBatch !== batch || value.shape[0] !== batch || value.shape[1] !== steps) {
      throw new ShapeError(
        `${WHERE}: query ${show(query.shape)}, key ${show(key.shape)}, value ${show(value.shape)}, wants one B, and one S of key and value`,
      );
    }
    return { batch, heads: this.numHeads, time, steps };
  }

  /** Scaled queries [B, heads, T, d], keys [B, heads, d, S], values [B, heads, S, d]. */
  #project(query: Tensor, key: Tensor, value: Tensor, { batch, heads }: AttentionSizes): [Tensor, Tensor, Tensor] {
    const size = this.embedDim;
    const part = (x: Tensor, own: Parameter | null, index: number, order: readonly number[]) => {
      const rows = (all: Tensor) => slice(all, 0, index * size, (index + 1) * size);
      const projected = linear(x, own ?? rows(this.inProjWeight!), this.inProjBias === null ? null : rows(this.inProjBias));
      return transpose(reshape(projected, [batch, x.shape[1]!, heads, size / heads]), order);
    };
    const q = affine(part(query, this.qProjWeight, 0, [0, 2, 1, 3]), 1 / Math.sqrt(size / heads));
    return [q, part(key, this.kProjWeight, 1, [0, 2, 3, 1]), part(value, this.vProjWeight, 2, [0, 2, 1, 3])];
  }
}
