import { existsSync, readFileSync } from "node:fs";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { randomFloats } from "../kernels/harness.js";

const { deflateSmall, END } = (await import(new URL("../../scripts/deflate.mjs", import.meta.url).href)) as {
  deflateSmall(added: Uint8Array, before?: Uint8Array): Buffer;
  END: Buffer;
};

const inflated = (...streams: Buffer[]) => inflateRawSync(Buffer.concat([...streams, END]));

const random = (n: number, below: number, seed: number) => Uint8Array.from(randomFloats(n, seed), (u) => ((u + 1) / 2) * below);

describe("deflateSmall", () => {
  const inputs: [string, Uint8Array][] = [
    ["one byte", Uint8Array.of(7)],
    ["two bytes", Uint8Array.of(7, 7)],
    ["a run", new Uint8Array(5000).fill(255)],
    ["runs of 258 and 259", Uint8Array.from([...Array(258).fill(1), 2, ...Array(259).fill(3)])],
    ["noise", random(3000, 256, 1)],
    ["few letters", random(20_000, 3, 2)],
    ["two kinds of text", Uint8Array.from([...random(6000, 4, 3), ...random(6000, 200, 4)])],
    ["a match at the window's end", Uint8Array.from([...random(300, 256, 5), ...random(32_200, 2, 6), ...random(300, 256, 5)])],
    ["every byte", Uint8Array.from({ length: 256 }, (_, i) => i)],
  ];
  test.each(inputs)("%s inflates to itself, and is hardly ever larger than zlib's", (_, bytes) => {
    const deflated = deflateSmall(bytes);
    expect(inflated(deflated).equals(bytes)).toBe(true);
    expect(deflated.length % 3).toBe(0);
    // It writes no stored blocks, which zlib does for noise: a header of codes more, then.
    expect(deflated.length).toBeLessThanOrEqual(deflateRawSync(bytes, { level: 9 }).length + 300);
  });

  test("the kernels are at least 3 % smaller than by zlib", () => {
    const file = new URL("../../build/wasm/core-baseline.wasm", import.meta.url);
    if (!existsSync(file)) throw new Error(`${file.pathname} is missing: npm run build:wasm`);
    const wasm = readFileSync(file);
    const deflated = deflateSmall(wasm);
    expect(inflated(deflated).equals(wasm)).toBe(true);
    expect(deflated.length).toBeLessThan(0.97 * deflateRawSync(wasm, { level: 9 }).length);
  });

  test("a stream goes on where another ended, and what was there is not there again", () => {
    const [first, second] = [random(9000, 256, 7), Uint8Array.from([...random(50, 256, 8), ...random(9000, 256, 7)])];
    for (const before of [first, first.subarray(0, 1)]) {
      const [open, more] = [deflateSmall(before), deflateSmall(second, before)];
      expect(inflated(open, more).equals(Buffer.concat([before, second]))).toBe(true);
      expect(inflated(open).equals(before)).toBe(true);
      if (before === first) expect(more.length).toBeLessThan(600);
    }
  });
});
