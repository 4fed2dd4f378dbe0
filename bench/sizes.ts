/** S1: bytes that a browser downloads for an LSTM step (F5) and for training (T1): minified JavaScript with its wasm, gzip. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { ReportRow } from "./report.js";

interface Download {
  readonly system: string;
  readonly what: string;
  /** Folder, from the root, in which the import is resolved. */
  readonly folder: string;
  readonly code: string;
  /** Files fetched besides, from that folder. */
  readonly files: readonly string[];
}

const DOWNLOADS: readonly Download[] = [
  { system: "recurra", what: "F5", folder: ".", code: 'export { createEngine, LSTM } from "./dist/infer.js";', files: [] },
  {
    system: "recurra",
    what: "T1",
    folder: ".",
    code: 'export { createEngine, Embedding, LSTM, Linear, crossEntropy, backward, Adam } from "./dist/index.js";',
    files: [],
  },
  {
    system: "onnxruntime-web",
    what: "F5",
    folder: "bench/peers",
    code: 'export { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";',
    files: ["node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"],
  },
  {
    system: "tfjs-wasm",
    what: "F5",
    folder: "bench/peers",
    code: 'export { basicLSTMCell, setBackend, tensor } from "@tensorflow/tfjs-core"; export { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";',
    files: ["node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"],
  },
  { system: "jax-js", what: "F5", folder: "bench/peers", code: 'export { numpy, jit, grad, nn, lax } from "@jax-js/jax";', files: [] },
];

const gzipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

async function sizeOf(root: string, { folder, code, files }: Download): Promise<number> {
  const resolveDir = path.join(root, folder);
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir, sourcefile: "entry.js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    splitting: true,
    outdir: path.join(root, "out"),
    absWorkingDir: root,
    write: false,
    metafile: true,
    external: ["node:*", "fs", "path", "perf_hooks", "worker_threads", "module", "util", "os"],
    logLevel: "silent",
  });
  // What is loaded at once; chunks behind import() are not.
  const needed = new Set<string>();
  const visit = (name: string) => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const { path: imported, kind, external } of metafile.outputs[name]!.imports) {
      if (kind === "import-statement" && !external) visit(imported);
    }
  };
  const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith("entry.js"));
  visit(entry![0]);
  const code_ = outputFiles.filter(({ path: file }) => needed.has(path.relative(root, file)));
  const besides = await Promise.all(files.map((file) => readFile(path.join(resolveDir, file))));
  return [...code_.map(({ contents }) => contents), ...besides].reduce((sum, bytes) => sum + gzipped(bytes), 0);
}

/** One row a download of the systems named; `recurra F5` and so on in the column of systems. */
export async function bundleSizes(root: string, systems: readonly string[]): Promise<ReportRow[]> {
  const rows: ReportRow[] = [];
  for (const download of DOWNLOADS.filter(({ system }) => systems.includes(system))) {
    const bytes = await sizeOf(root, download);
    rows.push({ id: "S1", system: `${download.system} ${download.what}`, value: bytes, unit: "bytes", min: bytes, n: 1 });
  }
  return rows;
}
