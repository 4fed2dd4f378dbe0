import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import core from "../../build/wasm/core-baseline-inline.js";
import { inflate } from "../../src/engine/inflate.js";

describe("inflate", () => {
  const wanted = readFileSync(new URL("../../build/wasm/core-baseline.wasm", import.meta.url));
  const runtimes: [string, unknown][] = [
    ["Node's zlib", process],
    ["a DecompressionStream where there is no process", undefined],
    ["a DecompressionStream where a process has no modules to give", { ...process, getBuiltinModule: undefined }],
    ["a DecompressionStream where zlib is none of them", { ...process, getBuiltinModule: () => undefined }],
  ];
  for (const [way, stub] of runtimes) {
    test(`gives the bytes of the module by ${way}`, async () => {
      let streams = 0;
      class Counted extends DecompressionStream {
        constructor(format: CompressionFormat) {
          super(format);
          streams++;
        }
      }
      vi.stubGlobal("DecompressionStream", Counted);
      vi.stubGlobal("process", stub);
      // Until its first wait it looks at what is there; vitest itself wants its process back after that.
      const pending = inflate(core);
      vi.unstubAllGlobals();
      const bytes = await pending;
      expect(Buffer.from(bytes).equals(wanted)).toBe(true);
      expect(streams).toBe(stub === process ? 0 : 1);
    });
  }
});
