import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FormatError } from "../../src/errors.js";
import { type LineBlock, lineBlocks, lines, type Source } from "../../src/io/lines.js";
import { TextFormatError } from "../../src/io/text-error.js";
import { sourceOf } from "../../src/text/readers/source.js";
import { allOf, piecesOf } from "../text/readers/sources.js";

const textsOf = async (source: Source) => (await allOf(lines(source))).map(({ text }) => text);
const blocksText = (blocks: readonly LineBlock[]) => blocks.map(({ texts }) => texts.join("\n")).join("\n");

async function errorOf(source: Source): Promise<TextFormatError> {
  const error = await textsOf(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TextFormatError);
  expect(error).toBeInstanceOf(FormatError);
  return error as TextFormatError;
}

describe("lines", () => {
  test("ends, byte order mark and a last line without end", async () => {
    expect(await textsOf(sourceOf("a.txt", "\ufeffa\r\nb\n\nc"))).toEqual(["a", "b", "", "c"]);
    expect(await textsOf(sourceOf("a.txt", "a\n\n"))).toEqual(["a", ""]);
    expect(await textsOf(sourceOf("a.txt", "a\rb\n"))).toEqual(["a\rb"]);
    for (const empty of ["", "\ufeff"]) expect(await textsOf(sourceOf("a.txt", empty))).toEqual([]);
    expect(await textsOf(sourceOf("a.txt", new Blob(["x\n", "y"])))).toEqual(["x", "y"]);
    expect((await allOf(lines(sourceOf("a.txt", "a\n\nb")))).map(({ place }) => place.line)).toEqual([1, 2, 3]);
  });

  test("any text, plain or gzip, in pieces of any size, is what it was", async () => {
    const text = fc
      .array(fc.constantFrom("a", "é", "😀", "\n", "\r\n", "\r", "\t", "\ufeff", "ש", "\0"), { maxLength: 60 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (whole, size, packed) => {
        const bytes = new TextEncoder().encode(whole);
        const blocks = await allOf(lineBlocks(piecesOf("x", packed ? gzipSync(bytes) : bytes, size)));
        expect(blocksText(blocks)).toBe(whole.replace(/^\ufeff/, ""));
        let number = 1;
        for (const { first, texts } of blocks) {
          expect(first).toBe(number);
          number += texts.length;
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test("bytes that are not UTF-8 are named by line and column, wherever they are cut", async () => {
    const cases: [number[], number, number, RegExp][] = [
      [[0x61, 10, 0xc3, 0xa9, 0x62, 0xff, 0x63, 10], 2, 3, /byte 0xff, wants UTF-8/],
      [[0x28, 0xc3, 0x28], 1, 2, /byte 0xc3|byte 0x28/],
      [[0x61, 10, 0x62, 0xf0, 0x9f], 2, 2, /cut off/],
      [[0xed, 0xa0, 0x80], 1, 1, /byte 0xed|byte 0xa0/],
      [[0xff, 0xfe, 0x61, 0], 1, 1, /byte 0xff/],
    ];
    for (const [bytes, line, column, message] of cases) {
      for (const size of [1, 2, 3, 64]) {
        const error = await errorOf(piecesOf("odd.tsv", Uint8Array.from(bytes), size));
        expect([error.file, error.line, error.column]).toEqual(["odd.tsv", line, column]);
        expect(error.message).toMatch(new RegExp(`^odd.tsv, line ${line}, column ${column}: `));
        expect(error.message).toMatch(message);
        expect(error.cause).toBeDefined();
      }
    }
  });

  test("gzip that is cut off or damaged is refused, at every length", async () => {
    const packed = gzipSync("one\ntwo\n".repeat(50));
    for (let length = 2; length < packed.length; length += 3) {
      expect((await errorOf(sourceOf("a.gz", packed.subarray(0, length)))).message).toMatch(/gzip that is cut off or damaged/);
    }
    const flipped = Uint8Array.from(packed);
    flipped[packed.length - 6]! ^= 1; // the checksum
    expect((await errorOf(sourceOf("a.gz", flipped))).code).toBe("format");
  });

  test("what the source throws comes out as it is, and a reader that stops early closes the source", async () => {
    for (const head of [new TextEncoder().encode("a\n"), gzipSync("a\n")]) {
      const own = new Error("disk");
      const failing: Source = {
        name: "x",
        async *bytes() {
          yield head.subarray(0, 12);
          throw own;
        },
      };
      await expect(textsOf(failing)).rejects.toBe(own);
      let closed = false;
      const endless: Source = {
        name: "x",
        async *bytes() {
          try {
            for (let i = 0; ; i++) yield i === 0 ? gzipSync("a\n".repeat(100_000), { level: 0 }).subarray(0, 150_000) : new Uint8Array(0);
          } finally {
            closed = true;
          }
        },
      };
      for await (const { text } of lines(endless)) {
        expect(text).toBe("a");
        break;
      }
      await vi.waitFor(() => expect(closed).toBe(true));
    }
  });

  test("a line without end is refused before it fills memory", async () => {
    let given = 0;
    const endless: Source = {
      name: "zeros.txt",
      async *bytes() {
        const piece = new Uint8Array(2 ** 20).fill(0x61);
        for (; given < 2 ** 30; given += piece.length) yield piece;
      },
    };
    expect((await errorOf(endless)).message).toMatch(/a line over 67108864 bytes/);
    expect(given).toBeLessThan(2 ** 27);
  });
});
