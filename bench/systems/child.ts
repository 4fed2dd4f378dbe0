/** The process of one of our systems: `child.ts NAME`. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { CEILING, ceiling } from "./ceiling.js";
import { recurra } from "./recurra.js";
import { serve } from "./serve.js";

const [, , name = ""] = process.argv;
const load = async (module: string) =>
  WebAssembly.compile((await readFile(path.join(process.env.RECURRA_ROOT!, `build/wasm/${module}.wasm`))) as BufferSource);
await serve(() => (name === CEILING ? ceiling(load) : recurra(name, load)));
