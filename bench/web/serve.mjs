/**
 * npm run bench:web [-- --port 8080]: serves the benchmark as a page, isolated, so that clocks are fine and memory can be shared.
 * npm run bench:web -- --run [--json] [--only M256,T1] [--systems a,b] [--seconds 1.5]: runs it in headless Chromium and prints what it found,
 * as `npm run bench` does. Exit code 2 when there is no browser. Both want a built package.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { findChromium, openChromium } from "../../scripts/chromium.mjs";

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
/** What is served of the tree besides the page: the built package and the wasm of the benchmark. */
const SERVED = /^\/(dist\/[\w./-]+\.js|build\/wasm\/[\w-]+\.wasm)$/;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** page.js and worker.js by name. */
async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["bench/web/page.ts", "bench/web/worker.ts"],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "/",
    write: false,
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path: file, contents }) => [`/${path.basename(file)}`, contents]));
}

async function fileFor(pathname, scripts) {
  if (pathname === "/") return readFile(path.join(root, "bench/web/index.html"));
  if (scripts.has(pathname)) return scripts.get(pathname);
  if (SERVED.test(pathname)) return readFile(path.join(root, path.normalize(pathname))).catch(() => undefined);
  return undefined;
}

async function serve(port) {
  const scripts = await bundle();
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const body = await fileFor(pathname, scripts);
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { ...ISOLATED, "content-type": TYPES[path.extname(pathname) || ".html"] }).end(body);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** Visits the page with `start` and waits for what it leaves. */
async function run(origin, { only, systems, seconds, json }) {
  const found = await findChromium();
  if (found.missing !== undefined) {
    console.error(`bench:web: no browser: ${found.missing}`);
    process.exitCode = 2;
    return;
  }
  const query = new URLSearchParams({ only, systems, seconds, start: "" });
  const { context, close } = await openChromium(found);
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/?${query}`);
    await page.waitForFunction(() => globalThis.benchReport ?? globalThis.benchError, undefined, { timeout: 0, polling: 500 });
    const { report, text, error } = await page.evaluate(() => ({
      report: globalThis.benchReport,
      text: globalThis.benchText,
      error: globalThis.benchError,
    }));
    if (error !== undefined) throw new Error(`bench:web: ${error}`);
    console.log(json ? JSON.stringify(report, null, 1) : text);
    if (report.left.some(({ failed }) => failed)) process.exitCode = 1;
  } finally {
    await close();
  }
}

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    run: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    systems: { type: "string", default: "" },
    seconds: { type: "string", default: "1.5" },
  },
});
const { server, origin } = await serve(Number(values.port));
if (values.run) {
  await run(origin, values);
  server.close();
} else console.log(`${origin} (Ctrl-C ends)`);
