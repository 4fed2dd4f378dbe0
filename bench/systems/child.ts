/** The process of one of our systems: `child.ts NAME`. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { ceiling, recurra } from "./recurra.js";
import { serve } from "./serve.js";

const [, , name = ""] = process.argv;
const load = async (module: string) =>
  WebAssembly.compile((await readFile(path.join(process.env.RECURRA_ROOT!, `build/wasm/${module}.wasm`))) as BufferSource);
await serve(() => (name === "ceiling" ? ceiling(load) : recurra(name, load)));
