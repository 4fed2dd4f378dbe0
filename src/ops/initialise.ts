/** Fills new parameters. Streams come from the engine's seed, one a parameter, in the order of construction. */
import { Stream } from "../engine/random.js";
import { normalQuantile } from "../engine/scalar.js";
import type { Initialise } from "../tensor/tape.js";

export const initialise: Initialise = (parameter, initialiser) => {
  if (initialiser.kind === "zeros") return;
  const { engine, size } = parameter;
  const ptr = parameter.address("Parameter");
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
};
