/**
 * A block of linear memory that tensors look into. It lives in a step (and dies with it), or persistently until disposed.
 */
import { StateError } from "../errors.js";
import type { Allocator } from "./allocator.js";
import type { ArenaMark } from "./arena.js";
import type { Ptr } from "./kernels.js";

/** One running `engine.step`. */
export interface Frame {
  readonly id: number;
  readonly training: boolean;
  /** Number of the training step, a key of its random streams. */
  readonly step: number;
  readonly mark: ArenaMark;
  readonly tapeMark: number;
  readonly parent: Frame | null;
  open: boolean;
  /** Random streams drawn so far in this step. */
  draws: number;
}

/** A packed copy of a weight (see packB), valid for one version of it. */
export interface Pack {
  readonly ptr: Ptr;
  version: number;
}

/** A persistent block and its packs: what is freed, by dispose() or by the garbage collector as a net. */
export class Lease {
  readonly packs = new Map<string, Pack>();
  #live = true;

  constructor(
    readonly allocator: Allocator,
    readonly ptr: Ptr,
  ) {}

  release(): void {
    if (!this.#live) return;
    this.#live = false;
    this.allocator.free(this.ptr);
    for (const pack of this.packs.values()) this.allocator.free(pack.ptr);
    this.packs.clear();
  }
}

export class Storage {
  /** Raised by whatever writes the block; packs compare it. */
  version = 0;
  #ptr: Ptr;
  #home: Frame | Lease;
  #disposed = false;

  constructor(
    readonly bytes: number,
    ptr: Ptr,
    home: Frame | Lease,
  ) {
    this.#ptr = ptr;
    this.#home = home;
  }

  /** Lease of a persistent block, null for a block of a step. */
  get lease(): Lease | null {
    return this.#home instanceof Lease ? this.#home : null;
  }

  get alive(): boolean {
    return this.#home instanceof Lease ? !this.#disposed : this.#home.open;
  }

  /** The address, once it is certain that the block is still alive. */
  address(where: string): Ptr {
    if (this.#disposed) throw new StateError(`${where}: the tensor was disposed, wants one that is alive`);
    if (!this.alive) {
      const { id } = this.#home as Frame;
      throw new StateError(
        `${where}: a tensor of step ${id} was used after its step, wants one returned from the step or passed to keep()`,
      );
    }
    return this.#ptr;
  }

  belongsTo(frame: Frame): boolean {
    return this.#home === frame;
  }

  /** Gives the block another place (its bytes are the caller's business). */
  moveTo(ptr: Ptr, home: Frame | Lease): void {
    this.#ptr = ptr;
    this.#home = home;
  }

  /** Frees a persistent block and its packs; a block of a step is freed by its step. */
  dispose(): void {
    if (!(this.#home instanceof Lease)) return;
    this.#disposed = true;
    this.#home.release();
  }
}
