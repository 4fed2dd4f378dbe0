/**
 * How kernel calls reach a worker: records of float64 words in linear memory, kernel number first, then its arguments; and a block of
 * int32 words by which the two threads signal. The host writes records and raises JOB, the worker runs them and raises DONE.
 */
import { CORE_ABI, type EngineModules, type Tile, TRAIN_ABI } from "./abi.js";

/** Kernels by number: both sides count in this order. */
export const KERNEL_NAMES: readonly string[] = [...Object.keys(CORE_ABI), ...Object.keys(TRAIN_ABI)];

/** Words of a record: no kernel takes more than 17 arguments (test/engine/threads.test.ts). */
export const RECORD_WORDS = 18;
export const QUEUE_RECORDS = 1024;
export const QUEUE_BYTES = QUEUE_RECORDS * RECORD_WORDS * 8;

/** Int32 words of the control block; JOB and DONE on cache lines of their own. */
export const CONTROL = { job: 0, count: 1, queue: 2, asleep: 3, done: 16, failed: 17 } as const;
export const CONTROL_BYTES = 128;
/** A record count that ends the worker. */
export const QUIT = -1;

/** Turns of waiting by looking, some 50 microseconds, before a thread sleeps: waking it takes 15. */
export const SPINS = 20_000;

/** What a worker is sent: first memory and modules and the tile of products, which it answers by "ready", then the address of its control block. */
export type WorkerRequest =
  | { readonly memory: WebAssembly.Memory; readonly modules: EngineModules; readonly tile: Tile }
  | { readonly control: number };
