import { describe, expect, test } from "vitest";
import type { Engine } from "../../src/index.js";

// Workers are modules of the built package.
const built = new URL("../../dist/index.js", import.meta.url).href;
const { createEngine, createEngineSync, matmul, tensor } = (await import(built)) as typeof import("../../src/index.js");

const major = Number.parseInt(process.versions.node, 10);
const plainTile = "Float16Array" in globalThis ? "6x8" : "4x8";

function productOf(engine: Engine) {
  const values = Array.from({ length: 90 }, (_, i) => Array.from({ length: 90 }, (_, j) => Math.sin(i * 90 + j)));
  return engine.step(() => matmul(tensor(engine, values), tensor(engine, values)).toArray());
}

describe("options v8Flags and tile", () => {
  // The flags stay on for the rest of the process: this test comes first.
  test("is heeded for fast kernels of WebAssembly only", async () => {
    const plain = major < 22 ? "baseline" : "relaxed";
    expect((await createEngine()).info).toMatchObject({ build: plain, tile: plainTile });
    expect((await createEngine({ v8Flags: true, numerics: "reproducible" })).info).toMatchObject({ build: "baseline", tile: "4x8" });
    expect((await createEngine({ v8Flags: true, backend: "js" })).info).toMatchObject({ build: "typescript", tile: null, notes: [] });
    expect((await createEngine()).info.build).toBe(plain);
  });

  test("brings relaxed SIMD on Node 20 and vectors of 256 bits on 24 to 26, on any number of threads", async () => {
    const wide = major >= 24 && major <= 26 && process.arch === "x64";
    const helps = major === 20 || wide;
    const product = async (threads: number) => {
      const engine = await createEngine({ v8Flags: true, threads });
      expect(engine.info).toMatchObject({
        build: "relaxed",
        tile: wide ? "6x16" : plainTile,
        threads,
        notes: helps ? [] : [expect.stringMatching(/no flag of V8/)],
      });
      const result = productOf(engine);
      engine.dispose();
      return result;
    };
    expect(await product(2)).toEqual(await product(1));
  });

  test("a measured tile is one of those there are, and gives the bits of the others", async () => {
    const [table, measured] = [await createEngine({ v8Flags: true }), await createEngine({ v8Flags: true, tile: "measured" })];
    expect(["4x8", "6x8", "6x16"]).toContain(measured.info.tile);
    expect(productOf(measured)).toEqual(productOf(table));
    expect((await createEngine({ numerics: "reproducible", tile: "measured" })).info.tile).toBe("4x8");
    await expect(createEngine({ tile: "6x9" as "table" })).rejects.toThrow('tile "6x9", wants "table" or "measured"');
  });

  test("is true or false, and not for createEngineSync", async () => {
    await expect(createEngine({ v8Flags: "on" as unknown as boolean })).rejects.toThrow('v8Flags "on", wants true or false');
    const modules = {} as Parameters<typeof createEngineSync>[0]["modules"];
    expect(() => createEngineSync({ modules: { ...modules, train: {} as WebAssembly.Module }, v8Flags: true })).toThrow(
      /v8Flags true, wants false/,
    );
  });
});
