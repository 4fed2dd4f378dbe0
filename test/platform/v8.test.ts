import { afterEach, describe, expect, test, vi } from "vitest";
import { switchOn } from "../../src/platform/v8.js";

/** The flags that are set in a process of these versions. */
function flagsOf(versions: Record<string, string>, arch = "x64") {
  const flags: string[] = [];
  const v8 = { setFlagsFromString: (flag: string) => void flags.push(flag) };
  vi.stubGlobal("process", { versions, arch, getBuiltinModule: (name: string) => (name === "node:v8" ? v8 : undefined) });
  return { ...switchOn(), flags };
}

describe("V8's flags", () => {
  afterEach(() => void vi.unstubAllGlobals());

  test("relaxed SIMD on Node 20, wide vectors on 24 to 26 where the processor may have them", () => {
    const relaxed = { wide: false, flags: ["--experimental-wasm-relaxed-simd"] };
    const wide = { wide: true, flags: ["--experimental-wasm-revectorize"] };
    expect(flagsOf({ node: "20.19.0" })).toEqual(relaxed);
    expect(flagsOf({ node: "20.20.2" }, "arm64")).toEqual(relaxed);
    for (const node of ["24.0.0", "25.9.0", "26.10.0"]) expect(flagsOf({ node })).toEqual(wide);
  });

  test("none elsewhere, and a note says why", () => {
    const none = (note: RegExp) => ({ wide: false, flags: [], note: expect.stringMatching(note) });
    expect(flagsOf({ node: "27.0.0" })).toEqual(none(/Node 27\.0\.0 on x64 has none that helps/));
    expect(flagsOf({ node: "22.23.3" })).toEqual(none(/Node 22\.23\.3 on x64 has none that helps/));
    expect(flagsOf({ node: "24.21.0" }, "arm64")).toEqual(none(/Node 24\.21\.0 on arm64 has none/));
    for (const other of ["deno", "bun", "electron"]) expect(flagsOf({ node: "24.0.0", [other]: "1.0.0" })).toEqual(none(/is not Node/));
    vi.stubGlobal("process", undefined);
    expect(switchOn()).toEqual({ wide: false, note: expect.stringMatching(/is not Node/) });
  });
});
