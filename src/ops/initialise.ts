/** Fills new parameters. Streams come from the engine's seed, one a parameter, in the order of construction. */
import type { Initialise } from "../tensor/tape.js";

export const initialise: Initialise = (parameter, initialiser) => {
  const { engine, size } = parameter;
  const ptr = parameter.address("Parameter");
  const [key0, key1] = engine.nextKey("init");
  if (initialiser.kind === "uniform") engine.kernels.uniform(ptr, size, key0, key1, initialiser.low, initialiser.high);
  else engine.kernels.normal(ptr, size, key0, key1, initialiser.mean, initialiser.std);
};
