/** From checked options to an engine: kernels over one memory, threads where they are asked for, the tape of an entry that trains. */
import { ConfigError, isRecurraError, StateError } from "../errors.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { CORE_ABI, type EngineModules, instantiate, type TRAIN_ABI } from "./abi.js";
import { type BuildAssets, type BuildOptions, compileKernels, tableTile } from "./build.js";
import { Engine, type EngineInfo, type StepHook } from "./engine.js";
import type { Kernels, Ptr } from "./kernels.js";
import type { Threads } from "./lane.js";
import { LinearMemory } from "./memory.js";
import type { Build } from "./optimise.js";
import type { WorkerHandle } from "./threads.js";

export interface EngineOptions extends BuildOptions {
  /** Whole number from 0 to 2^53 - 1 that everything random follows from. Default 0. */
  readonly seed?: number;
  /** "auto" (default) takes WebAssembly where it may, else the TypeScript kernels. */
  readonly backend?: "auto" | "wasm" | "js";
  /** Bytes of linear memory at most; going beyond throws MemoryError. Default: what the runtime grants, 4 GiB at most. */
  readonly maxMemory?: number;
  /** Debug: memory grows at every allocation, so that a view kept too long shows. */
  readonly debugGrow?: boolean;
}

/** What an entry (`recurra`, `recurra/infer`) brings along. */
export interface EngineAssets extends BuildAssets {
  /** Names of the training kernels; null in the inference entry, which has none. */
  readonly trainAbi: typeof TRAIN_ABI | null;
  readonly tape: (() => StepHook) | null;
  /** Starts a worker of src/worker.ts (src/platform/workers.ts). */
  readonly spawn: () => Promise<WorkerHandle>;
}

const CHOICES = { numerics: ["fast", "reproducible"], backend: ["auto", "wasm", "js"], tile: ["table", "measured"] } as const;
const KNOWN = ["seed", ...Object.keys(CHOICES), "maxMemory", "threads", "v8Flags", "modules", "debugGrow"];

const MAX_THREADS = 64;

interface Bound {
  readonly kernels: Kernels;
  readonly build: EngineInfo["build"];
  readonly tile: EngineInfo["tile"];
}

function bind(memory: LinearMemory, { modules, tile }: Build, trainAbi: EngineAssets["trainAbi"]): Bound {
  let relaxed = false;
  const kernels: Record<string, unknown> = {};
  const take = (module: WebAssembly.Module, abi: Readonly<Record<string, string>>) => {
    const exports = instantiate(module, memory.wasm as WebAssembly.Memory, tile);
    for (const [method, name] of Object.entries(abi)) {
      if (typeof exports[name] !== "function")
        throw new ConfigError(`createEngine: the wasm module has no export ${name}, wants one of this version`);
      kernels[method] = exports[name];
    }
    relaxed ||= (exports.relaxed as WebAssembly.Global | undefined)?.value === 1;
  };
  take(modules.core, CORE_ABI);
  if (modules.train !== undefined && trainAbi !== null) take(modules.train, trainAbi);
  return { kernels: kernels as unknown as Kernels, ...(relaxed ? { build: "relaxed", tile } : { build: "baseline", tile: "4x8" }) };
}

function validate(options: EngineOptions): void {
  checkOptions("createEngine", options, KNOWN);
  const { maxMemory } = options;
  wholeNumber("createEngine", "seed", options.seed ?? 0, 0);
  for (const [name, choices] of Object.entries(CHOICES))
    oneOf<string>("createEngine", name, options[name as keyof typeof CHOICES] ?? choices[0], choices);
  if (wholeNumber("createEngine", "threads", options.threads ?? 1, 1) > MAX_THREADS) {
    throw new ConfigError(`createEngine: threads ${options.threads}, wants at most ${MAX_THREADS}`);
  }
  flag("createEngine", "v8Flags", options.v8Flags ?? true);
  if (maxMemory !== undefined) inRange("createEngine", "maxMemory", maxMemory, 1, 4294967296);
}

/** Instantiates compiled modules without waiting; `train` may be absent in the inference entry. */
export function createEngineSync(
  options: EngineOptions & { modules: EngineModules },
  assets: Pick<EngineAssets, "tape" | "trainAbi">,
): Engine {
  validate(options);
  if (assets.trainAbi !== null && options.modules.train === undefined) {
    throw new ConfigError("createEngineSync: modules has no train module, wants { core, train }");
  }
  const { backend = "auto", threads = 1, tile = "table" } = options;
  if (backend === "js" || threads > 1 || tile !== "table")
    throw new ConfigError(
      `createEngineSync: backend ${backend}, threads ${threads}, tile ${tile}, wants wasm, 1 and table (createEngine waits for others)`,
    );
  return assemble(options, [], assets.tape, runWasm(options, { modules: options.modules, tile: tableTile() }, assets.trainAbi));
}

/** Kernels over their memory. */
interface Running extends Bound {
  readonly backend: EngineInfo["backend"];
  readonly memory: LinearMemory;
}

type MakeThreads = (allocate: (bytes: number) => Ptr) => Threads;

const memoryFor = (backend: "wasm" | "js", { maxMemory, debugGrow = false }: EngineOptions): LinearMemory =>
  new LinearMemory({ backend, maxMemory, poison: debugGrow });

function runWasm(options: EngineOptions, build: Build, trainAbi: EngineAssets["trainAbi"]): Running {
  const memory = memoryFor("wasm", options);
  const bound = bind(memory, build, trainAbi);
  if (bound.build === "relaxed" && options.numerics === "reproducible") {
    throw new ConfigError('createEngine: modules are built for relaxed SIMD, numerics "reproducible" wants baseline ones');
  }
  return { backend: "wasm", memory, ...bound };
}

/** Starts the workers that are asked for; where they cannot be had a note says so and there is one thread. */
async function startWorkers(
  count: number,
  { memory, tile }: Running,
  modules: EngineModules,
  spawn: EngineAssets["spawn"],
  notes: string[],
): Promise<MakeThreads | null> {
  if (count === 1) return null;
  try {
    return await (await import("./threads.js")).startThreads(count, memory, modules, tile!, spawn);
  } catch (error) {
    notes.push(`one thread in use: ${String(error)}`);
    return null;
  }
}

function assemble(
  options: EngineOptions,
  notes: readonly string[],
  tape: (() => StepHook) | null,
  { backend, build, tile, kernels, memory }: Running,
  threads: MakeThreads | null = null,
  better?: () => Bound,
): Engine {
  const { seed = 0, numerics = "fast", debugGrow = false } = options;
  const info = { backend, build, numerics, threads: threads === null ? 1 : (options.threads ?? 1), tile, notes };
  const optimise = () => {
    const { kernels: faster, tile } = better!();
    Object.assign(kernels, faster);
    info.tile = tile;
  };
  return new Engine({ kernels, memory, info, seed, tape: tape?.() ?? null, threads, optimise: better && optimise, growAlways: debugGrow });
}

/**
 * Builds an engine.
 * @throws ConfigError on an unknown or bad option; StateError when backend "wasm" was asked for and the runtime refuses it
 */
export async function createEngineFrom(options: EngineOptions, assets: EngineAssets): Promise<Engine> {
  validate(options);
  const { backend = "auto", threads = 1 } = options;
  const notes: string[] = [];
  if (backend !== "js") {
    try {
      const build = await compileKernels(options, assets, notes);
      const running = runWasm(options, build, assets.trainAbi);
      const workers = await startWorkers(threads, running, build.modules, assets.spawn, notes);
      return assemble(
        options,
        notes,
        assets.tape,
        running,
        workers,
        build.optimise && (() => bind(running.memory, build.optimise!(), assets.trainAbi)),
      );
    } catch (error) {
      if (isRecurraError(error)) throw error;
      if (backend === "wasm") throw new StateError(`createEngine: WebAssembly was refused: ${String(error)}`, { cause: error });
      notes.push(`TypeScript kernels in use: ${String(error)}`);
    }
  }
  if (threads > 1) notes.push("one thread in use: the TypeScript kernels run on one");
  const { createJsKernels } = await import("./js/index.js");
  const memory = memoryFor("js", options);
  return assemble(options, notes, assets.tape, {
    backend: "js",
    build: "typescript",
    tile: null,
    kernels: createJsKernels(memory),
    memory,
  });
}
