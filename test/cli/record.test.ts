import { describe, expect, test, vi } from "vitest";
import { spent, weightsHash } from "../../src/cli/record.js";
import { watchSignals } from "../../src/cli/signals.js";
import { encodeModelFile } from "../../src/io/model-file.js";

const model = { task: "t", config: {}, numerics: "fast", build: "baseline", library: "0" };

function fileOf(tensors: Readonly<Record<string, Uint32Array>>, config = {}): Uint8Array {
  const inputs = Object.entries(tensors).map(([name, bits]) => ({
    name,
    dtype: "F32" as const,
    shape: [bits.length],
    data: new Float32Array(bits.buffer),
  }));
  return encodeModelFile({ tensors: inputs, model: { ...model, config } });
}

const bits = (...words: number[]) => Uint32Array.from(words);

describe("the hash of weights", () => {
  const [a, b] = [bits(0x3f800000, 0), bits(0x40000000)];
  const hash = weightsHash(fileOf({ a, b }));

  test("is that of names, shapes and bits alone", () => {
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(weightsHash(fileOf({ b, a }, { other: 1 }))).toBe(hash);
    expect(weightsHash(fileOf({ a, c: b }))).not.toBe(hash);
    expect(weightsHash(fileOf({ a: bits(0x3f800001, 0), b }))).not.toBe(hash);
    expect(weightsHash(fileOf({ a: bits(0x3f800000, 0x80000000), b }))).not.toBe(hash);
  });

  test("takes every NaN for the same", () => {
    const nan = (word: number) => weightsHash(fileOf({ a: bits(0x3f800000, word) }));
    expect(nan(0xffc00001)).toBe(nan(0x7fc00000));
    expect(nan(0x7f800000)).not.toBe(nan(0x7fc00000));
  });
});

describe("signals", () => {
  test("the first aborts and says so, the second ends the process at once; closed, they are left alone", () => {
    const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);
    const said: string[] = [];
    const signals = watchSignals((text) => said.push(text));
    expect([signals.signal.aborted, signals.exitCode]).toEqual([false, 0]);
    process.emit("SIGTERM", "SIGTERM");
    expect([signals.signal.aborted, signals.exitCode, exit.mock.calls, said.length]).toEqual([true, 143, [], 1]);
    process.emit("SIGINT", "SIGINT");
    expect(exit.mock.calls).toEqual([[130]]);
    const before = process.listenerCount("SIGINT");
    signals.close();
    expect(process.listenerCount("SIGINT")).toBe(before - 1);
    exit.mockRestore();
  });

  test("what a command has spent is above zero and does not fall", () => {
    const first = spent();
    expect(first.cpuSeconds).toBeGreaterThan(0);
    expect(spent().seconds).toBeGreaterThanOrEqual(first.seconds);
  });
});
