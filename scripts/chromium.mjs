/**
 * Headless Chromium over pages of this tree: a static server whose first path segment chooses the page's policy, and a browser to visit it.
 * `node scripts/chromium.mjs POLICY FILE EXPORT [ARGUMENT …]` calls an export of a file in a page and prints what it gives as JSON; exit code
 * 2 when there is no browser.
 */
import { existsSync, realpathSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** What is served: the built package and the programs of test/runtimes. */
const SERVED = /^\/(dist|test\/runtimes)\/[\w./-]+\.(m?js|wasm)$/;
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
/** Headers of pages by name. */
const POLICIES = {
  /** May post shared memory to workers. */
  isolated: { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
  plain: {},
  /** Scripts of the same origin, but no compiling of WebAssembly. */
  "no-wasm": { "content-security-policy": "default-src 'none'; script-src 'self'" },
};
const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

async function answer({ url }, response) {
  const [, policy, rest] = /^\/([\w-]+)(\/.*)$/.exec(new URL(url, "http://localhost").pathname) ?? [];
  const headers = Object.hasOwn(POLICIES, policy ?? "") ? POLICIES[policy] : null;
  if (headers !== null && rest === "/") {
    response.writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" }).end("<!doctype html><title>recurra</title>");
  } else if (headers !== null && SERVED.test(rest) && existsSync(path.join(root, path.normalize(rest)))) {
    const body = await readFile(path.join(root, path.normalize(rest)));
    response.writeHead(200, { ...headers, "content-type": TYPES[path.extname(rest)] }).end(body);
  } else response.writeHead(404).end();
}

/** Why no browser can be started, or what starts it. */
export async function findChromium() {
  const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
  if (executablePath === undefined) return { missing: "no /usr/bin/chromium (or CHROMIUM=…)" };
  try {
    const { chromium } = await import("playwright-core");
    return { executablePath, chromium };
  } catch {
    return { missing: "playwright-core is not installed" };
  }
}

/** A browser with an empty profile, and what closes it. */
export async function openChromium({ executablePath, chromium }) {
  const profile = await mkdtemp(path.join(tmpdir(), "recurra-chromium-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: ARGUMENTS, headless: true });
  const close = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { context, close };
}

/**
 * Runs `visit({ version, call })` with a browser open; call(policy, file, name, ...args) imports a file of the tree in a new page under a
 * policy (isolated, plain, no-wasm) and returns what its export `name` resolves to, with whether the page was isolated.
 */
export async function withChromium({ executablePath, chromium }, visit) {
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { context, close } = await openChromium({ executablePath, chromium });
  const origin = `http://localhost:${server.address().port}`;
  const call = async (policy, file, name, ...args) => {
    const page = await context.newPage();
    try {
      await page.goto(`${origin}/${policy}/`);
      return await page.evaluate(
        async ([url, name, args]) => ({ isolated: crossOriginIsolated, result: await (await import(url))[name](...args) }),
        [`/${policy}/${file}`, name, args],
      );
    } finally {
      await page.close();
    }
  };
  try {
    return await visit({ version: context.browser()?.version() ?? "", call });
  } finally {
    await close();
    await new Promise((resolve) => server.close(resolve));
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const found = await findChromium();
  if (found.missing === undefined) {
    const [policy, file, name, ...args] = process.argv.slice(2);
    console.log(JSON.stringify(await withChromium(found, ({ call }) => call(policy, file, name, ...args))));
  } else {
    console.error(`chromium: not there: ${found.missing}`);
    process.exitCode = 2;
  }
}
