/** Engines of a test file, which are disposed of at its end. */
import { afterAll } from "vitest";
import { createEngine, type Engine } from "../../src/index.js";

const engines: Engine[] = [];

export async function engineOf(seed = 1, backend: "wasm" | "js" = "wasm"): Promise<Engine> {
  const engine = await createEngine({ seed, backend, numerics: "reproducible" });
  engines.push(engine);
  return engine;
}

afterAll(() => {
  for (const engine of engines) engine.dispose();
});
