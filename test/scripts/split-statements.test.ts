import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build, type Plugin } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { splitStatements } = (await import(new URL("../../scripts/split-statements.mjs", import.meta.url).href)) as {
  splitStatements: Plugin;
};

const SOURCES = {
  "ops.ts": `
    import base, { type Unused, scale as factor } from "./base.js";
    import * as all from "./base.js";
    export interface Shape { readonly extent: number }
    const [one, { two }] = [1, { two: 2 }] as const;
    export function forward(x: number): number;
    export function forward(x: string): string;
    export function forward(x: number | string) { return typeof x === "number" ? odd(x) * factor(one) : x; }
    export const backward = (x: number) => all.scale(x) + two + base;
    function odd(n: number): boolean | number { return n === 0 ? 0 : even(n - 1) + one; }
    function even(n: number): number { return n === 0 ? 0 : Number(odd(n - 1)); }
    export class Gradients { static of = (x: number) => backward(x) + MARK.length; }
    export const MARK = "gradients";`,
  "base.ts": `
    export interface Unused { readonly no: never }
    export default 40;
    export const scale = (x: number) => x * 10;`,
  "counter.ts": `
    let calls = 0;
    export const count = () => ++calls;
    export const unusedHere = () => "left whole";`,
  "more.ts": `
    export { forward as run } from "./ops.js";
    export * from "./counter.js";`,
  "infer.ts": `import { count, run } from "./more.js"; export const result = [run(3), run("text"), count(), count()];`,
  "train.ts": `import { Gradients } from "./ops.js"; import { run } from "./more.js"; export const result = [Gradients.of(1), run(1)];`,
};

describe("split-statements", () => {
  let folder: string;
  const texts = new Map<string, string>();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "recurra-split-"));
    for (const [name, text] of Object.entries(SOURCES)) writeFileSync(path.join(folder, name), text);
    const { outputFiles } = await build({
      absWorkingDir: folder,
      entryPoints: ["infer.ts", "train.ts"],
      bundle: true,
      splitting: true,
      format: "esm",
      outdir: folder,
      write: false,
      outExtension: { ".js": ".mjs" },
      plugins: [splitStatements],
    });
    for (const { path: file, text } of outputFiles) {
      writeFileSync(file, text);
      texts.set(path.basename(file), text);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** An entry with all that it loads. */
  const loaded = (name: string): string =>
    texts.get(name)! + Array.from(texts.get(name)!.matchAll(/"\.\/(chunk[^"]+)"/g), ([, chunk]) => texts.get(chunk!)).join("");

  test("results are those of the modules as they stand: overloads, patterns, default and namespace imports, recursion, state", async () => {
    expect((await import(path.join(folder, "infer.mjs"))).result).toEqual([20, "text", 1, 2]);
    expect((await import(path.join(folder, "train.mjs"))).result).toEqual([61, 10]);
  });

  test("an entry loads of a module what it needs, and no more", () => {
    expect(loaded("infer.mjs")).toMatch(/function odd/);
    expect(loaded("infer.mjs")).not.toMatch(/Gradients|backward/);
    for (const name of [/Gradients/, /function odd/]) expect(loaded("train.mjs")).toMatch(name);
    expect(loaded("train.mjs")).not.toMatch(/calls/);
  });
});
