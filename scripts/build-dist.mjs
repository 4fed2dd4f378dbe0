/**
 * Builds dist/ from src/ and build/wasm: the library's entries, which share chunks, the command line in one file, types, and the wasm files.
 * `--strict` makes it an error when something that package.json names in exports or bin was not built; without it that is
 * said on standard error.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { DIST, mergeChunks } from "./merge-chunks.mjs";
import { splitStatements } from "./split-statements.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const strict = process.argv.includes("--strict");
/** Written beside dist/ and renamed at the end, so that a failed build leaves the last one. */
const out = path.join(root, "build", `dist-${process.pid}`);
const LIBRARY = {
  index: "src/index.ts",
  infer: "src/infer.ts",
  layers: "src/layers/index.ts",
  tasks: "src/tasks/index.ts",
  inspect: "src/inspect/index.ts",
};
/**
 * What is loaded by itself, with its own copy of what little others have too: were it shared, that would be a file more for every entry to
 * load. So none of it may have what is told by its identity, such as a class of errors.
 */
const APART = {
  worker: "src/worker.ts",
  "chunks/threads": "src/engine/threads.ts",
  "chunks/js": "src/engine/js/index.ts",
  "chunks/optimise": "src/engine/optimise.ts",
  "chunks/workers": "src/platform/workers.ts",
  "chunks/core-relaxed-inline": "build/wasm/core-relaxed-inline.js",
  "chunks/train-relaxed-inline": "build/wasm/train-relaxed-inline.js",
};
const CLI = "src/cli/main.ts";

const present = (file) => {
  if (existsSync(path.join(root, file))) return true;
  console.error(`build-dist: ${file} is not there, left out`);
  return false;
};

/** Not minified: whoever bundles it does that, and stack traces stay readable. check-sizes measures it minified. */
const options = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  external: ["node:*"],
  outdir: out,
  legalComments: "none",
  logLevel: "error",
};

/** Imports of what is apart stay, by the name that it has in dist/. */
const apart = {
  name: "apart",
  setup({ onResolve, resolve }) {
    const names = new Map(Object.entries(APART).map(([name, file]) => [path.join(root, file), name]));
    onResolve({ filter: /^\./ }, async ({ path: from, kind, pluginData, ...importer }) => {
      if (kind !== "dynamic-import" || pluginData === apart) return undefined;
      const { path: file } = await resolve(from, { kind, ...importer, pluginData: apart });
      return names.has(file) ? { path: `${DIST}${names.get(file)}.js`, external: true } : undefined;
    });
  },
};

async function buildLibrary() {
  const { metafile } = await build({ ...options, entryPoints: APART, metafile: true });
  for (const [name, { inputs }] of Object.entries(metafile.outputs))
    if (inputs["src/errors.ts"]?.bytesInOutput > 0) throw new Error(`build-dist: ${name} has errors of its own, wants none`);
  await build({
    ...options,
    entryPoints: Object.fromEntries(Object.entries(LIBRARY).filter(([, file]) => present(file))),
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    plugins: [apart, splitStatements],
  });
  await mergeChunks(out, [
    ["run", "infer.js"],
    ["train", "index.js"],
    ["layers", "layers.js"],
    ["tasks", "tasks.js"],
  ]);
}

/** With commander in it, whose CommonJS wants a `require`; what a command needs is a chunk that is read when it is called. */
async function buildCli() {
  if (!present(CLI)) return;
  const hasShebang = (await readFile(path.join(root, CLI), "utf8")).startsWith("#!");
  const require_ = 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';
  await build({
    absWorkingDir: root,
    entryPoints: { cli: CLI },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    outdir: out,
    chunkNames: "cli/[name]-[hash]",
    banner: { js: hasShebang ? require_ : `#!/usr/bin/env node\n${require_}` },
    legalComments: "inline",
    logLevel: "error",
  });
  await chmod(path.join(out, "cli.js"), 0o755);
}

function buildTypes() {
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", "tsconfig.build.json", "--outDir", path.join(out, "types")];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  console.error("build-dist: the sources have type errors");
  if (strict) process.exitCode = 1;
}

async function copyWasm() {
  const from = path.join(root, "build/wasm");
  const names = existsSync(from) ? (await readdir(from)).filter((name) => /^(core|train)-(baseline|relaxed)\.wasm$/.test(name)) : [];
  if (names.length < 4) throw new Error(`build-dist: build/wasm has ${names.length} modules, wants 4 (npm run build:wasm)`);
  await mkdir(path.join(out, "wasm"), { recursive: true });
  for (const name of names) await cp(path.join(from, name), path.join(out, "wasm", name));
}

/** Every file that package.json promises; a pattern stands for its folder. */
function promised({ exports, bin }) {
  const targets = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(targets));
  return [...new Set([...targets(exports), ...targets(bin)].map((target) => path.normalize(target).replace(/\/\*.*$/, "")))];
}

await rm(out, { recursive: true, force: true });
try {
  await copyWasm();
  await buildLibrary();
  await buildCli();
  buildTypes();
  await rm(path.join(root, "dist"), { recursive: true, force: true });
  await rename(out, path.join(root, "dist"));
} finally {
  await rm(out, { recursive: true, force: true });
}
for (const target of promised(JSON.parse(await readFile(path.join(root, "package.json"), "utf8")))) {
  if (existsSync(path.join(root, target))) continue;
  console.error(`build-dist: package.json names ${target}, which was not built`);
  if (strict) process.exitCode = 1;
}
