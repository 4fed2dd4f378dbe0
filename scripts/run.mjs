/**
 * Runs a TypeScript program: `node scripts/run.mjs FILE [--] [arguments]`. Node 20 does not strip types, so FILE is bundled to
 * build/run/NAME-HASH.mjs and imported, with process.argv as if it had been run itself. Packages stay imports; `recurra` itself
 * resolves to dist/, as for a user.
 *
 * A program's import.meta.url is that of the bundle, and the current folder is the caller's: find files of the repository by
 * the environment variable RECURRA_ROOT, which is set here: path.join(process.env.RECURRA_ROOT, "build/wasm/core-baseline.wasm").
 * --help shows the comment that FILE starts with. Exit code 2 when the program could not be bundled, or its options are wrong.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const options = {
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  absWorkingDir: root,
  logLevel: "error",
};

async function put(target, contents) {
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(`${target}.${process.pid}.tmp`, contents);
  await rename(`${target}.${process.pid}.tmp`, target);
  return target;
}

/** Bundles `file`; named by its content, so that two runs at once share a file or do not meet. */
async function bundle(file) {
  const out = path.join(root, "build/run");
  const inline = { sourcemap: "inline", outdir: out, outExtension: { ".js": ".mjs" } };
  const [{ outputFiles }, worker] = await Promise.all([
    build({ ...options, ...inline, entryPoints: [file] }),
    build({ ...options, entryPoints: [path.join(root, "src/worker.ts")] }),
  ]);
  const [{ contents }] = outputFiles;
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 12);
  // The engine's threads look for their module beside the program.
  await put(path.join(out, "worker.js"), worker.outputFiles[0].contents);
  return put(path.join(out, `${path.basename(file, path.extname(file))}-${hash}.mjs`), contents);
}

/** The comment that a program starts with. */
async function head(file) {
  const [, comment] = (await readFile(file, "utf8")).match(/^\/\*\*(.*?)\*\//su) ?? [];
  return comment === undefined ? "" : comment.replace(/^ \* ?/gmu, "").trim();
}

const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  console.error("run: no program, wants node scripts/run.mjs FILE [arguments]");
  process.exit(2);
}
const file = path.resolve(name);
if (rest.includes("--help")) {
  console.log(await head(file));
  process.exit(0);
}
const program = await bundle(file).catch((error) => {
  console.error(
    `run: ${name} could not be bundled (${error.errors?.length ?? 0} errors; is build/wasm there? npm run build:wasm makes it)`,
  );
  process.exit(2);
});
process.argv = [process.argv[0], file, ...(rest[0] === "--" ? rest.slice(1) : rest)];
process.env.RECURRA_ROOT = root;
process.setSourceMapsEnabled(true);
await import(pathToFileURL(program).href).catch((error) => {
  if (!String(error.code).startsWith("ERR_PARSE_ARGS")) throw error;
  console.error(`${path.basename(file)}: ${error.message}; --help shows what there is`);
  process.exit(2);
});
