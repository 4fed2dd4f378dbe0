/** The yardstick: what 128-bit SIMD does here and now. */
import type { System } from "../protocol.js";

export const CEILING = "ceiling";
const CEILING_TURNS = 100_000;

/** Gives a wasm module of the repository's build (`scalar-plain`), compiled. */
export type LoadModule = (name: string) => Promise<WebAssembly.Module>;

/** FLOP of one run of the ceiling: twelve chains of four lanes, a product and a sum each. */
export const CEILING_FLOPS = CEILING_TURNS * 12 * 8;

/** A loop of independent 128-bit multiplies and adds in wasm: the most that SIMD can do here and now. */
export async function ceiling(load: LoadModule): Promise<System> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(await load("ceiling-baseline"), { env: { memory } });
  const loop = exports.f32_ceiling as (turns: number, factor: number, summand: number) => number;
  return {
    facts: {},
    prepare: () => ({
      run: () => {
        if (!Number.isFinite(loop(CEILING_TURNS, 0.999, 0.001))) throw new Error("bench: the ceiling loop lost its way");
      },
      check: () => [],
    }),
  };
}
