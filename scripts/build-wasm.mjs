/**
 * Compiles assembly/ to four WebAssembly modules (core and train, baseline and relaxed SIMD) in build/wasm, and those of the benchmark
 * (its ceiling loop, kernels without SIMD) beside them; writes them deflated and base64-coded for the entries: the baseline is carried
 * inline, relaxed SIMD is a chunk loaded where it runs. Unchanged sources are not compiled again: asc takes seconds.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { deflateSmall, END } from "./deflate.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const out = path.join(root, "build/wasm");
/** Disjoint static data for two modules over one memory; the host's heap starts above both. */
const MEMORY_BASE = { core: 1024, train: 32768 };
const LEVELS = ["baseline", "relaxed"];
const SOURCES = {
  core: "assembly/core.ts",
  train: "assembly/train.ts",
  ceiling: "bench/assembly/ceiling.ts",
  scalar: "bench/assembly/scalar.ts",
};
const BUILDS = [
  ...LEVELS.flatMap((level) => [
    ["core", level],
    ["train", level],
  ]),
  ["ceiling", "baseline"],
  ["scalar", "plain"],
];

async function filesBelow(dir) {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => e.isFile() && e.name.endsWith(".ts"))
    .map((e) => path.join(e.parentPath ?? e.path, e.name))
    .sort();
}

async function sourceHash() {
  const hash = createHash("sha256");
  const lock = path.join(root, "node_modules/assemblyscript/package.json");
  for (const file of [
    ...(await filesBelow(path.join(root, "assembly"))),
    ...(await filesBelow(path.join(root, "bench/assembly"))),
    path.join(root, "asconfig.json"),
    fileURLToPath(import.meta.url),
    path.join(root, "scripts/deflate.mjs"),
    lock,
  ]) {
    hash
      .update(path.relative(root, file))
      .update("\0")
      .update(await readFile(file))
      .update("\0");
  }
  return hash.digest("hex");
}

function asc(module, level) {
  const file = path.join(out, `${module}-${level}.wasm`);
  const temporary = `${file}.${process.pid}.tmp.wasm`;
  const args = [
    path.join(root, "node_modules/assemblyscript/bin/asc.js"),
    SOURCES[module],
    "--config",
    "asconfig.json",
    "--target",
    level,
    "--memoryBase",
    String(MEMORY_BASE[module] ?? 0),
    "-o",
    path.relative(root, temporary),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? rename(temporary, file).then(() => resolve(file), reject) : reject(new Error(`asc failed on ${module} (${level})`)),
    );
  });
}

/** The modules of a level as text: train goes on where core's stream ended (see deflate.mjs, src/engine/inflate.ts). */
async function writeInline(level) {
  const [core, train] = await Promise.all(["core", "train"].map((module) => readFile(path.join(out, `${module}-${level}.wasm`))));
  const streams = { core: deflateSmall(core), train: deflateSmall(train, core) };
  const both = Buffer.concat([core, train]);
  if (!inflateRawSync(Buffer.concat([streams.core, streams.train, END])).equals(both)) {
    throw new Error(`build-wasm: the modules of ${level} SIMD do not come out of their text`);
  }
  const values = { core: streams.core.toString("base64"), train: { text: streams.train.toString("base64"), start: core.length } };
  const types = { core: "string", train: "{ readonly text: string; readonly start: number }" };
  for (const [module, value] of Object.entries(values)) {
    const name = path.join(out, `${module}-${level}-inline`);
    await writeFile(
      `${name}.js`,
      `/** ${module}, ${level} SIMD: open raw deflate in base64. */\nexport default ${JSON.stringify(value)};\n`,
    );
    await writeFile(`${name}.d.ts`, `declare const inline: ${types[module]};\nexport default inline;\n`);
  }
}

async function main() {
  await mkdir(out, { recursive: true });
  const stamp = path.join(out, "sources.sha256");
  const hash = await sourceHash();
  if ((await readFile(stamp, "utf8").catch(() => "")) === hash) return;
  const jobs = BUILDS.map(
    ([module, level]) =>
      () =>
        asc(module, level),
  );
  const lane = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  for (const level of LEVELS) await writeInline(level);
  await writeFile(stamp, hash);
}

await main();
