import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import coreWasm from "../../build/wasm/core-baseline-inline.js";
import { CORE_ABI, TRAIN_ABI } from "../../src/engine/abi.js";
import { hasRelaxedSimd } from "../../src/engine/build.js";
import { createJsKernels } from "../../src/engine/js/index.js";
import { createEngineFrom } from "../../src/engine/load.js";
import { ConfigError, createEngine, createEngineSync, matmul, tensor } from "../../src/index.js";

const file = (name: string) => new URL(`../../build/wasm/${name}.wasm`, import.meta.url);
const compile = (name: string) => new WebAssembly.Module(readFileSync(file(name)));

describe("the ABI", () => {
  const twin = createJsKernels({ f32: new Float32Array(1), i32: new Int32Array(1), u8: new Uint8Array(1) });
  for (const [module, abi] of [
    ["core", CORE_ABI],
    ["train", TRAIN_ABI],
  ] as const) {
    for (const level of ["baseline", "relaxed"]) {
      test(`${module}-${level} exports exactly what abi.ts names, with as many arguments as the TypeScript twin`, () => {
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
        if (level === "relaxed" && !hasRelaxedSimd()) {
          expect(WebAssembly.validate(readFileSync(file(`${module}-${level}`)))).toBe(false);
          return;
        }
        const { exports } = new WebAssembly.Instance(compile(`${module}-${level}`), { env: { memory } });
        const functions = Object.keys(exports).filter((name) => typeof exports[name] === "function");
        const switches = module === "core" ? ["use_tile"] : [];
        expect(functions.sort()).toEqual([...Object.values(abi), ...switches].sort());
        for (const [method, name] of Object.entries(abi)) {
          const { length } = twin[method as keyof typeof twin];
          const own = (exports[name] as (...args: number[]) => unknown).length;
          // A twin may leave out the workspace at the end that it does not need.
          const spare = method.startsWith("gemm") ? 1 : 0;
          expect(own - length, `${name} takes ${own} arguments, the twin ${length}`).toBe(spare);
        }
      });
    }
  }
});

describe("createEngine", () => {
  test("says what it runs", async () => {
    const wasm = await createEngine();
    expect(wasm.info).toMatchObject({
      backend: "wasm",
      build: "relaxed",
      numerics: "fast",
      threads: 1,
      notes: [],
    });
    const same = await createEngine({ numerics: "reproducible" });
    expect(same.info).toMatchObject({ backend: "wasm", build: "baseline", numerics: "reproducible" });
    const js = await createEngine({ backend: "js", numerics: "reproducible" });
    expect(js.info).toMatchObject({ backend: "js", build: "typescript", numerics: "reproducible" });
  });

  test("takes compiled modules, at once or not", async () => {
    const modules = { core: compile("core-baseline"), train: compile("train-baseline") };
    for (const engine of [createEngineSync({ modules }), await createEngine({ modules })]) {
      const product = engine.step(() => matmul(tensor(engine, [[1, 2]]), tensor(engine, [[3], [4]])));
      expect(product.item()).toBe(11);
    }
    expect(() => createEngineSync({ modules: { core: modules.core } })).toThrowError(/has no train module/);
  });

  test("asks for no flags where it compiles nothing", async () => {
    const refuse = () => {
      throw new TypeError("not asked for");
    };
    const baseline = { core: coreWasm, train: null };
    const assets = { trainAbi: null, baseline, loadRelaxed: refuse, tape: null, spawn: refuse, onNode: refuse };
    const { info } = await createEngineFrom({ modules: { core: compile("core-baseline") } }, assets);
    expect(info).toMatchObject({ build: "baseline", notes: [] });
  });

  test("refuses relaxed modules where bits are to be the same everywhere", async () => {
    if (!hasRelaxedSimd()) return;
    const modules = { core: compile("core-relaxed"), train: compile("train-relaxed") };
    expect(createEngineSync({ modules }).info.build).toBe("relaxed");
    expect(() => createEngineSync({ modules, numerics: "reproducible" })).toThrowError(/built for relaxed SIMD, numerics "reproducible"/);
  });

  test("takes the baseline where the relaxed chunk cannot be had, and says so", async () => {
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = () => true;
      const assets = {
        trainAbi: null,
        baseline: { core: coreWasm, train: null },
        loadRelaxed: () => Promise.reject(new TypeError("no such chunk")),
        tape: null,
        spawn: () => Promise.reject(new TypeError("not asked for")),
        onNode: () => ({}),
      };
      const { info } = await createEngineFrom({}, assets);
      expect(info).toMatchObject({ build: "baseline", notes: ["baseline SIMD in use: TypeError: no such chunk"] });
    } finally {
      WebAssembly.validate = validate;
    }
  });

  test("falls back to TypeScript where WebAssembly is missing, and says so", async () => {
    const { WebAssembly: own } = globalThis;
    try {
      Object.defineProperty(globalThis, "WebAssembly", { value: undefined, configurable: true });
      const engine = await createEngine();
      expect(engine.info.backend).toBe("js");
      expect(engine.info.notes[0]).toMatch(/TypeScript kernels in use: .*no WebAssembly/);
      await expect(createEngine({ backend: "wasm" })).rejects.toThrowError(/WebAssembly was refused: .*no WebAssembly/);
    } finally {
      Object.defineProperty(globalThis, "WebAssembly", { value: own, configurable: true, writable: true });
    }
  });

  const wrong: [object, RegExp][] = [
    [{ sede: 1 }, /createEngine: unknown option sede, wants seed/],
    [{ seed: 1.5 }, /createEngine: seed 1\.5, wants a whole number/],
    [{ seed: -1 }, /seed -1/],
    [{ numerics: "exact" }, /numerics "exact", wants "fast" or "reproducible"/],
    [{ backend: "gpu" }, /backend "gpu", wants "auto", "wasm" or "js"/],
    [{ maxMemory: Number.NaN }, /maxMemory NaN, wants a number from 1/],
  ];
  for (const [options, message] of wrong) {
    test(`refuses ${JSON.stringify(options)}`, async () => {
      await expect(createEngine(options)).rejects.toThrowError(message);
      await expect(createEngine(options)).rejects.toBeInstanceOf(ConfigError);
    });
  }
});
