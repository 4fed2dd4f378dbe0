import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { readRelaxed } from "../../src/platform/wasm-files.js";

const dist = mkdtempSync(path.join(tmpdir(), "recurra-dist-"));
afterAll(() => rmSync(dist, { recursive: true }));
const chunk = pathToFileURL(path.join(dist, "chunks/chunk.js")).href;
const built = (module: string) => readFileSync(`build/wasm/${module}-relaxed.wasm`);

describe("the package's own wasm files", () => {
  afterEach(() => void vi.unstubAllGlobals());

  test("are read beside the chunks, those that are wanted", () => {
    mkdirSync(path.join(dist, "wasm"));
    for (const module of ["core", "train"]) writeFileSync(path.join(dist, `wasm/${module}-relaxed.wasm`), built(module));
    expect(readRelaxed(true, chunk)).toEqual({ core: built("core"), train: built("train") });
    expect(readRelaxed(false, chunk)).toEqual({ core: built("core") });
    rmSync(path.join(dist, "wasm/train-relaxed.wasm"));
    expect(readRelaxed(true, chunk)).toBeUndefined();
    expect(readRelaxed(false, chunk)).toEqual({ core: built("core") });
  });

  test("are none where there are no files to read: a bundle, a page, a module without a place", () => {
    expect(readRelaxed(false, pathToFileURL(path.join(dist, "elsewhere/deep/bundle.js")).href)).toBeUndefined();
    expect(readRelaxed(false, "https://example.org/chunks/chunk.js")).toBeUndefined();
    expect(readRelaxed(false, "")).toBeUndefined();
    vi.stubGlobal("process", undefined);
    expect(readRelaxed(false, chunk)).toBeUndefined();
  });

  test("are not asked for in Deno, which would ask for permission, nor where none is given", () => {
    const getBuiltinModule = vi.fn(() => {
      throw new Error("ERR_ACCESS_DENIED");
    });
    vi.stubGlobal("process", { versions: { node: "24.0.0", deno: "2.9.0" }, getBuiltinModule });
    expect(readRelaxed(false, chunk)).toBeUndefined();
    expect(getBuiltinModule).not.toHaveBeenCalled();
    vi.stubGlobal("process", { versions: { node: "24.0.0" }, getBuiltinModule });
    expect(readRelaxed(false, chunk)).toBeUndefined();
    expect(getBuiltinModule).toHaveBeenCalledOnce();
  });
});
