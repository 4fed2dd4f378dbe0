/**
 * npm run runtimes [-- name=command …]
 * Runs test/runtimes/mixed-training.mjs in every runtime that is there and compares the hash of the weights with the pinned one. Looks for
 * deno and bun on the PATH; others are named: `npm run runtimes -- node24=…/bin/node`. Those not found are named and do not count.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = path.join(root, "test/runtimes/mixed-training.mjs");
const pinned = readFileSync(path.join(root, "test/runtimes/mixed-training.sha256"), "utf8").trim();

const runtimes = new Map([
  ["node", [process.execPath]],
  ["deno", ["deno", "run", "--allow-read", "--allow-env"]],
  ["bun", ["bun"]],
]);
for (const argument of process.argv.slice(2)) {
  const [name, command] = argument.split("=");
  if (command === undefined) throw new Error(`runtimes: ${argument}, wants name=command`);
  runtimes.set(name, command.split(" "));
}

let failed = false;
for (const [name, [command, ...args]] of runtimes) {
  const version = spawnSync(command, ["--version"], { encoding: "utf8" });
  if (version.error !== undefined) {
    console.log(`${name}: not there (${command})`);
    continue;
  }
  for (const backend of ["wasm", "js"]) {
    const { stdout, stderr } = spawnSync(command, [...args, program, backend], { encoding: "utf8" });
    const hash = stdout.trim();
    const verdict = hash === pinned ? "the pinned bits" : `DIFFERENT: ${hash || stderr.trim().split("\n").at(-1)}, wants ${pinned}`;
    console.log(`${name} ${version.stdout.split("\n")[0]} ${backend}: ${verdict}`);
    failed ||= hash !== pinned;
  }
}
process.exitCode = failed ? 1 : 0;
