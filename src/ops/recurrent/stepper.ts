/** One step at a time without allocation: the state stays in linear memory between calls. */
import type { Engine } from "../../engine/engine.js";
import type { Ptr } from "../../engine/kernels.js";
import type { Storage } from "../../engine/storage.js";
import { ConfigError, ShapeError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import { PackedOperand } from "../packed.js";
import { gruStep } from "./gru.js";
import { type RecurrentSpec, type RecurrentWeights, type Sizes, sizesOf } from "./spec.js";

interface StepLayer {
  readonly weights: RecurrentWeights;
  readonly inSize: number;
  readonly input: PackedOperand;
  /** All gates, of a GRU r and z. */
  readonly own: PackedOperand;
  /** The GRU's n. */
  readonly candidate: PackedOperand | null;
  readonly projection: PackedOperand | null;
  /** Versions of the biases whose sum is kept. */
  readonly summed: { ih: number; hh: number };
  /** Byte offsets in the stepper's block. */
  readonly h: number;
  readonly c: number;
  readonly bias: number;
}

/**
 * Runs a unidirectional network step by step over a batch. `step` copies x in and h out and allocates nothing.
 * Weights may be trained or loaded between steps: what was packed or summed of them is made anew then.
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
    private readonly start: { readonly h: Tensor | null; readonly c: Tensor | null },
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
    this.#layers = weights.map((own, layer) => {
      const inSize = layer === 0 ? spec.inputSize : sizes.recurrent;
      const pack = (tensor: Tensor, k: number, n: number, offset = 0) =>
        new PackedOperand(engine, spec.name, { tensor, offset, k, n, ld: k, transposed: 1 });
      const isGru = spec.kind === "GRU";
      return {
        weights: own,
        inSize,
        input: pack(own.weightIh, inSize, gateWidth),
        own: pack(own.weightHh, sizes.recurrent, isGru ? 2 * sizes.hidden : gateWidth),
        candidate: isGru ? pack(own.weightHh, sizes.recurrent, sizes.hidden, 2 * sizes.hidden * sizes.recurrent) : null,
        projection: own.weightHr === null ? null : pack(own.weightHr, sizes.hidden, sizes.recurrent),
        summed: { ih: -1, hh: -1 },
        h: take(batch * sizes.recurrent),
        c: take(batch * sizes.hidden),
        bias: take(gateWidth),
      };
    });
    this.#storage = engine.allocatePersistent(bytes, `${spec.name}.stepper`);
    this.reset();
  }

  /** Back to zero states, or to the learned ones as they are now. */
  reset(): void {
    const { batch, engine, start } = this;
    const base = this.#base();
    const { hidden, recurrent } = this.#sizes;
    const fill = (to: Ptr, from: Tensor | null, layer: number, size: number) => {
      if (from === null) engine.memory.f32.fill(0, to >>> 2, (to >>> 2) + batch * size);
      else engine.kernels.copyStrided(to, from.address(`${this.spec.name}.reset`) + layer * size * 4, batch, size, size, 1, 0, 1);
    };
    for (const [layer, { h, c }] of this.#layers.entries()) {
      fill(base + h, start.h, layer, recurrent);
      fill(base + c, start.c, layer, hidden);
    }
  }

  /** Both biases in one, but where a GRU's reset gate multiplies b_hn. */
  #sumBiases(base: Ptr, { weights: { biasIh, biasHh }, summed, bias }: StepLayer): void {
    if (biasIh === null || biasHh === null) return;
    if (summed.ih === biasIh.storage.version && summed.hh === biasHh.storage.version) return;
    const { kernels } = this.engine;
    const { hidden, gates, jointBias } = this.#sizes;
    const width = gates * hidden;
    kernels.copyStrided(base + bias, biasIh.address(this.spec.name), 1, width, width, 1, width, 1);
    kernels.add(base + bias, base + bias, biasHh.address(this.spec.name), jointBias);
    summed.ih = biasIh.storage.version;
    summed.hh = biasHh.storage.version;
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

  #run(base: Ptr, layer: StepLayer, x: Ptr): void {
    const { engine, spec, batch } = this;
    const { kernels, work } = engine;
    const { hidden, recurrent, gates } = this.#sizes;
    const { weights, inSize, bias, candidate, projection } = layer;
    const width = gates * hidden;
    const [pre, extra, h, c] = [base + this.#gates, base + this.#extra, base + layer.h, base + layer.c];
    engine.count(2 * batch * width * (inSize + recurrent));
    this.#sumBiases(base, layer);
    const joint = weights.biasIh === null ? 0 : base + bias;
    kernels.gemmPacked(pre, x, layer.input.address(), batch, width, inSize, inSize, width, joint, 0, work);
    const own = layer.own.address();
    if (candidate !== null) {
      const bhn = weights.biasHh === null ? 0 : weights.biasHh.address(spec.name) + 2 * hidden * 4;
      gruStep(kernels, work, spec, { main: own, n: candidate.address() }, bhn, h, pre, extra, h, batch, hidden, hidden);
      return;
    }
    kernels.gemmPacked(pre, h, own, batch, width, recurrent, recurrent, width, 0, 1, work);
    if (spec.kind !== "LSTM") {
      kernels.rnnCell(h, pre, batch, hidden, hidden, spec.kind === "RNN_RELU" ? 1 : 0);
    } else {
      kernels.lstmCell(projection === null ? h : extra, c, 0, pre, c, batch, hidden, hidden);
      if (projection !== null) kernels.gemmPacked(h, extra, projection.address(), batch, recurrent, hidden, hidden, recurrent, 0, 0, work);
    }
  }
}
