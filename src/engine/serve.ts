/** A worker's side of threads.ts: instantiates the kernels over the shared memory and runs the records it is given. */
import { CORE_ABI, type EngineModules, instantiate, type Tile, TRAIN_ABI } from "./abi.js";
import { CONTROL, CONTROL_BYTES, QUEUE_BYTES, QUIT, RECORD_WORDS, SPINS, type WorkerRequest } from "./commands.js";

type Kernel = (...args: number[]) => unknown;

/** The kernels in the order of KERNEL_NAMES; those of an absent module are never asked for. */
function kernelsOf(memory: WebAssembly.Memory, { core, train }: EngineModules, tile: Tile): Kernel[] {
  const named = (module: WebAssembly.Module, abi: Readonly<Record<string, string>>) => {
    const own = instantiate(module, memory, tile);
    return Object.values(abi).map((name) => own[name] as Kernel);
  };
  return [...named(core, CORE_ABI), ...(train === undefined ? [] : named(train, TRAIN_ABI))];
}

function runRecords(kernels: readonly Kernel[], w: Float64Array, count: number): void {
  for (let i = 0, at = 0; i < count; i++, at += RECORD_WORDS) {
    // Arguments beyond a kernel's own are ignored. Spreading a slice would make garbage of every call.
    kernels[w[at]!]!(
      w[at + 1]!,
      w[at + 2]!,
      w[at + 3]!,
      w[at + 4]!,
      w[at + 5]!,
      w[at + 6]!,
      w[at + 7]!,
      w[at + 8]!,
      w[at + 9]!,
      w[at + 10]!,
      w[at + 11]!,
      w[at + 12]!,
      w[at + 13]!,
      w[at + 14]!,
      w[at + 15]!,
      w[at + 16]!,
      w[at + 17]!,
    );
  }
}

/** Waits for jobs and runs them until told to quit; blocks its thread. */
function serve(memory: WebAssembly.Memory, kernels: readonly Kernel[], address: number): void {
  const control = new Int32Array(memory.buffer, address, CONTROL_BYTES / 4);
  const queue = new Float64Array(memory.buffer, Atomics.load(control, CONTROL.queue), QUEUE_BYTES / 8);
  for (let job = 0; ; job++) {
    for (let spins = SPINS; Atomics.load(control, CONTROL.job) === job; spins--) {
      if (spins > 0) continue;
      Atomics.store(control, CONTROL.asleep, 1);
      Atomics.wait(control, CONTROL.job, job);
      Atomics.store(control, CONTROL.asleep, 0);
    }
    const count = Atomics.load(control, CONTROL.count);
    if (count === QUIT) return;
    try {
      runRecords(kernels, queue, count);
    } catch {
      Atomics.store(control, CONTROL.failed, 1);
    }
    Atomics.add(control, CONTROL.done, 1);
    Atomics.notify(control, CONTROL.done);
  }
}

/** Answers a host's requests, in order: memory and modules ("ready" goes back), then the address of the control block. */
export function answer(post: (message: string) => void): (request: WorkerRequest) => void {
  let memory: WebAssembly.Memory;
  let kernels: readonly Kernel[];
  return (request) => {
    if ("control" in request) {
      serve(memory, kernels, request.control);
      return;
    }
    memory = request.memory;
    kernels = kernelsOf(memory, request.modules, request.tile);
    post("ready");
  };
}
