/** What a trial of the numeric surface is made of besides numbers: tensors and layers of one engine. */
import type { Engine } from "../../src/engine/engine.js";
import { type Module, type Tensor, tensor } from "../../src/index.js";
import { Numbers, type Purpose, type Spread, sizeOf } from "./numbers.js";

export class Draw extends Numbers {
  /** Modules under test: their parameters are inputs of the trial. */
  readonly layers: Module[] = [];
  readonly #tensors: Tensor[] = [];

  /** @param seed @param index see {@link Numbers} */
  constructor(
    readonly engine: Engine,
    purpose: Purpose,
    seed: number,
    index: number,
  ) {
    super(purpose, seed, index);
  }

  /** A persistent f32 tensor that requires a gradient. */
  leaf(shape: readonly number[], spread?: Spread): Tensor {
    const made = this.constant(shape, spread);
    made.requiresGrad = true;
    return made;
  }

  /** A persistent f32 tensor that requires none. */
  constant(shape: readonly number[], spread: Spread = (u) => u): Tensor {
    return this.#own(tensor(this.engine, this.floats(sizeOf(shape), spread), shape));
  }

  /** A leaf whose elements differ by a fifth at least, in gradients: which is the largest must not change. */
  distinct(shape: readonly number[]): Tensor {
    const places = this.shuffled(sizeOf(shape));
    return this.leaf(shape, this.smooth ? (_, i) => (places[i]! - places.length / 2) / 5 : undefined);
  }

  /** i32, each from 0 to below - 1. */
  ids(shape: readonly number[], below: number): Tensor {
    return this.integers(shape, () => this.int(0, below - 1));
  }

  integers(shape: readonly number[], value: (i: number) => number): Tensor {
    const values = Int32Array.from({ length: sizeOf(shape) }, (_, i) => value(i));
    return this.#own(tensor(this.engine, values, shape));
  }

  /** Takes a module under test: its parameters get values from this seed, whatever the engine has initialised before. */
  layer<M extends Module>(module: M, scale = 0.6): M {
    for (const parameter of module.parameters()) parameter.assign(this.floats(parameter.size, (u) => scale * u));
    this.layers.push(module);
    return module;
  }

  dispose(): void {
    for (const made of this.#tensors) made.dispose();
    for (const layer of this.layers) layer.dispose();
  }

  #own(made: Tensor): Tensor {
    this.#tensors.push(made);
    return made;
  }
}
