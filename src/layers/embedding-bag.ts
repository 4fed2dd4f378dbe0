/** Sums, means and maxima of embeddings over bags of ids. */
import type { Engine } from "../engine/engine.js";
import { ConfigError, IndexError, ShapeError } from "../errors.js";
import { Embedding, type EmbeddingOptions } from "../nn/embedding.js";
import { Module } from "../nn/module.js";
import { div, mul } from "../ops/arithmetic.js";
import { embedding } from "../ops/embedding.js";
import type { Parameter } from "../ops/init.js";
import { concat, reshape, slice } from "../ops/layout.js";
import { max } from "../ops/reduce.js";
import { segmentSum } from "../ops/segment-sum.js";
import { checkOptions, flag, oneOf } from "../options.js";
import { tensor, zeros } from "../tensor/create.js";
import { sameShape, show } from "../tensor/shape.js";
import { withinStep } from "../tensor/tape.js";
import { checkDType, sameEngine, type Tensor } from "../tensor/tensor.js";

const MODES = ["sum", "mean", "max"] as const;
const WHERE = "EmbeddingBag.forward";

export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** What is taken of a bag. Default "mean". */
  readonly mode?: (typeof MODES)[number];
  /** Offsets have one more entry, the end of the last bag. Default false. */
  readonly includeLastOffset?: boolean;
}

export interface BagOptions {
  /** Of ids [N]: where each bag starts, from 0 and never falling. */
  readonly offsets?: ArrayLike<number>;
  /** Of ids [B, T]: ids of each bag, 0 to T; what lies beyond is never read. Default T. */
  readonly lengths?: ArrayLike<number>;
  /** f32 of the ids' shape: factors of the embeddings, for mode "sum". */
  readonly perSampleWeights?: Tensor;
}

/**
 * PyTorch's EmbeddingBag: sum, mean or maximum of the vectors of each bag's ids; zeros where a bag has none. Ids equal to paddingIdx are left out
 * (of the mean's count too). `weight` [numEmbeddings, embeddingDim], starts as {@link Embedding}'s.
 */
export class EmbeddingBag extends Module {
  readonly weight: Parameter;
  readonly mode: (typeof MODES)[number];
  readonly includeLastOffset: boolean;
  readonly #embedding: Embedding;

  constructor(engine: Engine, options: EmbeddingBagOptions) {
    super();
    checkOptions("EmbeddingBag", options, ["numEmbeddings", "embeddingDim", "paddingIdx", "sparse", "mode", "includeLastOffset"]);
    const { mode = "mean", includeLastOffset = false, ...own } = options;
    this.mode = oneOf("EmbeddingBag", "mode", mode, MODES);
    this.includeLastOffset = flag("EmbeddingBag", "includeLastOffset", includeLastOffset);
    this.#embedding = new Embedding(engine, own);
    this.weight = this.#embedding.weight;
  }

  /**
   * @param ids i32 [N] with offsets, or [B, T]
   * @returns f32 [bags, embeddingDim]
   * @throws ShapeError, IndexError when shapes, offsets, lengths or ids disagree; ConfigError for weights with another mode than "sum"
   */
  forward(ids: Tensor, options: BagOptions = {}): Tensor {
    checkOptions(WHERE, options, ["offsets", "lengths", "perSampleWeights"]);
    checkDType(WHERE, "ids", ids, "i32");
    const { perSampleWeights } = options;
    if (perSampleWeights !== undefined) this.#checkWeights(ids, perSampleWeights);
    const starts = this.#starts(ids, options);
    const { places, owners, counts } = this.#real(ids.data() as Int32Array, starts);
    const { engine } = ids;
    return withinStep(engine, () => {
      const data = ids.data();
      let rows = this.#embedding.forward(
        tensor(
          engine,
          places.map((place) => data[place]!),
        ),
      );
      if (perSampleWeights !== undefined) rows = mul(rows, embedding(reshape(perSampleWeights, [ids.size, 1]), tensor(engine, places)));
      if (this.mode === "max") return maxOfEach(rows, counts);
      const sums = segmentSum(rows, tensor(engine, owners), counts.length);
      if (this.mode === "sum") return sums;
      return div(
        sums,
        tensor(
          engine,
          counts.map((count) => Math.max(1, count)),
          [counts.length, 1],
          "f32",
        ),
      );
    });
  }

  #checkWeights(ids: Tensor, weights: Tensor): void {
    if (this.mode !== "sum") throw new ConfigError(`${WHERE}: perSampleWeights with mode "${this.mode}", wants mode "sum"`);
    sameEngine(WHERE, ids, weights);
    checkDType(WHERE, "perSampleWeights", weights, "f32");
    if (!sameShape(weights.shape, ids.shape)) {
      throw new ShapeError(`${WHERE}: perSampleWeights have shape ${show(weights.shape)}, wants ${show(ids.shape)} as the ids`);
    }
  }

  /** Where each bag starts and ends in the flat ids. */
  #starts(ids: Tensor, { offsets, lengths }: BagOptions): { start: number; end: number }[] {
    if (ids.rank === 2 && offsets === undefined) {
      const [count, width] = ids.shape as [number, number];
      if (lengths !== undefined && lengths.length !== count) {
        throw new ShapeError(`${WHERE}: ${lengths.length} lengths, wants ${count}, one a bag`);
      }
      return Array.from({ length: count }, (_, bag) => {
        const length = lengths?.[bag] ?? width;
        if (!(Number.isInteger(length) && length >= 0 && length <= width))
          throw new IndexError(`${WHERE}: length ${length} of bag ${bag}, wants a whole number from 0 to ${width}`);
        return { start: bag * width, end: bag * width + length };
      });
    }
    if (ids.rank !== 1 || offsets === undefined || lengths !== undefined) {
      throw new ShapeError(`${WHERE}: ids have shape ${show(ids.shape)}, wants [N] with offsets, or [B, T] with lengths or without`);
    }
    const bounds = this.includeLastOffset ? Array.from(offsets) : [...Array.from(offsets), ids.size];
    bounds.forEach((bound, i) => {
      const [low, high] = [i === 0 ? 0 : bounds[i - 1]!, i === 0 ? 0 : ids.size];
      if (!(Number.isInteger(bound) && bound >= low && bound <= high))
        throw new IndexError(`${WHERE}: offset ${bound} at ${i}, wants a whole number from ${low} to ${high}`);
    });
    return bounds.slice(1).map((end, bag) => ({ start: bounds[bag]!, end }));
  }

  /** Flat places of the ids that count, their bags, and how many each bag has. */
  #real(ids: Int32Array, bags: readonly { start: number; end: number }[]): { places: Int32Array; owners: Int32Array; counts: number[] } {
    const places: number[] = [];
    const owners: number[] = [];
    const count = this.weight.shape[0]!;
    const counts = bags.map(({ start, end }, bag) => {
      const before = places.length;
      for (let i = start; i < end; i++) {
        const id = ids[i]!;
        if (id < 0 || id >= count) throw new IndexError(`${WHERE}: id ${id} at position ${i}, wants ids from 0 to ${count - 1}`);
        if (id === this.#embedding.paddingIdx) continue;
        places.push(i);
        owners.push(bag);
      }
      return places.length - before;
    });
    return { places: Int32Array.from(places), owners: Int32Array.from(owners), counts };
  }
}

/** The maximum over each run of `counts` rows, zeros for one of none. */
function maxOfEach(rows: Tensor, counts: readonly number[]): Tensor {
  let at = 0;
  const parts = counts.map((count) => {
    if (count === 0) return zeros(rows.engine, [1, rows.shape[1]!]);
    const { values } = max(slice(rows, 0, at, at + count), 0, { keepDim: true });
    at += count;
    return values;
  });
  // No rows of `rows`: where every bag is empty the result still has a history.
  return concat([slice(rows, 0, 0, 0), ...parts]);
}
