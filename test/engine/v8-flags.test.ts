import { describe, expect, test } from "vitest";
import coreBaseline from "../../build/wasm/core-baseline-inline.js";
import coreRelaxed from "../../build/wasm/core-relaxed-inline.js";
import trainBaseline from "../../build/wasm/train-baseline-inline.js";
import trainRelaxed from "../../build/wasm/train-relaxed-inline.js";
import { TRAIN_ABI } from "../../src/engine/abi.js";
import { hasRelaxedSimd } from "../../src/engine/build.js";
import type { Engine } from "../../src/engine/engine.js";
import { createEngineFrom, type EngineOptions } from "../../src/engine/load.js";
import type { Under } from "../../src/engine/optimise.js";
import { Adam, backward, createEngine, createEngineSync, crossEntropy, Linear, LSTM, matmul, reshape, tensor } from "../../src/index.js";
import { backwards } from "../../src/ops/backwards.js";
import { initialise } from "../../src/ops/initialise.js";
import { v8Flags } from "../../src/platform/v8.js";
import { Tape } from "../../src/tensor/tape.js";

const major = Number.parseInt(process.versions.node, 10);
const plainTile = "Float16Array" in globalThis ? "6x8" : "6x8-fenced";
const wide = major === 24 && process.arch === "x64";
/** More than an engine does before it compiles better kernels. */
const ENOUGH = 2e9;

/** An engine whose `wide` flags are these, on any runtime. */
const engineUnder = (under: Under, options: EngineOptions = {}): Promise<Engine> =>
  createEngineFrom(options, {
    trainAbi: TRAIN_ABI,
    baseline: { core: coreBaseline, train: trainBaseline },
    loadRelaxed: async () => ({ core: coreRelaxed, train: trainRelaxed }),
    tape: () => new Tape(backwards, initialise),
    spawn: () => Promise.reject(new TypeError("not asked for")),
    onNode: () => {
      const relaxed = v8Flags().relaxed!;
      return { relaxed, wide: (run) => under(() => relaxed(run)) };
    },
  });

function productOf(engine: Engine) {
  const values = Array.from({ length: 90 }, (_, i) => Array.from({ length: 90 }, (_, j) => Math.sin(i * 90 + j)));
  return engine.step(() => matmul(tensor(engine, values), tensor(engine, values)).toArray());
}

/** Losses of steps before and after better kernels are there. */
function lossesOf(engine: Engine): number[] {
  const lstm = new LSTM(engine, { inputSize: 20, hiddenSize: 36 });
  const out = new Linear(engine, { inFeatures: 36, outFeatures: 3 });
  const optimizer = new Adam([...lstm.parameters(), ...out.parameters()]);
  const x = tensor(
    engine,
    Float32Array.from({ length: 5 * 9 * 20 }, (_, i) => Math.sin(i)),
    [5, 9, 20],
  );
  const y = tensor(
    engine,
    Int32Array.from({ length: 45 }, (_, i) => i % 3),
  );
  return Array.from({ length: 6 }, (_, i) => {
    if (i === 3) engine.count(ENOUGH);
    return engine.step(
      () => {
        const loss = crossEntropy(out.forward(reshape(lstm.forward(x).output, [45, 36])), y);
        backward(loss);
        optimizer.step();
        return loss.item();
      },
      { training: true },
    );
  });
}

describe("option v8Flags", () => {
  test("brings relaxed SIMD on Node 20, on for no one else, and can be switched off", async () => {
    const own = hasRelaxedSimd();
    expect((await createEngine()).info).toMatchObject({ build: "relaxed", tile: plainTile, notes: [] });
    expect(hasRelaxedSimd()).toBe(own);
    expect(own).toBe(major >= 22);
    expect((await createEngine({ v8Flags: false })).info.build).toBe(own ? "relaxed" : "baseline");
    expect((await createEngine({ numerics: "reproducible" })).info).toMatchObject({ build: "baseline", tile: "4x8" });
    expect((await createEngine({ backend: "js" })).info).toMatchObject({ build: "typescript", tile: null, notes: [] });
  });

  test("brings tiles for vectors of 256 bits once there is work, on Node 24", async () => {
    const [engine, without] = [await createEngine(), await createEngine({ v8Flags: false })];
    const before = productOf(engine);
    expect(engine.info.tile).toBe(plainTile);
    engine.count(ENOUGH);
    without.count(ENOUGH);
    expect(without.info.tile).toBe(hasRelaxedSimd() ? plainTile : "4x8");
    if (wide) expect(["6x8", "6x8-fenced", "6x16"]).toContain(engine.info.tile);
    else expect(engine.info.tile).toBe(plainTile);
    expect(productOf(engine)).toEqual(before);
  });

  test("changes kernels amid a training and no bit of it", async () => {
    let compiled = 0;
    const engine = await engineUnder((run) => {
      compiled++;
      return run();
    });
    const losses = lossesOf(engine);
    expect(compiled).toBe(1);
    expect(engine.info.notes).toEqual([]);
    expect(losses).toEqual(lossesOf(await engineUnder((run) => run(), { tile: "measured" })));
    expect(new Set(losses).size).toBe(6);
    expect(losses[5]).toBeLessThan(losses[0]!);
  });

  test("a stepper's work counts too", async () => {
    let compiled = 0;
    const engine = await engineUnder((run) => {
      compiled++;
      return run();
    });
    const stepper = new LSTM(engine, { inputSize: 64, hiddenSize: 128 }).stepper();
    const [x, h] = [new Float32Array(64).fill(0.5), new Float32Array(128)];
    // 2 (64 + 128) 4 · 128 a step.
    for (let i = 0; i < 6000; i++) stepper.step(x, h);
    expect(compiled).toBe(1);
    expect(engine.info.notes).toEqual([]);
  });

  test("kernels stay as they are where better ones cannot be compiled, and a note says why", async () => {
    const fail = () => {
      throw new RangeError("out of memory");
    };
    const notes = ["kernels stay as they were: RangeError: out of memory"];
    expect((await engineUnder(fail, { tile: "measured" })).info).toMatchObject({
      backend: "wasm",
      build: "relaxed",
      tile: plainTile,
      notes,
    });
    const engine = await engineUnder(fail);
    const before = productOf(engine);
    engine.count(ENOUGH);
    expect(engine.info.notes).toEqual(notes);
    expect(productOf(engine)).toEqual(before);
  });

  test("is true or false", async () => {
    await expect(createEngine({ v8Flags: "on" as unknown as boolean })).rejects.toThrow('v8Flags "on", wants true or false');
  });
});

describe("option tile", () => {
  test("a measured one is one of those there are, and gives the bits of the others", async () => {
    const [table, measured] = [await createEngine(), await createEngine({ tile: "measured" })];
    expect(["6x8", "6x8-fenced", "6x16"]).toContain(measured.info.tile);
    expect(productOf(measured)).toEqual(productOf(table));
    expect((await createEngine({ numerics: "reproducible", tile: "measured" })).info.tile).toBe("4x8");
  });

  test("is one of two, and not for createEngineSync", async () => {
    await expect(createEngine({ tile: "6x9" as "table" })).rejects.toThrow('tile "6x9", wants "table" or "measured"');
    const modules = { core: {} as WebAssembly.Module, train: {} as WebAssembly.Module };
    expect(() => createEngineSync({ modules, tile: "measured" })).toThrow(/tile measured, wants wasm, 1 and table/);
    expect(() => createEngineSync({ modules, threads: 2 })).toThrow(/threads 2/);
    expect(() => createEngineSync({ modules, backend: "js" })).toThrow(/backend js/);
  });
});
