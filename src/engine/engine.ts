/**
 * The engine: kernels, memory and seed. Everything persistent and every step belongs to one.
 */
import { StateError } from "../errors.js";
import { wholeNumber } from "../options.js";
import type { Tile } from "./abi.js";
import { Allocator } from "./allocator.js";
import { Arena } from "./arena.js";
import { type Kernels, type Ptr, WORK_BYTES } from "./kernels.js";
import type { Lane, Part, Threads } from "./lane.js";
import { HEAP_START, type LinearMemory } from "./memory.js";
import { streamKey } from "./random.js";
import { type Frame, Lease, type Pack, Storage } from "./storage.js";

export interface EngineInfo {
  readonly backend: "wasm" | "js";
  /** Which build of the kernels runs. */
  readonly build: "baseline" | "relaxed" | "typescript";
  readonly numerics: "fast" | "reproducible";
  readonly threads: number;
  /**
   * Rows x columns that products take at once; "6x16" is for vectors of 256 bits (option v8Flags), and comes with the work. Null for the
   * TypeScript kernels.
   */
  readonly tile: Tile | null;
  /** Why something asked for is not in use. */
  readonly notes: readonly string[];
}

export interface StepOptions {
  /** Dropout is on only in a training step. Default false. */
  readonly training?: boolean;
  /** Number of the training step, a key of its random streams; by default training steps are counted from 0. */
  readonly step?: number;
}

/** What the tape (src/tensor/tape.ts) lets the engine do; absent in `recurra/infer`. */
export interface StepHook {
  mark(): number;
  reset(mark: number): void;
}

/** Purposes of random streams: frozen numbers, part of what a seed means. */
export const PURPOSE = { init: 1, dropout: 2, shuffle: 3, sample: 4, corrupt: 5 } as const;

/** Work beyond this, some 30 milliseconds, is worth compiling better kernels for. */
const OPTIMISE_FLOPS = 1e9;

/** Work below this, some 4 microseconds, is not worth a signal to another thread and back. */
const SPLIT_FLOPS = 200_000;

interface Holder {
  readonly storage: Storage;
}

export interface EngineParts {
  readonly kernels: Kernels;
  readonly memory: LinearMemory;
  readonly info: EngineInfo;
  readonly seed: number;
  readonly tape: StepHook | null;
  /** Makes the other threads, whose queues and scratch it allocates; null for one thread. */
  readonly threads: ((allocate: (bytes: number) => Ptr) => Threads) | null;
  /** Puts better kernels, of the same bits, into `kernels`; undefined where there are none. */
  readonly optimise: (() => void) | undefined;
  /** Debug: grow memory by a page at every allocation. */
  readonly growAlways: boolean;
}

export class Engine {
  readonly info: EngineInfo;
  readonly seed: number;
  /** Numeric kernels; the inference entry brings the forward ones only. For engine, tensor and ops. */
  readonly kernels: Kernels;
  /** Linear memory: re-read its views at every use. For engine, tensor and ops. */
  readonly memory: LinearMemory;
  readonly tape: StepHook | null;
  /** Scratch for the products of this thread, WORK_BYTES long. */
  readonly work: Ptr;
  /** This thread's kernels and scratch. */
  readonly lane: Lane;
  readonly #threads: Threads | null;
  readonly #allocator: Allocator;
  readonly #arena: Arena;
  readonly #growAlways: boolean;
  /** A net for persistent tensors that nobody disposed. */
  readonly #finalizer = new FinalizationRegistry<Lease>((lease) => lease.release());
  #optimise: EngineParts["optimise"];
  #flops = 0;
  #frame: Frame | null = null;
  #frames = 0;
  #trainingSteps = 0;
  #initialised = 0;
  #disposed = false;

  constructor(parts: EngineParts) {
    this.info = parts.info;
    this.#optimise = parts.optimise;
    this.seed = parts.seed;
    this.kernels = parts.kernels;
    this.memory = parts.memory;
    this.tape = parts.tape;
    this.#growAlways = parts.growAlways;
    this.#allocator = new Allocator(HEAP_START, (end) => parts.memory.reserve(end));
    this.#arena = new Arena(this.#allocator);
    this.work = this.#allocator.alloc(WORK_BYTES);
    this.lane = { kernels: parts.kernels, work: this.work };
    this.#threads = parts.threads?.((bytes) => this.#allocator.alloc(bytes)) ?? null;
  }

  /** Bytes of linear memory: reserved by the engine, handed out persistently, and held by the step arena. */
  memoryUse(): { reserved: number; inUse: number; arena: number } {
    return { reserved: this.memory.bytes, inUse: this.#allocator.inUse, arena: this.#arena.capacity };
  }

  get inStep(): boolean {
    return this.#frame !== null;
  }

  /** Whether dropout is on. */
  get training(): boolean {
    return this.#frame?.training ?? false;
  }

  /** A block in the running step, or a persistent one outside any step. Its content is undefined. */
  allocate(bytes: number, where: string): Storage {
    if (this.#frame === null) return this.allocatePersistent(bytes, where);
    this.checkAlive(where);
    return new Storage(bytes, this.scratch(bytes), this.#frame);
  }

  allocatePersistent(bytes: number, where: string): Storage {
    this.checkAlive(where);
    const lease = new Lease(this.#allocator, this.#block(bytes));
    const storage = new Storage(bytes, lease.ptr, lease);
    this.#finalizer.register(storage, lease);
    return storage;
  }

  #block(bytes: number): Ptr {
    if (this.#growAlways) this.memory.growByPage();
    return this.#allocator.alloc(bytes);
  }

  /** Runs `fn`, then frees the scratch it took; blocks allocated for results must come before. */
  scoped<T>(fn: () => T): T {
    const mark = this.#arena.mark();
    try {
      return fn();
    } finally {
      this.#arena.reset(mark);
    }
  }

  /** Scratch bytes until the step or the enclosing scoped() ends. */
  scratch(bytes: number): Ptr {
    if (this.#growAlways) this.memory.growByPage();
    return this.#arena.alloc(bytes);
  }

  /** The pack of a persistent block under `key`, with room for `bytes`; version -1 when it was never filled. */
  packFor(lease: Lease, key: string, bytes: number): Pack {
    let pack = lease.packs.get(key);
    if (pack === undefined) {
      pack = { ptr: this.#block(bytes), version: -1 };
      lease.packs.set(key, pack);
    }
    return pack;
  }

  /**
   * Runs `part` over 0 … count, on several threads where `flops`, the cost of all of it, is worth it. Parts begin at multiples of `grain`
   * and must not meet in what they write; an element's bits must not depend on its part.
   * @param costs how much work each unit is beside the others; all alike when absent
   */
  split(count: number, grain: number, flops: number, part: Part, costs?: ArrayLike<number>): void {
    this.count(flops);
    const threads = this.#threads;
    const parts = threads === null || flops < SPLIT_FLOPS ? 1 : Math.min(threads.count, Math.floor(count / grain));
    if (threads === null || parts <= 1) part(this.lane, 0, count);
    else if (!threads.run(this.lane, parts, count, grain, part, costs)) throw new StateError("Engine: a kernel failed on a worker thread");
  }

  /** Counts work; when there was enough of it, better kernels take the place of those that are there. */
  count(flops: number): void {
    this.#flops += flops;
    if (this.#flops < OPTIMISE_FLOPS) return;
    this.#optimise?.();
    this.#optimise = undefined;
  }

  checkAlive(where: string): void {
    if (this.#disposed) throw new StateError(`${where}: the engine was disposed, wants one that is alive`);
  }

  /** Key of the next random stream of a training step, or of the next initialiser. Nothing else that runs shifts it. */
  nextKey(purpose: "init" | "dropout"): [number, number] {
    if (purpose === "init") return streamKey(this.seed, PURPOSE.init, 0, this.#initialised++);
    const frame = this.#frame;
    if (frame === null) throw new StateError("dropout: no step is running, wants engine.step(fn, { training: true })");
    return streamKey(this.seed, PURPOSE.dropout, frame.step, frame.draws++);
  }

  /**
   * Runs `fn`; what it allocates is freed when it returns, but for tensors in its result, which are copied out.
   * Steps nest. An exception frees everything too, and is thrown on.
   * @throws StateError when `fn` returns a promise: a step is synchronous
   */
  step<T>(fn: () => T, options: StepOptions = {}): T {
    this.checkAlive("Engine.step");
    const frame = this.#open(options);
    try {
      const result = fn();
      if (typeof (result as { then?: unknown } | null)?.then === "function") {
        Promise.resolve(result).catch(() => undefined);
        throw new StateError("Engine.step: the callback returned a promise, wants a synchronous callback (await outside the step)");
      }
      this.#moveOut(result, frame);
      return result;
    } finally {
      this.#close(frame);
    }
  }

  /** Copies a block into the persistent region. */
  persist(storage: Storage, where: string, into?: Storage): Storage {
    const from = storage.address(where);
    const target = into ?? this.allocatePersistent(storage.bytes, where);
    const to = target.address(where);
    this.memory.u8.copyWithin(to, from, from + storage.bytes);
    target.version++;
    return target;
  }

  dispose(): void {
    if (this.#frame !== null) throw new StateError("Engine.dispose: called inside a step, wants to be called outside");
    if (!this.#disposed) this.#threads?.dispose();
    this.#disposed = true;
    this.#arena.release();
  }

  #open({ training = false, step }: StepOptions): Frame {
    if (step !== undefined) wholeNumber("Engine.step", "step", step, 0);
    if (training && this.tape === null)
      throw new StateError("Engine.step: training on an engine of recurra/infer, wants one of recurra, which has the kernels for it");
    const parent = this.#frame;
    const frame: Frame = {
      id: ++this.#frames,
      training: parent === null ? training : training || parent.training,
      step: step ?? (parent === null ? (training ? this.#trainingSteps++ : 0) : parent.step),
      mark: this.#arena.mark(),
      tapeMark: this.tape?.mark() ?? 0,
      parent,
      open: true,
      draws: parent?.draws ?? 0,
    };
    this.#frame = frame;
    return frame;
  }

  #close(frame: Frame): void {
    frame.open = false;
    if (frame.parent !== null) frame.parent.draws = frame.draws;
    this.#frame = frame.parent;
    this.tape?.reset(frame.tapeMark);
    this.#arena.reset(frame.mark);
    this.#landNested();
  }

  /** Blocks of a nested step's result, waiting for its arena to be reset. */
  #landing: { storage: Storage; bytes: Uint8Array; frame: Frame }[] = [];

  #moveOut(result: unknown, frame: Frame): void {
    const storages = new Set<Storage>();
    collect(result, storages, new Set());
    for (const storage of storages) {
      if (!storage.belongsTo(frame)) continue;
      const from = storage.address("Engine.step");
      if (frame.parent === null) {
        const lease = new Lease(this.#allocator, this.#allocator.alloc(storage.bytes));
        this.memory.u8.copyWithin(lease.ptr, from, from + storage.bytes);
        storage.moveTo(lease.ptr, lease);
        this.#finalizer.register(storage, lease);
      } else {
        this.#landing.push({ storage, bytes: this.memory.u8.slice(from, from + storage.bytes), frame: frame.parent });
      }
    }
  }

  #landNested(): void {
    for (const { storage, bytes, frame } of this.#landing.splice(0)) {
      const ptr = this.#arena.alloc(storage.bytes);
      this.memory.u8.set(bytes, ptr);
      storage.moveTo(ptr, frame);
    }
  }
}

/** Storages in a step's result: in tensors, arrays, maps, sets and plain objects. */
function collect(value: unknown, into: Set<Storage>, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  // Own properties only: getters of strangers are not run.
  const storage = Object.hasOwn(value, "storage") ? (value as Partial<Holder>).storage : undefined;
  if (storage instanceof Storage) into.add(storage);
  else if (value instanceof Map) for (const [key, item] of value) for (const part of [key, item]) collect(part, into, seen);
  else if (Array.isArray(value) || value instanceof Set) for (const item of value) collect(item, into, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    for (const item of Object.values(value)) collect(item, into, seen);
  }
}
