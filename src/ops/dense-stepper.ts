/** A dense layer applied to one row after the other without allocation. */
import type { Engine } from "../engine/engine.js";
import type { Storage } from "../engine/storage.js";
import { ShapeError } from "../errors.js";
import type { Tensor } from "../tensor/tensor.js";
import { PackedOperand } from "./packed.js";

const WHERE = "DenseStepper.step";

export class DenseStepper {
  readonly #weight: PackedOperand;
  readonly #storage: Storage;
  readonly #inFeatures: number;
  readonly #outFeatures: number;

  /** @param weight f32 [out, in] @param bias f32 [out], or none */
  constructor(
    private readonly engine: Engine,
    weight: Tensor,
    private readonly bias: Tensor | null,
  ) {
    const [n, k] = weight.shape as [number, number];
    [this.#outFeatures, this.#inFeatures] = [n, k];
    this.#weight = new PackedOperand(engine, WHERE, { tensor: weight, offset: 0, k, n, ld: k, transposed: 1 });
    this.#storage = engine.allocatePersistent((k + n) * 4, WHERE);
  }

  /**
   * out = x·Wᵀ + b, with the bits that `linear` gives to a row.
   * @param x inFeatures numbers @param out outFeatures numbers
   * @throws ShapeError when either has another length
   */
  step(x: ArrayLike<number>, out: Float32Array): void {
    const { engine, bias } = this;
    const [k, n] = [this.#inFeatures, this.#outFeatures];
    if (x.length !== k || out.length !== n)
      throw new ShapeError(`${WHERE}: x has ${x.length} and out ${out.length} numbers, wants ${k} and ${n}`);
    const from = this.#storage.address(WHERE);
    const to = from + k * 4;
    engine.memory.f32.set(x, from >>> 2);
    engine.kernels.gemmPacked(to, from, this.#weight.address(), 1, n, k, k, n, bias?.address(WHERE) ?? 0, 0, engine.work);
    const { f32 } = engine.memory;
    const start = to >>> 2;
    for (let i = 0; i < n; i++) out[i] = f32[start + i]!;
  }

  dispose(): void {
    this.#storage.dispose();
  }
}
