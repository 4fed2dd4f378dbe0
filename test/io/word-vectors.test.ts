import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../../src/errors.js";
import { readWordVectors, type WordVectorOptions } from "../../src/io/word-vectors.js";
import { sourceOf } from "../../src/text/readers/source.js";
import { piecesOf } from "../text/readers/sources.js";

const read = (text: string, options: WordVectorOptions = {}) => readWordVectors(sourceOf("v.vec", text), options);

describe("word vectors", () => {
  test("GloVe's, word2vec's and fastText's files give words and float32 numbers", async () => {
    const files = ["the 0.1 -2e-1\nof .5 3.\n", "2 2\nthe 0.1 -2e-1 \nof .5 3. \n", "the 0.1 -2e-1\r\nof .5 3."];
    for (const text of files) {
      const vectors = await read(text);
      expect([vectors.words, vectors.dim]).toEqual([["the", "of"], 2]);
      expect([...vectors.values]).toEqual([0.1, -0.2, 0.5, 3].map(Math.fround));
      expect([...vectors.get("of")!]).toEqual([0.5, 3]);
      expect([vectors.has("the"), vectors.has("toString"), vectors.get("toString")]).toEqual([true, false, undefined]);
      expect(await readWordVectors(piecesOf("v.vec.gz", gzipSync(text), 7))).toEqual(vectors);
    }
  });

  test("any vectors are read back, whatever the pieces", async () => {
    const word = fc.string({ unit: fc.constantFrom("a", "é", "7", ".", "\t", "\u00a0", "__proto__"), minLength: 1, maxLength: 3 });
    const numbers = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 3 });
    const rows = fc.uniqueArray(fc.tuple(word, numbers), { minLength: 1, maxLength: 8, selector: ([name]) => name });
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), fc.integer({ min: 1, max: 9 }), async (vectors, header, size) => {
        const text = vectors.map(([name, values]) => `${name} ${values.join(" ")}\n`).join("");
        const file = await readWordVectors(piecesOf("v", header ? `${vectors.length} 3\n${text}` : text, size));
        expect(file.words).toEqual(vectors.map(([name]) => name));
        expect([...file.values].map((value) => value + 0)).toEqual(vectors.flatMap(([, values]) => values.map((value) => value + 0)));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  test("only the words asked for are kept, and of a word that comes twice the first", async () => {
    const vectors = await read("a 1 2\nb x 4\na 5 6\nc 7 8\n", { words: ["c", "a", "d"] });
    expect(vectors.words).toEqual(["a", "c"]);
    expect([...vectors.values]).toEqual([1, 2, 7, 8]);
    await expect(read("a 1 2\nb 4\n", { words: ["a"] })).rejects.toMatchObject({ line: 2 });
  });

  test("a first line of two whole numbers is a header, but for vectors of one number", async () => {
    expect(await read("7 2\n8 3\n")).toMatchObject({ words: ["7", "8"], dim: 1 });
    expect(await read("1 1\n8 3\n")).toMatchObject({ words: ["8"], dim: 1 });
    expect(await read("1 0.5 0.5\n2 0.1 0.1\n")).toMatchObject({ words: ["1", "2"], dim: 2 });
    await expect(read("2 3\n")).rejects.toThrowError(/0 words at the end, wants 2/);
  });

  test("words hold spaces where the size is told", async () => {
    expect((await read(". . . 1 2\nat name@x.org 3 4\n", { dim: 2 })).words).toEqual([". . .", "at name@x.org"]);
    expect((await read("2 2\na b 1 2\nc 3 4\n")).words).toEqual(["a b", "c"]);
    await expect(read("a 1 2\nb c 3 4\n")).rejects.toMatchObject({ line: 2, message: expect.stringMatching(/3 numbers, wants 2/) });
  });

  test.each([
    ["a 1 2\nb 3\n", 2, 1, /1 numbers, wants 2/],
    ["a 1 2\nb 3 4 5\n", 2, 1, /3 numbers, wants 2/],
    ["2 2\na 1 2\nb 3 4 5\n", 3, 1, /3 numbers, wants 2/],
    ["3 2\na 1 2\nb 3 4\n", 3, 1, /2 words at the end, wants 3 as the header says/],
    ["1 2\na 1 2\nb 3 4\n", 3, 1, /2 words at the end, wants 1/],
    ["1000000000 300\na 1 2\n", 2, 1, /2 numbers, wants 300/],
    ["1 0\na 1 2\n", 1, 1, /vectors of 0 numbers/],
    ["", 1, 1, /no line/],
    ["a\n", 1, 1, /0 numbers, wants 1/],
    ["a\0 1\0 2\n", 1, 4, /"1\\u0000", wants a finite number/],
    ["a  1\t\n b 2 3\n", 1, 3, /"", wants a finite number/],
    ["a 1 \t\n", 1, 5, /wants a finite number/],
    ["a Infinity 2\n", 1, 3, /"Infinity"/],
    ["a 1 nan\n", 1, 5, /"nan"/],
    ["a 1 1e39\n", 1, 5, /"1e39"/],
    ["a 0x10 1\n", 1, 3, /"0x10"/],
    ["a 1 2\n\nb 3 4\n", 2, 1, /0 numbers, wants 2/],
    ["a 1 2\n 3 4\n", 2, 1, /no word/],
  ])("%j is refused at line %i, column %i", async (text, line, column, message) => {
    const error = await read(text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ file: "v.vec", line, column, message: expect.stringMatching(message) });
  });

  test("options are checked", async () => {
    await expect(read("a 1\n", { dim: 0 })).rejects.toThrowError(ConfigError);
    await expect(read("a 1\n", { dims: 1 } as never)).rejects.toThrowError(/unknown option dims, wants dim/);
    await expect(read("1 2\na 1 2\n", { dim: 3 })).rejects.toThrowError(/dim 3, wants 2 as the header of v.vec says/);
  });
});
