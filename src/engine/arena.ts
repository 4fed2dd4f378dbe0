/**
 * Step arena: bump allocation in chunks, freed in O(1) by going back to a mark. When a step ends with more than one chunk,
 * they become one of their joint size, so that steps of the same shapes soon run in a single block and memory stays level.
 */
import { type Allocator, alignUp } from "./allocator.js";
import type { Ptr } from "./kernels.js";

const FIRST_CHUNK = 256 * 1024;

export interface ArenaMark {
  readonly chunk: number;
  readonly used: number;
}

export class Arena {
  #chunks: { ptr: Ptr; size: number }[] = [];
  #chunk = 0;
  #used = 0;

  constructor(private readonly allocator: Allocator) {}

  get capacity(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.size, 0);
  }

  mark(): ArenaMark {
    return { chunk: this.#chunk, used: this.#used };
  }

  alloc(bytes: number): Ptr {
    const size = Math.max(64, alignUp(bytes));
    for (;;) {
      const chunk = this.#chunks[this.#chunk];
      if (chunk === undefined) {
        const wanted = Math.max(size, FIRST_CHUNK, this.capacity);
        this.#chunks.push({ ptr: this.allocator.alloc(wanted), size: wanted });
        this.#used = 0;
      } else if (this.#used + size <= chunk.size) {
        const ptr = chunk.ptr + this.#used;
        this.#used += size;
        return ptr;
      } else {
        this.#chunk++;
        this.#used = 0;
      }
    }
  }

  reset(mark: ArenaMark): void {
    this.#chunk = mark.chunk;
    this.#used = mark.used;
    if (mark.chunk === 0 && mark.used === 0 && this.#chunks.length > 1) {
      const { capacity } = this;
      this.release();
      this.#chunks = [{ ptr: this.allocator.alloc(capacity), size: capacity }];
    }
  }

  release(): void {
    for (const chunk of this.#chunks) this.allocator.free(chunk.ptr);
    this.#chunks = [];
    this.#chunk = 0;
    this.#used = 0;
  }
}
