/**
 * Threads: workers over the shared linear memory. A part of an operation's work is recorded as kernel calls into a worker's queue, and
 * the worker runs them while this thread runs its own part. Parts are rows, columns or panels that no other part touches, and every kernel
 * sums in one order whatever the split, so the bits do not depend on the number of threads.
 */
import type { EngineModules, Tile } from "./abi.js";
import { CONTROL, CONTROL_BYTES, KERNEL_NAMES, QUEUE_BYTES, QUEUE_RECORDS, QUIT, RECORD_WORDS, SPINS } from "./commands.js";
import { type Kernels, type Ptr, WORK_BYTES } from "./kernels.js";
import type { Lane, Part, Threads } from "./lane.js";
import type { LinearMemory } from "./memory.js";

/** A worker as src/platform/workers.ts gives it. */
export interface WorkerHandle {
  post(message: unknown): void;
  /** Settles with the worker's first message; rejects when it cannot start. */
  readonly ready: Promise<unknown>;
  terminate(): void;
}

/** One worker's queue: kernels that record their calls, and the signals. */
class Queue implements Lane {
  readonly kernels: Kernels;
  readonly work: Ptr;
  readonly #control: Int32Array;
  readonly #words: Float64Array;
  #records = 0;
  #jobs = 0;
  /** No kernel has trapped while recording. */
  #fine = true;

  constructor(
    private readonly worker: WorkerHandle,
    memory: LinearMemory,
    allocate: (bytes: number) => Ptr,
  ) {
    this.work = allocate(WORK_BYTES);
    const control = allocate(CONTROL_BYTES);
    const queue = allocate(QUEUE_BYTES);
    const { buffer } = memory.u8;
    this.#control = new Int32Array(buffer, control, CONTROL_BYTES / 4).fill(0);
    this.#words = new Float64Array(buffer, queue, QUEUE_BYTES / 8);
    this.#control[CONTROL.queue] = queue;
    this.kernels = Object.fromEntries(KERNEL_NAMES.map((name, id) => [name, this.#recorder(id)])) as unknown as Kernels;
    worker.post({ control });
  }

  #recorder(id: number): (...args: number[]) => void {
    const words = this.#words;
    return (...args) => {
      let at = this.#next();
      words[at++] = id;
      for (let i = 0; i < args.length; i++) words[at++] = args[i]!;
    };
  }

  /** Where the next record goes; a full queue is run first. */
  #next(): number {
    if (this.#records === QUEUE_RECORDS) {
      this.kick();
      this.#fine = this.join() && this.#fine;
    }
    return this.#records++ * RECORD_WORDS;
  }

  /** As join, and for what was run while recording. */
  finish(): boolean {
    const fine = this.join() && this.#fine;
    this.#fine = true;
    return fine;
  }

  /** Starts the worker on what was recorded. */
  kick(): void {
    this.#signal(this.#records);
    this.#records = 0;
  }

  #signal(count: number): void {
    Atomics.store(this.#control, CONTROL.count, count);
    Atomics.store(this.#control, CONTROL.job, ++this.#jobs);
    if (Atomics.load(this.#control, CONTROL.asleep) === 1) Atomics.notify(this.#control, CONTROL.job);
  }

  /** Waits until the worker has done all it was started on; false when a kernel trapped there. */
  join(): boolean {
    for (let spins = SPINS; ; spins--) {
      const done = Atomics.load(this.#control, CONTROL.done);
      if (done === this.#jobs) break;
      if (spins <= 0) Atomics.wait(this.#control, CONTROL.done, done);
    }
    return Atomics.exchange(this.#control, CONTROL.failed, 0) === 0;
  }

  quit(): void {
    this.#signal(QUIT);
    this.worker.terminate();
  }
}

/**
 * Bounds of `parts` parts of 0 … count at multiples of `grain`, each with its share of what the units cost; all alike without `costs`.
 * An empty part may come out where there are few units.
 */
function shares(count: number, parts: number, grain: number, costs?: ArrayLike<number>): number[] {
  const rounded = (at: number) => Math.min(count, Math.round(at / grain) * grain);
  const inner = Array.from({ length: parts - 1 }, (_, i) => ((i + 1) * count) / parts);
  if (costs !== undefined) {
    let total = 0;
    for (let i = 0; i < count; i++) total += costs[i]!;
    for (let i = 0, sum = 0, next = 0; i < count && next < inner.length; i++) {
      sum += costs[i]!;
      while (next < inner.length && sum >= (total * (next + 1)) / parts) inner[next++] = i + 1;
    }
  }
  return [0, ...inner.map(rounded), count];
}

class Pool implements Threads {
  readonly count: number;

  constructor(private readonly queues: readonly Queue[]) {
    this.count = queues.length + 1;
  }

  run(own: Lane, parts: number, count: number, grain: number, part: Part, costs?: ArrayLike<number>): boolean {
    const bounds = shares(count, parts, grain, costs);
    const used = this.queues.slice(0, bounds.length - 2);
    // Recorded first: packing and the like, which a part does through the engine itself, is done before any worker starts.
    for (const [i, queue] of used.entries()) part(queue, bounds[i + 1]!, bounds[i + 2]!);
    for (const queue of used) queue.kick();
    let fine = true;
    try {
      part(own, 0, bounds[1]!);
    } finally {
      for (const queue of used) fine = queue.finish() && fine;
    }
    return fine;
  }

  dispose(): void {
    for (const queue of this.queues) queue.quit();
  }
}

const READY_WITHIN_MS = 10_000;

/**
 * Starts `count - 1` workers and waits until they have instantiated the kernels.
 * @returns what makes the pool, once there is an allocator
 * @throws what says why there are none: on the main thread of a page, or whatever keeps a worker from starting or memory from being posted; no
 * worker is left then
 */
export async function startThreads(
  count: number,
  memory: LinearMemory,
  modules: EngineModules,
  tile: Tile,
  spawn: () => Promise<WorkerHandle>,
): Promise<(allocate: (bytes: number) => Ptr) => Threads> {
  if (typeof document !== "undefined") throw new Error("the main thread of a page must not wait, wants the engine in a worker");
  const workers: WorkerHandle[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (let i = 1; i < count; i++) {
      const worker = await spawn();
      workers.push(worker);
      worker.post({ memory: memory.wasm, modules, tile });
    }
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`workers were not ready within ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS);
    });
    await Promise.race([Promise.all(workers.map(({ ready }) => ready)), late]);
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return (allocate) => new Pool(workers.map((worker) => new Queue(worker, memory, allocate)));
}
