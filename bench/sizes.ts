/** S1: bytes a browser downloads for a step (infer entry) and for training (full entry): minified JavaScript with its wasm, gzip. */
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export async function bundleSizes(
  root: string,
): Promise<{ id: string; system: string; value: number; unit: string; min: number; n: number }[]> {
  const rows = [];
  for (const [system, names] of [
    ["recurra F5", "createEngine, LSTM"],
    ["recurra T1", "createEngine, Embedding, LSTM, Linear, crossEntropy, backward, Adam"],
  ] as const) {
    const entry = system === "recurra F5" ? "dist/infer.js" : "dist/index.js";
    const contents = `export { ${names} } from ${JSON.stringify(path.join(root, entry))};`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      splitting: true,
      outdir: "out",
      write: false,
    });
    const main = outputFiles.find(({ path: file }) => file.endsWith("stdin.js"))!;
    const imported = [...main.text.matchAll(/from\s*"\.\/([^"]+)"/g)].map(
      ([, name]) => outputFiles.find(({ path: file }) => file.endsWith(name!))!,
    );
    const bytes = [main, ...imported].reduce((sum, { contents: code }) => sum + gzipSync(code, { level: 9 }).length, 0);
    rows.push({ id: "S1", system, value: bytes, unit: "bytes", min: bytes, n: 1 });
  }
  return rows;
}
