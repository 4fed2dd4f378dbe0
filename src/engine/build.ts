/** Which build of the kernels runs: what the runtime can do, and the modules compiled. */
import type { EngineModules, Tile } from "./abi.js";
import { inflate } from "./inflate.js";
import { HEAP_START } from "./memory.js";
import type { Build, ModuleBytes, Under } from "./optimise.js";

/** Wasm as raw deflate in base64 (see inflate.ts); train goes on where core ends, after `start` bytes. The inference entry has none. */
export interface InlineModules {
  readonly core: string;
  readonly train: { readonly text: string; readonly start: number } | null;
}

/** What Node has for relaxed SIMD's build (src/assets/on-node.ts): flags of V8, under which modules are compiled without waiting. */
export interface Offer {
  /** Relaxed SIMD itself. */
  readonly relaxed?: Under;
  /** Vectors of 256 bits, and all optimised at once. */
  readonly wide?: Under;
  /** The modules, where they can be read from files. */
  readonly bytes?: ModuleBytes | undefined;
}

export interface BuildAssets {
  readonly baseline: InlineModules;
  readonly loadRelaxed: () => Promise<InlineModules>;
  /** Asked where there are modules of Node's. @param flags whether V8's may be set @param train whether the training kernels are wanted */
  readonly onNode: (flags: boolean, train: boolean) => Offer;
}

/** Options of createEngine that a build depends on. */
export interface BuildOptions {
  /** "fast" (default): the best build. "reproducible": baseline kernels only, the same bits everywhere. */
  readonly numerics?: "fast" | "reproducible";
  /**
   * Threads over the same memory, from 1 (default) to 64; the bits do not depend on it. Where workers or shared memory cannot be had, and on
   * the main thread of a page, which must not wait, it is one, and `engine.info.notes` says why.
   */
  readonly threads?: number;
  /**
   * Whether flags of V8 may be on while the kernels of "fast" are compiled, which is where they make them faster: relaxed SIMD on Node 20;
   * vectors of 256 bits on Node 24 on x64, for which kernels are compiled anew, for some 50 milliseconds, when steps have come to about
   * as much work, or at once where there are several threads. The results are those of relaxed SIMD. What is compiled meanwhile on another
   * thread of the process comes under them too. Default true.
   */
  readonly v8Flags?: boolean;
  /**
   * What relaxed SIMD's products take at once, which changes their speed and no bit: by a table of runtimes ("table", default), or whatever
   * is the fastest in a measurement of 0.2 seconds ("measured"), for runtimes and processors that the table does not know.
   */
  readonly tile?: "table" | "measured";
  /** Compiled modules, where bytes may not be compiled (edge workers). */
  readonly modules?: EngineModules;
}

/** (module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))). Hand-assembled. */
const RELAXED = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 7, 1, 0x60, 2, 0x7b, 0x7b, 1, 0x7b, 3, 2, 1, 0, 10, 11, 1, 9, 0, 0x20, 0, 0x20, 1, 0xfd, 0x80, 2,
  0x0b,
]);

/** Whether this runtime has relaxed SIMD. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(RELAXED);

/**
 * The tile that suits this runtime's relaxed SIMD. Those with fences are for V8 11 and 12, which move loads away from their use
 * (assembly/gemm/fence.ts); what the later ones also have is Float16Array.
 */
export const tableTile = (): Tile => ("Float16Array" in globalThis ? "6x8" : "6x8-fenced");

async function unpack({ core, train }: InlineModules): Promise<ModuleBytes> {
  const bytes = await inflate(core + (train?.text ?? ""));
  return { core: bytes.subarray(0, train?.start), ...(train && { train: bytes.subarray(train.start) }) };
}

/** Both at once: a runtime compiles on threads of its own. Under flags it is not waited for. */
async function compile({ core, train }: ModuleBytes, under?: Under): Promise<EngineModules> {
  const start = (part: Uint8Array<ArrayBuffer>) => under?.(() => new WebAssembly.Module(part)) ?? WebAssembly.compile(part);
  const [first, second] = await Promise.all([core, train].map((part) => part && start(part)));
  return { core: first!, ...(second && { train: second }) };
}

/**
 * Compiles the best build that may be used: relaxed SIMD is a chunk of its own, and where it cannot be had the baseline serves.
 * @throws what the runtime throws where it has no WebAssembly or no SIMD
 */
export async function compileKernels(
  { modules, numerics, v8Flags = true, tile, threads = 1 }: BuildOptions,
  assets: BuildAssets,
  notes: string[],
): Promise<Build> {
  if (typeof WebAssembly !== "object") throw new TypeError("this runtime has no WebAssembly");
  const free = modules === undefined && numerics !== "reproducible";
  const node = free && globalThis.process?.getBuiltinModule;
  const { relaxed, wide, ...offer }: Offer = node ? assets.onNode(v8Flags, assets.baseline.train !== null) : {};
  let { bytes } = offer;
  if (free && (relaxed?.(hasRelaxedSimd) ?? hasRelaxedSimd())) {
    try {
      bytes ??= await unpack(await assets.loadRelaxed());
      modules = await compile(bytes, relaxed);
    } catch (error) {
      notes.push(`baseline SIMD in use: ${String(error)}`);
    }
  }
  const plain = { modules: modules ?? (await compile(await unpack(assets.baseline))), tile: tableTile() };
  const better = bytes && wide && { bytes, wide };
  if (tile !== "measured" && !better) return plain;
  return (await import("./optimise.js")).optimised(plain, HEAP_START, tile === "measured" || threads > 1, notes, better);
}
