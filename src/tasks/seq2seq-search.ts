/** An encoder-decoder as a search sees it: texts on the beam are rows, each with its state and the source it belongs to. */
import type { Advanced, NextTokens } from "../decode/next-tokens.js";
import type { Engine } from "../engine/engine.js";
import type { Memory } from "../nn/attention.js";
import type { DecoderContext, EncoderDecoder } from "../nn/encoder-decoder.js";
import { embedding } from "../ops/embedding.js";
import { reshape } from "../ops/layout.js";
import { logSoftmax } from "../ops/softmax.js";
import { keep, tensor } from "../tensor/create.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { PaddedBatch } from "../text/batching.js";

/** Rows of numbers in JavaScript memory: states are short, and rows come in another order at every step. */
interface Rows {
  readonly data: Float32Array;
  readonly width: number;
}

const pick = ({ data, width }: Rows, parents: Int32Array): Rows => {
  const picked = new Float32Array(parents.length * width);
  parents.forEach((parent, i) => void picked.set(data.subarray(parent * width, (parent + 1) * width), i * width));
  return { data: picked, width };
};

const rowsOf = (x: Tensor | null): Rows | null => (x === null ? null : { data: x.data() as Float32Array, width: x.shape[1]! });

/** The tensors of a memory, and a memory of other ones. */
const eachOf = (memory: Memory, change: (part: Tensor) => Tensor): Memory => ({
  values: change(memory.values),
  keys: change(memory.keys),
  mask: { bias: change(memory.mask.bias), kept: change(memory.mask.kept) },
});

function disposeOf({ values, keys, mask }: Memory): void {
  for (const part of new Set([values, keys, mask.bias, mask.kept])) part.dispose();
}

/** Rows of [B, …] by number. */
function gatherRows(x: Tensor, rows: Tensor): Tensor {
  const [batch, ...rest] = x.shape as [number, ...number[]];
  const flat = reshape(x, [batch, rest.reduce((size, extent) => size * extent, 1)]);
  return reshape(embedding(flat, rows), [rows.size, ...rest]);
}

interface State {
  readonly h: Rows;
  readonly c: Rows | null;
  readonly feed: Rows | null;
}

const stateOf = ({ state, feed }: DecoderContext): State => ({ h: rowsOf(state.h)!, c: rowsOf(state.c), feed: rowsOf(feed) });

export class EncoderDecoderTokens implements NextTokens {
  #state: State;
  /** The sources as the encoder left them, and as the rows of the last call want them. */
  readonly #sources: Memory | null;
  #memory: Memory | null = null;
  /** Source of each row; before the first call every source is one. */
  #sourceOf: Int32Array;

  /** @param forbidden tokens that are never written */
  constructor(
    private readonly engine: Engine,
    private readonly network: EncoderDecoder,
    { ids, lengths, batch, time }: PaddedBatch,
    readonly vocabulary: number,
    private readonly forbidden: readonly number[],
  ) {
    let sources: Memory | null = null;
    this.#state = engine.step(() =>
      noGrad(engine, () => {
        const context = network.encode(tensor(engine, ids, [batch, time]), lengths);
        if (context.memory !== null) sources = eachOf(context.memory, (part) => keep(part));
        return stateOf(context);
      }),
    );
    this.#sources = sources;
    this.#sourceOf = Int32Array.from({ length: batch }, (_, i) => i);
  }

  advance(parents: Int32Array, tokens: Int32Array): Advanced {
    const { engine, network } = this;
    const sourceOf = parents.map((parent) => this.#sourceOf[parent]!);
    const memory = this.#memoryOf(sourceOf);
    const put = (rows: Rows | null) => {
      const picked = rows && pick(rows, parents);
      return picked && tensor(engine, picked.data, [parents.length, picked.width]);
    };
    return engine.step(() =>
      noGrad(engine, () => {
        const { h, c, feed } = this.#state;
        const context = { state: { h: put(h)!, c: put(c) }, feed: put(feed), memory };
        const { logits, weights, context: next } = network.step(tensor(engine, tokens), context);
        const logProbabilities = logSoftmax(logits).data() as Float32Array;
        for (let row = 0; row < parents.length; row++)
          for (const token of this.forbidden) logProbabilities[row * this.vocabulary + token] = Number.NEGATIVE_INFINITY;
        this.#state = stateOf(next);
        return weights === null ? { logProbabilities } : { logProbabilities, attention: weights.data() as Float32Array };
      }),
    );
  }

  /** Rows of the memory change only when a text leaves the beam. */
  #memoryOf(sourceOf: Int32Array): Memory | null {
    const sources = this.#sources;
    if (sources === null) return null;
    const isSame = sourceOf.length === this.#sourceOf.length && sourceOf.every((source, i) => source === this.#sourceOf[i]);
    if (isSame) return this.#memory ?? sources;
    this.#sourceOf = sourceOf;
    this.#forget();
    const { engine } = this;
    engine.step(() =>
      noGrad(engine, () => {
        const rows = tensor(engine, sourceOf);
        this.#memory = eachOf(sources, (part) => keep(gatherRows(part, rows)));
      }),
    );
    return this.#memory;
  }

  #forget(): void {
    if (this.#memory !== null) disposeOf(this.#memory);
    this.#memory = null;
  }

  dispose(): void {
    this.#forget();
    if (this.#sources !== null) disposeOf(this.#sources);
  }
}
