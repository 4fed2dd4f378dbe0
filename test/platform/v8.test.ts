import { afterEach, describe, expect, test, vi } from "vitest";
import { v8Flags } from "../../src/platform/v8.js";

const RELAXED = ["--experimental-wasm-relaxed-simd", "run", "--no-experimental-wasm-relaxed-simd"];
const WIDE = [
  ["--experimental-wasm-revectorize", "--no-liftoff", "--no-wasm-lazy-compilation", "--no-wasm-inlining"],
  "run",
  ["--no-experimental-wasm-revectorize", "--liftoff", "--wasm-lazy-compilation", "--wasm-inlining"],
].flat();

/** What happens in a process of these versions: flags that are set, and "run". Undefined where there is no such thing to run under. */
function inProcess(versions: Record<string, string>, { arch = "x64", execArgv = [] as string[], env = {} as Record<string, string> } = {}) {
  const log: string[] = [];
  const v8 = { setFlagsFromString: (flag: string) => void log.push(flag) };
  vi.stubGlobal("process", { versions, arch, execArgv, env, getBuiltinModule: (name: string) => (name === "node:v8" ? v8 : undefined) });
  const { relaxed, wide } = v8Flags();
  return [relaxed, wide].map((under) => {
    under?.(() => log.push("run"));
    return under && log.splice(0);
  });
}

describe("V8's flags", () => {
  afterEach(() => void vi.unstubAllGlobals());

  test("relaxed SIMD on Node 20, wide vectors on 24 where the processor may have them, and put back", () => {
    expect(inProcess({ node: "20.19.0" })).toEqual([RELAXED, undefined]);
    expect(inProcess({ node: "20.20.2" }, { arch: "arm64" })).toEqual([RELAXED, undefined]);
    for (const node of ["24.0.0", "24.21.0"]) expect(inProcess({ node })).toEqual([["run"], WIDE]);
  });

  test("none on other Nodes and processors, nothing to run under where it is not Node", () => {
    for (const node of ["22.23.3", "23.11.0", "25.9.0", "26.10.0", "27.0.0"]) expect(inProcess({ node })).toEqual([["run"], undefined]);
    expect(inProcess({ node: "24.21.0" }, { arch: "arm64" })).toEqual([["run"], undefined]);
    for (const other of ["deno", "bun", "electron"])
      expect(inProcess({ node: "24.0.0", [other]: "1.0.0" })).toEqual([undefined, undefined]);
    vi.stubGlobal("process", undefined);
    expect(v8Flags()).toEqual({});
    vi.stubGlobal("process", {});
    expect(v8Flags()).toEqual({});
    vi.stubGlobal("process", { versions: { node: "22.19.0" } });
    expect(v8Flags().relaxed!(() => 7)).toBe(7);
  });

  test("those that the process was started with stay as they are", () => {
    const given = { execArgv: ["--no_liftoff"], env: { NODE_OPTIONS: "--experimental-wasm-revectorize --max-old-space-size=4096" } };
    expect(inProcess({ node: "24.0.0" }, given)[1]).toEqual([
      "--no-wasm-lazy-compilation",
      "--no-wasm-inlining",
      "run",
      "--wasm-lazy-compilation",
      "--wasm-inlining",
    ]);
    expect(inProcess({ node: "20.19.0" }, { execArgv: ["--experimental-wasm-relaxed-simd"] })[0]).toEqual(["run"]);
  });

  test("are put back when what runs under them throws, which is thrown on", () => {
    const log: string[] = [];
    const v8 = { setFlagsFromString: (flag: string) => void log.push(flag) };
    vi.stubGlobal("process", { versions: { node: "20.19.0" }, arch: "x64", execArgv: [], env: {}, getBuiltinModule: () => v8 });
    const fail = () => {
      throw new RangeError("out of memory");
    };
    expect(() => v8Flags().relaxed!(fail)).toThrow("out of memory");
    expect(log).toEqual([RELAXED[0], RELAXED[2]]);
  });
});
