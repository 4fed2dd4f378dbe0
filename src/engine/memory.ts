/**
 * Linear memory that the host owns: a WebAssembly.Memory, or a plain ArrayBuffer where only the TypeScript kernels run.
 * Only `reserve` grows it, and it replaces the views then.
 */
import { MemoryError } from "../errors.js";
import type { Heap } from "./heap.js";

const PAGE = 65536;
/** Below lie the static data of the wasm modules (scripts/build-wasm.mjs, MEMORY_BASE). */
export const HEAP_START = PAGE;
const INITIAL_PAGES = 40;
const MAX_PAGES = 65536;

export interface MemoryOptions {
  readonly backend: "wasm" | "js";
  /** Bytes; growth beyond throws MemoryError. */
  readonly maxMemory: number | undefined;
  /** Debug: overwrite the old buffer of a plain memory when it grows, so that a stale view shows. */
  readonly poison: boolean;
}

/** Largest maximum that the runtime grants, stepping down. */
function createWasmMemory(maxPages: number): { memory: WebAssembly.Memory; maximum: number } {
  let refusal: unknown;
  for (let maximum = maxPages; maximum >= INITIAL_PAGES; maximum = Math.floor(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true }), maximum };
    } catch (error) {
      refusal = error;
    }
  }
  throw new MemoryError(`createEngine: the runtime refused a memory of ${INITIAL_PAGES} to ${maxPages} pages, wanted one`, {
    cause: refusal,
  });
}

export class LinearMemory implements Heap {
  f32!: Float32Array;
  i32!: Int32Array;
  u8!: Uint8Array;
  readonly wasm: WebAssembly.Memory | undefined;
  readonly #maxBytes: number;
  readonly #poison: boolean;

  constructor({ backend, maxMemory, poison }: MemoryOptions) {
    const pages = maxMemory === undefined ? MAX_PAGES : Math.floor(maxMemory / PAGE);
    if (pages < INITIAL_PAGES) {
      throw new MemoryError(`createEngine: maxMemory ${maxMemory} bytes, wants at least ${INITIAL_PAGES * PAGE}`);
    }
    this.#poison = poison;
    if (backend === "wasm") {
      const { memory, maximum } = createWasmMemory(Math.min(pages, MAX_PAGES));
      this.wasm = memory;
      this.#maxBytes = maximum * PAGE;
      this.#view(memory.buffer);
    } else {
      this.wasm = undefined;
      this.#maxBytes = Math.min(pages, MAX_PAGES) * PAGE;
      this.#view(new ArrayBuffer(INITIAL_PAGES * PAGE));
    }
  }

  get bytes(): number {
    return this.u8.byteLength;
  }

  /** Makes the first `end` bytes usable. Grows by at least an eighth, so that many small growths stay cheap. */
  reserve(end: number): void {
    if (end <= this.bytes) return;
    if (end > this.#maxBytes) {
      throw new MemoryError(`Engine: ${end} bytes of linear memory wanted, at most ${this.#maxBytes} allowed (${this.bytes} in use now)`);
    }
    const roomy = Math.min(this.#maxBytes, Math.max(end, Math.ceil(this.bytes * 1.125)));
    for (const target of [roomy, end]) {
      if (this.#growTo(Math.ceil(target / PAGE) * PAGE)) return;
    }
    throw new MemoryError(`Engine: the runtime refused to grow linear memory from ${this.bytes} to ${end} bytes`);
  }

  /** Debug: grows by a page where there is room, so that every view of before is stale. */
  growByPage(): void {
    if (this.bytes + PAGE <= this.#maxBytes) this.#growTo(this.bytes + PAGE);
  }

  #growTo(bytes: number): boolean {
    try {
      if (this.wasm !== undefined) {
        this.wasm.grow((bytes - this.bytes) / PAGE);
        this.#view(this.wasm.buffer);
      } else {
        const grown = new ArrayBuffer(bytes);
        new Uint8Array(grown).set(this.u8);
        if (this.#poison) this.u8.fill(0xff);
        this.#view(grown);
      }
      return true;
    } catch {
      return false;
    }
  }

  #view(buffer: ArrayBufferLike): void {
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }
}
