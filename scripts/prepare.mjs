/**
 * npm's `prepare`: builds everything after `npm ci`. Where there is nothing to build from (a packed package) or nothing to build with
 * (`--omit=dev`) it leaves things as they are.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const missing = [
  "assembly/core.ts",
  "src/index.ts",
  "node_modules/assemblyscript",
  "node_modules/esbuild",
  "node_modules/typescript",
].filter((file) => !existsSync(path.join(root, file)));
if (missing.length > 0) console.error(`prepare: nothing built, ${missing.join(", ")} not there`);
else {
  for (const script of ["build-wasm.mjs", "build-dist.mjs"]) {
    const { status } = spawnSync(process.execPath, [path.join(root, "scripts", script)], { cwd: root, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
  }
}
