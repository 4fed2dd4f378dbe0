/**
 * Finds out what the runtime can do, brings the kernels up over one memory and builds the engine.
 */
import { ConfigError, StateError } from "../errors.js";
import { checkOptions, flag, inRange, oneOf, wholeNumber } from "../options.js";
import { CORE_ABI, instantiate, type Tile, type TRAIN_ABI } from "./abi.js";
import { Engine, type EngineInfo, type StepHook } from "./engine.js";
import type { Heap } from "./heap.js";
import { inflate } from "./inflate.js";
import type { Kernels, Ptr } from "./kernels.js";
import type { Threads } from "./lane.js";
import { HEAP_START, LinearMemory } from "./memory.js";
import type { startThreads, WorkerHandle } from "./threads.js";

export interface EngineModules {
  readonly core: WebAssembly.Module;
  readonly train?: WebAssembly.Module;
}

export interface EngineOptions {
  /** Whole number from 0 to 2^53 - 1 that everything random follows from. Default 0. */
  readonly seed?: number;
  /** "fast" (default): the best build. "reproducible": baseline kernels only, the same bits everywhere. */
  readonly numerics?: "fast" | "reproducible";
  /** "auto" (default) takes WebAssembly where it may, else the TypeScript kernels. */
  readonly backend?: "auto" | "wasm" | "js";
  /** Bytes of linear memory at most; going beyond throws MemoryError. Default: what the runtime grants, 4 GiB at most. */
  readonly maxMemory?: number;
  /**
   * Threads over the same memory, from 1 (default) to 64; the bits do not depend on it. Where workers or shared memory cannot be had, and on
   * the main thread of a page, which must not wait, it is one, and `engine.info.notes` says why.
   */
  readonly threads?: number;
  /**
   * Whether V8's flags may be switched on for the whole process, where that makes "fast" kernels faster: relaxed SIMD on Node 20, vectors
   * of 256 bits on Node 24 to 26 on x64. They are for who owns the process: other modules are compiled under them too. The results are
   * those of relaxed SIMD. Kernels that a process has optimised already stay as they are: its first engine is to ask. Where there is no such
   * flag, `engine.info.notes` says so. Default false.
   */
  readonly v8Flags?: boolean;
  /**
   * What relaxed SIMD's products take at once, which changes their speed and no bit: by a table of runtimes ("table", default), or whatever
   * is the fastest in a measurement of 0.2 seconds ("measured"), for runtimes and processors that the table does not know.
   */
  readonly tile?: "table" | "measured";
  /** Compiled modules, where bytes may not be compiled (edge workers). */
  readonly modules?: EngineModules;
  /** Debug: memory grows at every allocation, so that a view kept too long shows. */
  readonly debugGrow?: boolean;
}

/** Wasm as raw deflate in base64 (see inflate.ts); train goes on where core ends, after `start` bytes. The inference entry has none. */
export interface InlineModules {
  readonly core: string;
  readonly train: { readonly text: string; readonly start: number } | null;
}

/** What an entry (`recurra`, `recurra/infer`) brings along. */
export interface EngineAssets {
  /** Names of the training kernels; null in the inference entry, which has none. */
  readonly trainAbi: typeof TRAIN_ABI | null;
  readonly baseline: InlineModules;
  readonly loadRelaxed: () => Promise<InlineModules>;
  readonly tape: (() => StepHook) | null;
  readonly loadThreads: () => Promise<{ readonly startThreads: typeof startThreads; readonly spawn: () => WorkerHandle }>;
  readonly loadJsKernels: () => Promise<(heap: Heap) => Kernels>;
  /** Switches V8's flags on (src/platform/v8.ts). */
  readonly loadV8Flags: () => Promise<() => { readonly wide: boolean; readonly note?: string }>;
}

const KNOWN = ["seed", "numerics", "backend", "maxMemory", "threads", "v8Flags", "tile", "modules", "debugGrow"] as const;

const MAX_THREADS = 64;

/** (module (func (v128.const …) drop)) with one i8x16.relaxed_swizzle where asked. Hand-assembled. */
function simdProbe(opcode: readonly number[], operands: number): Uint8Array {
  const constant = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
  const body = [0, ...Array.from({ length: operands }, () => constant).flat(), ...opcode, 0x1a, 0x0b];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body]);
}

/** What WebAssembly this runtime has: none, base SIMD, relaxed SIMD. */
export function probe(): { wasm: boolean; simd: boolean; relaxed: boolean } {
  if (typeof WebAssembly !== "object") return { wasm: false, simd: false, relaxed: false };
  return {
    wasm: true,
    simd: WebAssembly.validate(simdProbe([0xfd, 0x4d], 1) as BufferSource),
    relaxed: WebAssembly.validate(simdProbe([0xfd, 0x80, 0x02], 2) as BufferSource),
  };
}

/** Both at once: a runtime compiles on threads of its own. */
async function compile({ core, train }: InlineModules): Promise<EngineModules> {
  const bytes = await inflate(core + (train?.text ?? ""));
  const parts = [bytes.subarray(0, train?.start), train && bytes.subarray(train.start)];
  const [first, second] = await Promise.all(parts.map((part) => part && WebAssembly.compile(part)));
  return { core: first!, ...(second && { train: second }) };
}

/** Compiles the best build that may be used: relaxed SIMD is a chunk of its own, and where it cannot be had the baseline serves. */
async function compileBest(assets: EngineAssets, relaxed: boolean, notes: string[]): Promise<EngineModules> {
  if (relaxed) {
    try {
      return await compile(await assets.loadRelaxed());
    } catch (error) {
      notes.push(`baseline SIMD in use: ${String(error)}`);
    }
  }
  return compile(assets.baseline);
}

interface Bound {
  readonly kernels: Kernels;
  readonly build: EngineInfo["build"];
  readonly tile: EngineInfo["tile"];
}

/**
 * The tile that suits this runtime. Those of six rows take all registers, so they are for engines that leave a load beside its use: V8 from
 * 13 on, not 12. What such an engine also has is Float16Array.
 */
const tableTile = (wide: boolean): Tile => ("Float16Array" in globalThis ? (wide ? "6x16" : "6x8") : "4x8");

function bind(memory: LinearMemory, modules: EngineModules, trainAbi: EngineAssets["trainAbi"], tile: Tile): Bound {
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
  oneOf("createEngine", "numerics", options.numerics ?? "fast", ["fast", "reproducible"]);
  oneOf("createEngine", "backend", options.backend ?? "auto", ["auto", "wasm", "js"]);
  if (wholeNumber("createEngine", "threads", options.threads ?? 1, 1) > MAX_THREADS) {
    throw new ConfigError(`createEngine: threads ${options.threads}, wants at most ${MAX_THREADS}`);
  }
  flag("createEngine", "v8Flags", options.v8Flags ?? false);
  oneOf("createEngine", "tile", options.tile ?? "table", ["table", "measured"]);
  if (maxMemory !== undefined) inRange("createEngine", "maxMemory", maxMemory, 1, 4294967296);
}

/** Instantiates compiled modules without waiting; `train` may be absent in the inference entry. */
export function createEngineSync(
  options: EngineOptions & { modules: EngineModules },
  assets: Pick<EngineAssets, "tape" | "trainAbi">,
): Engine {
  validate(options);
  if (options.backend === "js")
    throw new ConfigError('createEngineSync: backend "js", wants "auto" or "wasm" (the TypeScript kernels are loaded by createEngine)');
  if (assets.trainAbi !== null && options.modules.train === undefined) {
    throw new ConfigError("createEngineSync: modules has no train module, wants { core, train }");
  }
  for (const name of ["threads", "v8Flags", "tile"] as const) {
    const only = { threads: 1, v8Flags: false, tile: "table" }[name];
    if ((options[name] ?? only) !== only)
      throw new ConfigError(`createEngineSync: ${name} ${options[name]}, wants ${only} (createEngine waits for more)`);
  }
  return assemble(options, [], assets.tape, runWasm(options, options.modules, assets.trainAbi, tableTile(false)));
}

/** Kernels over their memory. */
interface Running extends Bound {
  readonly backend: EngineInfo["backend"];
  readonly memory: LinearMemory;
}

type MakeThreads = (allocate: (bytes: number) => Ptr) => Threads;

const memoryFor = (backend: "wasm" | "js", { maxMemory, debugGrow = false }: EngineOptions): LinearMemory =>
  new LinearMemory({ backend, maxMemory, poison: debugGrow });

function runWasm(options: EngineOptions, modules: EngineModules, trainAbi: EngineAssets["trainAbi"], tile: Tile): Running {
  const memory = memoryFor("wasm", options);
  const bound = bind(memory, modules, trainAbi, tile);
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
  load: EngineAssets["loadThreads"],
  notes: string[],
): Promise<MakeThreads | null> {
  if (count === 1) return null;
  try {
    if (typeof document !== "undefined") throw new StateError("the main thread of a page must not wait, wants the engine in a worker");
    const { startThreads, spawn } = await load();
    return await startThreads(count, memory, modules, tile!, spawn);
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
): Engine {
  const { seed = 0, numerics = "fast", debugGrow = false } = options;
  const info: EngineInfo = { backend, build, numerics, threads: threads === null ? 1 : (options.threads ?? 1), tile, notes };
  return new Engine({ kernels, memory, info, seed, tape: tape?.() ?? null, threads, growAlways: debugGrow });
}

/** @returns whether V8 joins pairs of vectors from now on */
async function switchOnFlags(assets: EngineAssets, notes: string[]): Promise<boolean> {
  const { wide, note } = (await assets.loadV8Flags())();
  if (note !== undefined) notes.push(note);
  return wide;
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
      const fast = options.numerics !== "reproducible";
      const wide = fast && options.v8Flags === true && (await switchOnFlags(assets, notes));
      const level = probe();
      if (!level.simd) throw new StateError("createEngine: this runtime has no WebAssembly SIMD");
      const modules = options.modules ?? (await compileBest(assets, fast && level.relaxed, notes));
      const tile =
        options.tile === "measured" ? await (await import("./measure.js")).measureTile(modules.core, HEAP_START) : tableTile(wide);
      const running = runWasm(options, modules, assets.trainAbi, tile);
      const workers = await startWorkers(threads, running, modules, assets.loadThreads, notes);
      return assemble(options, notes, assets.tape, running, workers);
    } catch (error) {
      if (backend === "wasm")
        throw error instanceof StateError
          ? error
          : new StateError(`createEngine: WebAssembly was refused: ${String(error)}`, { cause: error });
      if (!(error instanceof StateError) && !(error instanceof WebAssembly.CompileError)) throw error;
      notes.push(`TypeScript kernels in use: ${error.message}`);
    }
  }
  if (threads > 1) notes.push("one thread in use: the TypeScript kernels run on one");
  const createJsKernels = await assets.loadJsKernels();
  const memory = memoryFor("js", options);
  return assemble(options, notes, assets.tape, {
    backend: "js",
    build: "typescript",
    tile: null,
    kernels: createJsKernels(memory),
    memory,
  });
}
