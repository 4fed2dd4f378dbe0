/** Fills new parameters. Streams come from the engine's seed, one a parameter, in the order of construction. */
import type { Engine } from "../engine/engine.js";
import { Stream } from "../engine/random.js";
import { normalQuantile } from "../engine/scalar.js";
import { type Shape, sizeOf } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";

export type Initialiser =
  | { readonly kind: "zeros" }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly mean: number; readonly std: number };

/** U(-bound, bound). */
export const uniformWithin = (bound: number): Initialiser => ({ kind: "uniform", low: -bound, high: bound });

/** A trainable tensor: persistent, wherever it is made. The inference entry leaves it zero, since weights are loaded there. */
export class Parameter extends Tensor {
  constructor(engine: Engine, shape: Shape, initialiser: Initialiser) {
    super(engine, shape, "f32", engine.allocatePersistent(sizeOf(shape) * 4, "Parameter"));
    this.requiresGrad = true;
    fill(this, engine.tape === null ? { kind: "zeros" } : initialiser);
  }
}

function fill(parameter: Parameter, initialiser: Initialiser): void {
  const { engine, size } = parameter;
  const ptr = parameter.address("Parameter");
  if (initialiser.kind === "zeros") {
    engine.memory.f32.fill(0, ptr >>> 2, (ptr >>> 2) + size);
    return;
  }
  const [key0, key1] = engine.nextKey("init");
  if (initialiser.kind === "uniform") {
    engine.kernels.uniform(ptr, size, key0, key1, initialiser.low, initialiser.high);
    return;
  }
  const stream = new Stream([key0, key1]);
  const { f32 } = engine.memory;
  for (let i = 0; i < size; i++) {
    const p = (stream.nextU32() + 0.5) / 4294967296;
    f32[(ptr >>> 2) + i] = initialiser.mean + initialiser.std * normalQuantile(p);
  }
}
