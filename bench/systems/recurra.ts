/** The systems of our own, by name: what they differ in is the engine's options and kernels. */
import { isRecurraError } from "../../src/errors.js";
import type { Engine, EngineOptions } from "../../src/index.js";
import { Cannot, type Prepared, type System } from "../protocol.js";
import type { Row } from "../rows.js";
import type { LoadModule } from "./ceiling.js";
import { createEngine } from "./library.js";
import { prepareRow } from "./workloads.js";

const THREADS = 2;
const ENOUGH_FLOPS = 1e10;
const OPTIONS: Readonly<Record<string, EngineOptions>> = {
  recurra: {},
  "recurra-no-flags": { v8Flags: false },
  "recurra-reproducible": { numerics: "reproducible" },
  "recurra-js": { backend: "js" },
  "recurra-scalar": { numerics: "reproducible" },
  "recurra-2t": { threads: THREADS },
};

async function engineFor(id: string, load: LoadModule): Promise<Engine> {
  try {
    const engine = await createEngine({ seed: 1, ...OPTIONS[id] });
    if (id === "recurra-scalar") await scalarKernels(engine, await load("scalar-plain"));
    return engine;
  } catch (error) {
    if (isRecurraError(error)) throw new Cannot(error.message);
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
function checkInfo(id: string, { threads, notes }: Engine["info"]): void {
  if (id === "recurra-2t" && threads !== THREADS) throw new Cannot(`${threads} thread in use: ${notes.join("; ")}`);
}

/** One of ours. A row gets an engine of its own, so that memory of one does not count for the next. */
export async function recurra(id: string, load: LoadModule): Promise<System> {
  if (OPTIONS[id] === undefined) throw new Error(`bench: no system ${id}`);
  const first = await engineFor(id, load);
  checkInfo(id, first.info);
  // The tile is that of an engine that has worked.
  first.count(ENOUGH_FLOPS);
  const { backend, build, tile, threads } = first.info;
  first.dispose();
  return {
    facts: { backend, build, ...(tile && { tile }), threads },
    prepare: async (row: Row): Promise<Prepared> => {
      if (id === "recurra-scalar" && (row.kind === "train" || row.kind === "dense"))
        throw new Cannot("the scalar build has the forward kernels only");
      const engine = await engineFor(id, load);
      return {
        ...prepareRow(engine, row),
        memory: () => ({ inUse: engine.memoryUse().inUse, step: engine.memoryUse().arena }),
        release: () => engine.dispose(),
      };
    },
  };
}
