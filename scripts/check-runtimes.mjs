/**
 * npm run runtimes [-- --install] [-- --require a,b] [-- name=command …]
 * Trains the models of test/runtimes/mixed-training.mjs in every runtime that is there, on both backends, and compares the hash of the
 * weights with the pinned one: this Node, Node 20, 22 and 24, Deno, Bun, and headless Chromium (scripts/chromium.mjs). Those that are not
 * there are named and do not count, but for those that `--require` names. `--install` brings the npm packages of test/runtimes/packages;
 * Deno and Bun are taken from the PATH where those are missing; name=command adds one, as in node25=/opt/node25/bin/node.
 * Where V8 has flags that make kernels faster, what has to hold is checked under them too, with all kernels optimised from their first call;
 * and the newest Node runs all tests, for its kernels are others than Node 20's.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findChromium, withChromium } from "./chromium.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const packages = path.join(root, "test/runtimes/packages");
const program = "test/runtimes/mixed-training.mjs";
const pinned = readFileSync(path.join(root, "test/runtimes/mixed-training.sha256"), "utf8").trim();
/** Pages and backends; where wasm may not be compiled the default has to end up on the TypeScript kernels. */
const PAGES = [
  { policy: "isolated", backend: "wasm" },
  { policy: "isolated", backend: "js" },
  { policy: "plain", backend: "wasm" },
  { policy: "plain", backend: "js" },
  { policy: "no-wasm", backend: "auto", wanted: "js" },
];

const NEWEST = "node24";
/** Optimised at once: only the optimising compiler heeds the flags below. */
const OPTIMISED = "--no-liftoff";
/** V8's flags by major version of Node, as src/platform/v8.ts sets them, and what has to hold under them. */
const FLAGS = { 20: ["--experimental-wasm-relaxed-simd"], 24: ["--experimental-wasm-revectorize"] };
const UNDER_FLAGS = {
  "kernels' tests": ["node_modules/vitest/vitest.mjs", "run", "test/kernels", "--pool=threads"],
  golden: ["scripts/run.mjs", "test/golden/run.ts", "test/fixtures/golden", "--tile", "measured"],
};

/** The file `inside` a package of this platform, which npm chose among the optional ones; null when none is installed. */
function installed(pattern, inside) {
  const [scope, name] = pattern.includes("/") ? pattern.split("/") : ["", pattern];
  const folder = path.join(packages, "node_modules", scope);
  const found = existsSync(folder) ? readdirSync(folder).filter((entry) => entry.startsWith(name)) : [];
  return found.map((entry) => path.join(folder, entry, inside)).find((file) => existsSync(file)) ?? null;
}

function commands() {
  return new Map([
    ["node", [process.execPath]],
    ...[20, 22, 24].map((major) => [`node${major}`, [installed(`node${major}-`, "bin/node")]]),
    ["deno", [installed("@deno/", "deno") ?? "deno", "run", "--allow-read", "--allow-env"]],
    ["bun", [installed("@oven/bun-", "bin/bun") ?? "bun"]],
  ]);
}

let failed = false;
const missing = [];
function report(name, version, { hash, error }, wanted = pinned) {
  console.log(`${name} ${version}: ${hash === wanted ? "the pinned bits" : `DIFFERENT: ${hash ?? error}, wants ${wanted}`}`);
  failed ||= hash !== wanted;
}

/** @returns what a process said on stdout, or the first lines of why it failed */
function run(command, args) {
  return new Promise((resolve) => {
    // Without CI: its results are those of npm test.
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, CI: "" } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => (stdout += data));
    child.stderr.on("data", (data) => (stderr += data));
    child.on("close", (code) =>
      resolve(code === 0 ? { stdout } : { error: stderr.trim().split("\n").slice(0, 4).join(" | ") || `ended with ${code}` }),
    );
  });
}

async function runProgram(command, args, backend) {
  const { stdout, error } = await run(command, [...args, path.join(root, program), backend]);
  return error === undefined ? { hash: stdout.trim() } : { error };
}

/** A check that says something and ends with 0. */
async function hold(what, command, args) {
  const { stdout, error } = await run(command, args);
  const holds = error === undefined && stdout !== "";
  console.log(`${what}: ${holds ? "hold" : `FAILED: ${error ?? "said nothing"}`}`);
  failed ||= !holds;
}

async function checkUnderFlags(name, [command], flags) {
  if (command === null) return;
  const switches = [OPTIMISED, ...flags];
  report(`${name} ${switches.join(" ")}`, "wasm", await runProgram(command, switches, "wasm"));
  for (const [what, args] of Object.entries(UNDER_FLAGS))
    await hold(`${name} ${switches.join(" ")}, ${what}`, command, [...switches, ...args]);
}

async function checkCommand(name, [command, ...args]) {
  const version = command === null ? null : spawnSync(command, ["--version"], { encoding: "utf8" });
  if (version === null || version.error !== undefined) {
    missing.push({ name, why: command === null ? "not installed (--install)" : `no ${command}` });
    return;
  }
  const backends = ["wasm", "js"];
  const results = await Promise.all(backends.map((backend) => runProgram(command, args, backend)));
  backends.forEach((backend, i) => void report(name, `${version.stdout.split("\n")[0]}, ${backend}`, results[i]));
}

async function checkChromium() {
  const found = await findChromium();
  if (found.missing !== undefined) {
    missing.push({ name: "chromium", why: found.missing });
    return;
  }
  await withChromium(found, async ({ version, call }) => {
    for (const { policy, backend, wanted = backend } of PAGES) {
      const { result } = await call(policy, program, "mixedTraining", backend).catch((error) => ({ result: { error: error.message } }));
      const outcome =
        result.backend === undefined || result.backend === wanted ? result : { error: `ran on ${result.backend}, not ${wanted}` };
      report("chromium", `${version}, ${policy} page, ${backend === "auto" ? `auto, which is ${wanted}` : backend}`, outcome);
    }
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { install: { type: "boolean", default: false }, require: { type: "string", default: "" } },
});
if (values.install) {
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: packages, stdio: ["ignore", 2, 2] });
  if (status !== 0) console.log(`runtimes: npm ci in ${path.relative(root, packages)} ended with ${status}`);
}
const runtimes = commands();
for (const argument of positionals) {
  const [name, command] = argument.split("=");
  if (command === undefined) throw new Error(`runtimes: ${argument}, wants name=command`);
  runtimes.set(name, command.split(" "));
}
const required = values.require.split(",").filter((name) => name !== "");
const unknown = required.filter((name) => name !== "chromium" && !runtimes.has(name));
if (unknown.length > 0) throw new Error(`runtimes: --require ${unknown.join(", ")}, wants ${[...runtimes.keys(), "chromium"].join(", ")}`);

for (const [name, command] of runtimes) await checkCommand(name, command);
for (const [major, flags] of Object.entries(FLAGS)) await checkUnderFlags(`node${major}`, runtimes.get(`node${major}`), flags);
const [newest] = runtimes.get(NEWEST);
if (newest !== null) await hold(`${NEWEST}, all tests`, newest, ["node_modules/vitest/vitest.mjs", "run"]);
await checkChromium();
for (const { name, why } of missing) {
  const wanted = required.includes(name);
  console.log(`${name}: not there: ${why}${wanted ? ", but required" : ""}`);
  failed ||= wanted;
}
process.exitCode = failed ? 1 : 0;
