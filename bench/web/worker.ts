/** A system as a worker of the page: `worker.js?system=NAME`. */
import { type Request, respond } from "../protocol.js";
import { CEILING, ceiling } from "../systems/ceiling.js";
import { recurra } from "../systems/recurra.js";

const name = new URLSearchParams(globalThis.location.search).get("system")!;
const load = (module: string) => WebAssembly.compileStreaming(fetch(`/build/wasm/${module}.wasm`));
const answer = respond(() => (name === CEILING ? ceiling(load) : recurra(name, load)));

globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  answer(data).then(
    (reply) => globalThis.postMessage({ reply }),
    (error: unknown) => globalThis.postMessage({ error: String(error) }),
  );
};
// Only now: what is posted before a module with top-level waits has run is lost.
globalThis.postMessage({ ready: true });
