/** The systems of our own, by name: what they differ in is the engine's options and kernels. */
import { createEngine, type Engine, type EngineOptions, RecurraError } from "../../src/index.js";
import { Cannot, type Prepared, type System } from "../protocol.js";
import type { Row } from "../rows.js";
import { prepareRow } from "./workloads.js";

const OPTIONS: Readonly<Record<string, EngineOptions>> = {
  recurra: {},
  "recurra-relaxed": {},
  "recurra-reproducible": { numerics: "reproducible" },
  "recurra-js": { backend: "js" },
  "recurra-scalar": { numerics: "reproducible" },
  "recurra-2t": { threads: 2 } as EngineOptions,
};
export const OWN_SYSTEMS: readonly string[] = Object.keys(OPTIONS);
const THREADS = 2;
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

async function engineFor(id: string, load: LoadModule): Promise<Engine> {
  try {
    const engine = await createEngine({ seed: 1, ...OPTIONS[id] });
    if (id === "recurra-scalar") await scalarKernels(engine, await load("scalar-plain"));
    return engine;
  } catch (error) {
    if (error instanceof RecurraError) throw new Cannot(error.message);
    throw error;
  }
}

/** Products and cells without SIMD under an engine that has it: all else stays. */
async function scalarKernels(engine: Engine, module: WebAssembly.Module): Promise<void> {
  const { exports } = new WebAssembly.Instance(module, { env: { memory: engine.memory.wasm! } });
  const kernels = engine.kernels as unknown as Record<string, unknown>;
  for (const [name, kernel] of Object.entries(exports)) {
    if (typeof kernel !== "function") continue;
    if (typeof kernels[name] !== "function") throw new Error(`bench: scalar kernel ${name} replaces none`);
    kernels[name] = kernel;
  }
}

/** What keeps a system from being what its name says. */
function checkInfo(id: string, { build, threads, notes }: Engine["info"]): void {
  if (id === "recurra-2t" && threads !== THREADS) throw new Cannot(`${threads} thread in use: ${notes.join("; ")}`);
  if (id === "recurra-relaxed" && build !== "relaxed") throw new Cannot(`the ${build} build is in use: ${notes.join("; ")}`);
}

/** One of ours. A row gets an engine of its own, so that memory of one does not count for the next. */
export async function recurra(id: string, load: LoadModule): Promise<System> {
  if (OPTIONS[id] === undefined) throw new Error(`bench: no system ${id}`);
  const first = await engineFor(id, load);
  checkInfo(id, first.info);
  const { backend, build, threads } = first.info;
  first.dispose();
  return {
    facts: { backend, build, threads },
    prepare: async (row: Row): Promise<Prepared> => {
      if (id === "recurra-scalar" && (row.kind === "train" || row.kind === "dense"))
        throw new Cannot("the scalar build has the forward kernels only");
      const engine = await engineFor(id, load);
      return {
        ...prepareRow(engine, row),
        memory: () => ({ reserved: engine.memoryUse().reserved, step: engine.memoryUse().arena }),
        release: () => engine.dispose(),
      };
    },
  };
}
