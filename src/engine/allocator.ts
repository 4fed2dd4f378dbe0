/**
 * Free list over one growing address range: best fit, neighbours joined, every block 64-byte aligned.
 * Holds the persistent region (parameters, gradients, optimizer state, packs, kept tensors) and the chunks of the step arena.
 */
import type { Ptr } from "./kernels.js";

export const ALIGNMENT = 64;

export const alignUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

interface Block {
  ptr: Ptr;
  size: number;
}

export class Allocator {
  /** Sorted by address; no two touch. */
  readonly #free: Block[] = [];
  readonly #used = new Map<Ptr, number>();
  #end: number;
  #inUse = 0;

  /** @param reserve makes sure that memory reaches up to `end`, or throws MemoryError */
  constructor(
    start: Ptr,
    private readonly reserve: (end: number) => void,
  ) {
    this.#end = alignUp(start);
  }

  /** Bytes handed out and not yet freed. */
  get inUse(): number {
    return this.#inUse;
  }

  alloc(bytes: number): Ptr {
    const size = Math.max(ALIGNMENT, alignUp(bytes));
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const block = this.#free[i]!;
      if (block.size >= size && (best < 0 || block.size < this.#free[best]!.size)) best = i;
    }
    const ptr = best < 0 ? this.#extend(size) : this.#take(best, size);
    this.#used.set(ptr, size);
    this.#inUse += size;
    return ptr;
  }

  free(ptr: Ptr): void {
    const size = this.#used.get(ptr);
    if (size === undefined) return;
    this.#used.delete(ptr);
    this.#inUse -= size;
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#free[middle]!.ptr < ptr) low = middle + 1;
      else high = middle;
    }
    this.#free.splice(low, 0, { ptr, size });
    this.#join(low);
    if (low > 0) this.#join(low - 1);
  }

  #join(index: number): void {
    const block = this.#free[index]!;
    const next = this.#free[index + 1];
    if (next !== undefined && block.ptr + block.size === next.ptr) {
      block.size += next.size;
      this.#free.splice(index + 1, 1);
    }
  }

  #take(index: number, size: number): Ptr {
    const block = this.#free[index]!;
    const { ptr } = block;
    if (block.size === size) this.#free.splice(index, 1);
    else {
      block.ptr += size;
      block.size -= size;
    }
    return ptr;
  }

  #extend(size: number): Ptr {
    const last = this.#free[this.#free.length - 1];
    const ptr = last !== undefined && last.ptr + last.size === this.#end ? last.ptr : this.#end;
    this.reserve(ptr + size);
    if (ptr !== this.#end) this.#free.pop();
    this.#end = ptr + size;
    return ptr;
  }
}
