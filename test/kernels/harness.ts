/**
 * Two rigs over separate memories, the built WebAssembly (baseline) and the TypeScript kernels, on which tests lay out the same
 * data, run the same call and compare bits. Every block is fenced by canaries.
 */
import { existsSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { instantiateSync } from "@assemblyscript/loader";
import { CORE_ABI, TILES, TRAIN_ABI } from "../../src/engine/abi.js";
import type { Heap } from "../../src/engine/heap.js";
import { type Kernels, type Ptr, WORK_BYTES } from "../../src/engine/kernels.js";

export const PAGES = 512;
const HEAP_START = 65536;
const FENCE = 16;
const CANARY = 0x5ca1ab1e;

export interface Rig {
  readonly name: "wasm" | "js" | `relaxed, ${(typeof TILES)[number]}`;
  readonly kernels: Kernels;
  readonly heap: Heap;
  readonly work: Ptr;
  /** A fenced f32 block that starts at a 4-byte (not 16-byte) aligned address when `skew` is 1, 2 or 3. */
  f32(data: ArrayLike<number>, skew?: number): Ptr;
  i32(data: ArrayLike<number>, skew?: number): Ptr;
  /** A fenced block of n elements filled with NaN of a known payload. */
  blank(n: number, skew?: number): Ptr;
  read(ptr: Ptr, n: number): Float32Array;
  readI32(ptr: Ptr, n: number): Int32Array;
  /** Throws when any fence was written. */
  checkFences(): void;
  reset(): void;
}

function makeRig(name: Rig["name"], kernels: Kernels, heap: Heap): Rig {
  let top = HEAP_START + Math.ceil(WORK_BYTES / 64) * 64;
  let fences: number[] = [];
  const fence = () => {
    heap.i32.fill(CANARY, top >>> 2, (top >>> 2) + FENCE);
    fences.push(top);
    top += FENCE * 4;
  };
  const block = (n: number, skew: number) => {
    top = Math.ceil(top / 64) * 64 + skew * 4;
    fence();
    const ptr = top;
    top += n * 4;
    if (top + 4096 > PAGES * 65536) throw new Error(`harness: ${n} elements do not fit the test memory`);
    fence();
    return ptr;
  };
  return {
    name,
    kernels,
    heap,
    work: HEAP_START,
    f32(data, skew = 0) {
      const ptr = block(data.length, skew);
      heap.f32.set(data, ptr >>> 2);
      return ptr;
    },
    i32(data, skew = 0) {
      const ptr = block(data.length, skew);
      heap.i32.set(data, ptr >>> 2);
      return ptr;
    },
    blank(n, skew = 0) {
      const ptr = block(n, skew);
      heap.i32.fill(0x7fc0dead, ptr >>> 2, (ptr >>> 2) + n);
      return ptr;
    },
    read: (ptr, n) => heap.f32.slice(ptr >>> 2, (ptr >>> 2) + n),
    readI32: (ptr, n) => heap.i32.slice(ptr >>> 2, (ptr >>> 2) + n),
    checkFences() {
      for (const at of fences) {
        for (let i = 0; i < FENCE; i++) {
          if (heap.i32[(at >>> 2) + i] !== CANARY) throw new Error(`${name}: wrote outside its output, ${i} words into the fence at ${at}`);
        }
      }
    },
    reset() {
      top = HEAP_START + Math.ceil(WORK_BYTES / 64) * 64;
      fences = [];
    },
  };
}

function views(buffer: ArrayBufferLike): Heap {
  return { f32: new Float32Array(buffer), i32: new Int32Array(buffer), u8: new Uint8Array(buffer) };
}

function wasmKernels(memory: WebAssembly.Memory, level: "baseline" | "relaxed", tile?: number): Kernels {
  const kernels: Record<string, unknown> = {};
  for (const [module, abi] of [
    ["core", CORE_ABI],
    ["train", TRAIN_ABI],
  ] as const) {
    // As far below the root here as in a bundle of scripts/run.mjs.
    const file = new URL(`../../build/wasm/${module}-${level}.wasm`, import.meta.url);
    if (!existsSync(file)) throw new Error(`${file.pathname} is missing: npm run build:wasm`);
    const { exports } = instantiateSync(readFileSync(file), { env: { memory } });
    if (tile !== undefined && module === "core") (exports.use_tile as (tile: number) => void)(tile);
    for (const [method, name] of Object.entries(abi)) kernels[method] = (exports as Record<string, unknown>)[name];
  }
  return kernels as unknown as Kernels;
}

function wasmRig(name: Exclude<Rig["name"], "js">, tile?: number): Rig {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  const kernels = wasmKernels(memory, tile === undefined ? "baseline" : "relaxed", tile);
  return makeRig(name, kernels, views(memory.buffer));
}

/** The build for relaxed SIMD with each of its tiles; its bits differ from the others'. Node 20 has it behind a flag. */
export function createRelaxedRigs(): { all: readonly Rig[] } {
  if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
  return { all: TILES.map((tile, number) => wasmRig(`relaxed, ${tile}`, number)) };
}

/**
 * @param createTwin the TypeScript kernels of the family under test, or whatever else shall give the same bits
 * @param buffer the twin's memory, PAGES pages
 */
export function createRigs(
  createTwin: (heap: Heap) => object,
  buffer: ArrayBufferLike = new ArrayBuffer(PAGES * 65536),
): { wasm: Rig; js: Rig; all: readonly Rig[] } {
  const wasm = wasmRig("wasm");
  const heap = views(buffer);
  const js = makeRig("js", createTwin(heap) as Kernels, heap);
  return { wasm, js, all: [wasm, js] };
}

const shown = (value: number) => (Object.is(value, -0) ? "-0" : String(value));

/** Index and values of the first element whose bits differ (any NaN equals any NaN), or undefined. @param names of a and b */
export function firstDifference(a: Float32Array, b: Float32Array, names: readonly [string, string] = ["wasm", "js"]): string | undefined {
  if (a.length !== b.length) return `lengths ${a.length} and ${b.length}`;
  const x = new Int32Array(a.buffer, a.byteOffset, a.length);
  const y = new Int32Array(b.buffer, b.byteOffset, b.length);
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== y[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i])))
      return `[${i}] of ${a.length}: ${shown(a[i]!)} (${names[0]}) and ${shown(b[i]!)} (${names[1]})`;
  }
  return undefined;
}

/** Seeded uniform numbers in [-scale, scale). */
export function randomFloats(n: number, seed: number, scale = 1): Float32Array {
  let a = seed | 0;
  return Float32Array.from({ length: n }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1) * scale;
  });
}

function outputsOf(rig: Rig, run: (rig: Rig) => readonly (readonly [Ptr, number])[]): Float32Array[] {
  rig.reset();
  const outputs = run(rig);
  rig.checkFences();
  return outputs.map(([ptr, n]) => rig.read(ptr, n));
}

/**
 * Runs the same call on all rigs. `run` lays out its data and returns the outputs as [address, elements].
 * Returns the first one's outputs; throws where a fence was written or another's bits differ.
 */
export function sameBits(rigs: { readonly all: readonly Rig[] }, run: (rig: Rig) => readonly (readonly [Ptr, number])[]): Float32Array[] {
  const [rig, ...others] = rigs.all as [Rig, ...Rig[]];
  const outputs = outputsOf(rig, run);
  for (const other of others) {
    outputsOf(other, run).forEach((output, i) => {
      const difference = firstDifference(outputs[i]!, output, [rig.name, other.name]);
      if (difference !== undefined) throw new Error(`output ${i}: ${difference}`);
    });
  }
  return outputs;
}

/** Largest error of `got` in units of the last place of the float32 nearest to the float64 `want`; NaN meets NaN, an infinity itself. */
export function worstUlp(got: ArrayLike<number>, want: ArrayLike<number>): { ulp: number; at: number } {
  let worst = { ulp: 0, at: -1 };
  for (let i = 0; i < got.length; i++) {
    const ulp = ulpError(got[i]!, want[i]!);
    if (!(ulp <= worst.ulp)) worst = { ulp, at: i };
  }
  return worst;
}

/** @see worstUlp */
export function ulpError(got: number, want: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  const rounded = Math.fround(want);
  if (!Number.isFinite(rounded)) return got === rounded ? 0 : Number.POSITIVE_INFINITY;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(rounded) || 2 ** -149)));
  return Math.abs(got - want) / 2 ** (exponent - 23);
}
