/** Workers of the runtime: the web's, or Node's where there are none. */

interface Handle {
  post(message: unknown): void;
  readonly ready: Promise<unknown>;
  terminate(): void;
}

type NodeWorkers = ReturnType<typeof process.getBuiltinModule<"node:worker_threads">>;

/** Starts a module as a worker that does not keep the process alive. */
export function spawnWorker(url: URL): Handle {
  if (typeof Worker === "function") {
    const worker = new Worker(url, { type: "module" });
    (worker as unknown as { unref?: () => void }).unref?.();
    const ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onmessageerror = () => reject(new Error("the worker could not read the message"));
      worker.onerror = (event) => reject(new Error(event.message || "the worker failed to start"));
    });
    return { post: (message) => worker.postMessage(message), ready, terminate: () => worker.terminate() };
  }
  const node = globalThis.process?.getBuiltinModule?.("node:worker_threads") as NodeWorkers | undefined;
  if (node === undefined) throw new Error("this runtime has no workers");
  const worker = new node.Worker(url);
  const ready = new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the worker ended before it was ready")));
  });
  ready.catch(() => undefined);
  worker.unref();
  return { post: (message) => worker.postMessage(message), ready, terminate: () => void worker.terminate() };
}

/** The worker's own port: what posts, and what hears. */
export function ownPort(): { post: (message: unknown) => void; listen: (hear: (message: unknown) => void) => void } {
  const scope = globalThis as unknown as { postMessage?: (message: unknown) => void; onmessage: unknown };
  if (typeof scope.postMessage === "function") {
    return {
      post: (message) => scope.postMessage!(message),
      listen: (hear) => {
        scope.onmessage = ({ data }: { data: unknown }) => hear(data);
      },
    };
  }
  const { parentPort } = globalThis.process.getBuiltinModule("node:worker_threads") as NodeWorkers;
  return { post: (message) => parentPort!.postMessage(message), listen: (hear) => void parentPort!.on("message", hear) };
}
