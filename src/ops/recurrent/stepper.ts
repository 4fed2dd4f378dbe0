/** One step at a time without allocation: the state stays in linear memory between calls. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import type { Storage } from "../../engine/storage.js";
import { ConfigError, ShapeError } from "../../errors.js";
import { packOperand } from "../packed.js";
import { type RecurrentSpec, type RecurrentWeights, type Sizes, sizesOf } from "./spec.js";

interface StepLayer {
  readonly weights: RecurrentWeights;
  readonly inSize: number;
  /** Byte offsets in the stepper's block. */
  readonly h: number;
  readonly c: number;
  readonly bias: number;
}

/**
 * Runs a unidirectional network step by step over a batch. `step` copies x in and h out and allocates nothing.
 * Weights may be trained between steps; the biases are summed anew by reset().
 */
export class Stepper {
  readonly #storage: Storage;
  readonly #sizes: Sizes;
  readonly #layers: readonly StepLayer[];
  /** Byte offsets: input, gate pre-activations, hn or unprojected state. */
  readonly #x = 0;
  readonly #gates: number;
  readonly #extra: number;

  constructor(
    private readonly engine: Engine,
    private readonly spec: RecurrentSpec,
    weights: readonly RecurrentWeights[],
    readonly batch: number,
  ) {
    if (spec.bidirectional) throw new ConfigError(`${spec.name}.stepper: the network is bidirectional, wants one that reads forward only`);
    const sizes = sizesOf(spec);
    const gateWidth = sizes.gates * sizes.hidden;
    let bytes = 0;
    const take = (floats: number): number => {
      const at = bytes;
      bytes += Math.ceil(floats / 16) * 64;
      return at;
    };
    take(batch * spec.inputSize);
    this.#gates = take(batch * gateWidth);
    this.#extra = take(batch * sizes.hidden);
    this.#sizes = sizes;
    this.#layers = weights.map((own, layer) => ({
      weights: own,
      inSize: layer === 0 ? spec.inputSize : sizes.recurrent,
      h: take(batch * sizes.recurrent),
      c: take(batch * sizes.hidden),
      bias: take(gateWidth),
    }));
    this.#storage = engine.allocatePersistent(bytes, `${spec.name}.stepper`);
    this.reset();
  }

  /** Back to zero states. */
  reset(): void {
    const base = this.#base();
    const { f32 } = this.engine.memory;
    const { hidden, recurrent, gates } = this.#sizes;
    for (const { h, c, bias, weights } of this.#layers) {
      f32.fill(0, (base + h) >>> 2, ((base + h) >>> 2) + this.batch * recurrent);
      f32.fill(0, (base + c) >>> 2, ((base + c) >>> 2) + this.batch * hidden);
      if (weights.biasIh === null || weights.biasHh === null) continue;
      const width = gates * hidden;
      const ih = weights.biasIh.address(this.spec.name);
      this.engine.kernels.copyStrided(base + bias, ih, 1, width, width, 1, width, 1);
      const summed = this.spec.kind === "GRU" ? 2 * hidden : width;
      this.engine.kernels.add(base + bias, base + bias, weights.biasHh.address(this.spec.name), summed);
    }
  }

  /**
   * @param x batch·inputSize numbers
   * @param out batch·R numbers, the new hidden state of the last layer
   * @throws ShapeError when either has another length
   */
  step(x: ArrayLike<number>, out: Float32Array): void {
    const { batch, spec } = this;
    const { recurrent } = this.#sizes;
    if (x.length !== batch * spec.inputSize || out.length !== batch * recurrent) {
      throw new ShapeError(
        `${spec.name}.step: x has ${x.length} and out ${out.length} numbers, wants ${batch * spec.inputSize} and ${batch * recurrent}`,
      );
    }
    const base = this.#base();
    this.engine.memory.f32.set(x, (base + this.#x) >>> 2);
    let input = base + this.#x;
    for (let i = 0; i < this.#layers.length; i++) {
      this.#run(base, this.#layers[i]!, input);
      input = base + this.#layers[i]!.h;
    }
    const { f32 } = this.engine.memory;
    const start = input >>> 2;
    for (let i = 0; i < out.length; i++) out[i] = f32[start + i]!;
  }

  dispose(): void {
    this.#storage.dispose();
  }

  #base(): Ptr {
    return this.#storage.address(`${this.spec.name}.step`);
  }

  #run(base: Ptr, { weights, inSize, h, c, bias }: StepLayer, x: Ptr): void {
    const { engine, spec, batch } = this;
    const { kernels, work } = engine;
    const { hidden, recurrent, gates } = this.#sizes;
    const width = gates * hidden;
    const pre = base + this.#gates;
    const extra = base + this.#extra;
    const biased = weights.biasIh !== null;
    if (biased) kernels.copyStrided(pre, base + bias, batch, width, width, 1, 0, 1);
    const input = packOperand(engine, spec.name, { tensor: weights.weightIh, offset: 0, k: inSize, n: width, ld: inSize, transposed: 1 });
    kernels.gemmPacked(pre, x, input, batch, width, inSize, inSize, width, 0, biased ? 1 : 0, work);
    const main = spec.kind === "GRU" ? 2 * hidden : width;
    const own = packOperand(engine, spec.name, { tensor: weights.weightHh, offset: 0, k: recurrent, n: main, ld: recurrent, transposed: 1 });
    kernels.gemmPacked(pre, base + h, own, batch, main, recurrent, recurrent, width, 0, 1, work);
    if (spec.kind === "GRU") {
      const offset = 2 * hidden * recurrent;
      const candidate = packOperand(engine, spec.name, { tensor: weights.weightHh, offset, k: recurrent, n: hidden, ld: recurrent, transposed: 1 });
      if (weights.biasHh !== null) kernels.copyStrided(extra, weights.biasHh.address(spec.name) + 2 * hidden * 4, batch, hidden, hidden, 1, 0, 1);
      kernels.gemmPacked(extra, base + h, candidate, batch, hidden, recurrent, recurrent, hidden, 0, biased ? 1 : 0, work);
      kernels.gruCell(base + h, pre, extra, base + h, batch, hidden, hidden, hidden);
    } else if (spec.kind !== "LSTM") {
      kernels.rnnCell(base + h, pre, batch, hidden, hidden, spec.kind === "RNN_RELU" ? 1 : 0);
    } else if (weights.weightHr === null) {
      kernels.lstmCell(base + h, base + c, 0, pre, base + c, batch, hidden, hidden);
    } else {
      kernels.lstmCell(extra, base + c, 0, pre, base + c, batch, hidden, hidden);
      const projection = packOperand(engine, spec.name, { tensor: weights.weightHr, offset: 0, k: hidden, n: recurrent, ld: hidden, transposed: 1 });
      kernels.gemmPacked(base + h, extra, projection, batch, recurrent, hidden, hidden, recurrent, 0, 0, work);
    }
  }
}
