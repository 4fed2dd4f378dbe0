/** Parameters, and what they start as. How they are filled is the training entry's part (initialise.ts). */
import type { Engine } from "../engine/engine.js";
import { type Shape, sizeOf } from "../tensor/shape.js";
import { type Initialiser, initialiserOf } from "../tensor/tape.js";
import { Tensor } from "../tensor/tensor.js";

export type { Initialiser } from "../tensor/tape.js";

/** U(-bound, bound). */
export const uniformWithin = (bound: number): Initialiser => ({ kind: "uniform", low: -bound, high: bound });

/** A trainable tensor: persistent, wherever it is made. The inference entry leaves it zero, since weights are loaded there. */
export class Parameter extends Tensor {
  constructor(engine: Engine, shape: Shape, initialiser: Initialiser) {
    super(engine, shape, "f32", engine.allocatePersistent(sizeOf(shape) * 4, "Parameter"));
    this.requiresGrad = true;
    const initialise = initialiserOf(engine);
    if (initialise !== null && initialiser.kind !== "zeros") initialise(this, initialiser);
    else {
      const start = this.address("Parameter") >>> 2;
      engine.memory.f32.fill(0, start, start + this.size);
    }
  }
}
