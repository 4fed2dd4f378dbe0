/**
 * Prints the sizes of what is shipped and holds them to their ceilings: the wasm modules, and the entries as a bundler for browsers leaves
 * them (minified, their wasm inline, gzip). Chunks that are loaded on demand (the TypeScript kernels) are shown beside them.
 * `--write` puts the sizes into README.md.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const KIB = 1024;
/** Gzip ceilings in bytes. */
const CEILINGS = { "recurra/infer": 30 * KIB, recurra: 60 * KIB, "all entries together": 110 * KIB };
/** What is imported; an entry's chunks that another one has too count once. */
const ENTRIES = {
  "recurra/infer": ["dist/infer.js"],
  recurra: ["dist/index.js"],
  "all entries together": ["dist/index.js", "dist/infer.js", "dist/layers.js", "dist/tasks.js", "dist/inspect.js"],
};
/** Words of training that must not be in the inference entry. */
const FORBIDDEN = { "recurra/infer": ["called outside a step", "clipGradNorm", "weightDecay", "trainSequenceClassifier"] };

const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
const kib = (bytes) => `${(bytes / KIB).toFixed(1)} KiB`.padStart(10);

/** Entries with everything they load at once, and their chunks on demand. */
async function bundle(files) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: files,
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const contents = new Map(outputFiles.map((output) => [path.relative(root, output.path), output]));
  const now = new Set();
  const visit = (name) => {
    if (now.has(name)) return;
    now.add(name);
    for (const { path: imported, kind } of metafile.outputs[name].imports) if (kind === "import-statement") visit(imported);
  };
  for (const [name, { entryPoint }] of Object.entries(metafile.outputs)) if (files.includes(entryPoint)) visit(name);
  const later = [...contents.keys()].filter((name) => !now.has(name));
  return { now: [...now].map((name) => contents.get(name)), later: later.map((name) => contents.get(name)) };
}

let failed = false;
/** The README states sizes: they have to be the current ones, to half a KiB (zlib versions differ in the last bytes). */
let readme = await readFile(path.join(root, "README.md"), "utf8");
function checkReadme(name, size) {
  const place = new RegExp(`(?<=\`${name}\` )[0-9.]+(?= KiB)`);
  if (process.argv.includes("--write")) readme = readme.replace(place, (size / KIB).toFixed(1));
  const stated = readme.match(place)?.[0];
  if (stated !== undefined && Math.abs(Number(stated) - size / KIB) <= 0.5) return;
  console.log(`${name}: README.md states ${stated ?? "no size"}, wants ${(size / KIB).toFixed(1)} KiB`);
  failed = true;
}
for (const module of ["core", "train"]) {
  for (const level of ["baseline", "relaxed"]) {
    const bytes = await readFile(path.join(root, "build/wasm", `${module}-${level}.wasm`));
    console.log(`${`${module}-${level}.wasm`.padEnd(26)}${kib(bytes.length)}   gzip ${kib(gzip(bytes))}`);
  }
}
for (const [name, files] of Object.entries(ENTRIES)) {
  const { now, later } = await bundle(files);
  const size = now.reduce((sum, { contents }) => sum + gzip(contents), 0);
  const onDemand = later.reduce((sum, { contents }) => sum + gzip(contents), 0);
  const plain = now.reduce((sum, { contents }) => sum + contents.length, 0);
  const verdict = size <= CEILINGS[name] ? "" : "   TOO LARGE";
  console.log(
    `${name.padEnd(26)}${kib(plain)}   gzip ${kib(size)} of at most ${kib(CEILINGS[name]).trim()}, on demand ${kib(onDemand).trim()}${verdict}`,
  );
  if (size > CEILINGS[name]) failed = true;
  checkReadme(name, size);
  for (const word of FORBIDDEN[name] ?? []) {
    if (!now.some(({ text }) => text.includes(word))) continue;
    console.log(`${name}: holds "${word}", which belongs to training`);
    failed = true;
  }
}
if (process.argv.includes("--write")) await writeFile(path.join(root, "README.md"), readme);
process.exitCode = failed ? 1 : 0;
