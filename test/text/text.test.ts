import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { bucketBatches, padBatch } from "../../src/text/batching.js";
import { createTokenizer } from "../../src/text/tokenizer.js";
import { Vocabulary } from "../../src/text/vocabulary.js";

describe("tokenizers", () => {
  const encode = (options: Parameters<typeof createTokenizer>[0], text: string) => createTokenizer(options).encode(text);

  test("characters are code points, NFC by default", () => {
    expect(encode({ type: "characters" }, "e\u0301😀 ש")).toEqual(["é", "😀", " ", "ש"]);
    expect(encode({ type: "characters", normalization: "none" }, "e\u0301")).toEqual(["e", "\u0301"]);
    expect(encode({ type: "characters", lowercase: true }, "ÀB")).toEqual(["à", "b"]);
    expect(encode({ type: "characters" }, "a\ud800")).toEqual(["a", "\ufffd"]);
    expect(encode({ type: "characters" }, "")).toEqual([]);
  });

  test("words keep their marks and apostrophes, other visible characters stand alone", () => {
    expect(encode({ type: "words" }, "L’hora, don't! ¿Mañana 3.5?")).toEqual([
      "L’hora",
      ",",
      "don't",
      "!",
      "¿",
      "Mañana",
      "3",
      ".",
      "5",
      "?",
    ]);
    expect(encode({ type: "words" }, "हिन्दी में")).toEqual(["हिन्दी", "में"]);
    expect(encode({ type: "whitespace" }, "  a\tb.\n")).toEqual(["a", "b."]);
    expect(encode({ type: "bytes" }, "é")).toEqual(["c3", "a9"]);
  });

  test("unknown options are refused", () => {
    expect(() => createTokenizer({ type: "word" as "words" })).toThrowError(
      /type "word", wants "characters", "words", "whitespace", "bytes" or "subwords"/,
    );
    expect(() => createTokenizer({ type: "words", lowerCase: true } as never)).toThrowError(/unknown option lowerCase, wants lowercase/);
    expect(() => createTokenizer({ type: "words", normalization: "nfc" as "NFC" })).toThrowError(/normalization "nfc"/);
  });
});

describe("vocabulary", () => {
  test("ids by falling count; padding 0, unknown 1; survives JSON", () => {
    const vocabulary = Vocabulary.build(
      [
        ["b", "a", "b"],
        ["c", "a", "b"],
      ],
      { minCount: 2 },
    );
    expect(vocabulary.size).toBe(4);
    expect([...vocabulary.encode(["b", "a", "c", "toString"])]).toEqual([2, 3, 1, 1]);
    const again = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    expect([...again.encode(["a", "b"])]).toEqual([3, 2]);
  });

  test("a damaged list is refused", () => {
    expect(() => Vocabulary.fromJSON({})).toThrowError(/wants a list of tokens/);
    expect(() => Vocabulary.fromJSON(["a", 1])).toThrowError(/entry 1 is 1, wants a string/);
    expect(() => Vocabulary.fromJSON(["a", "a"])).toThrowError(/2 entries with 1 tokens/);
  });
});

describe("batches", () => {
  test("every row comes once, no batch is too large, neighbours have like lengths", () => {
    const cases = fc.tuple(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 }), fc.integer({ min: 1, max: 16 }), fc.boolean());
    fc.assert(
      fc.property(cases, ([lengths, batchSize, shuffled]) => {
        const stream = new Stream([1, lengths.length]);
        const batches = bucketBatches(lengths, shuffled ? { batchSize, stream } : { batchSize });
        expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, row) => row));
        const spans = batches.map((rows) => rows.map((row) => lengths[row]!)).sort((a, b) => Math.max(...a) - Math.max(...b));
        for (const [i, span] of spans.entries()) {
          expect(span.length).toBeLessThanOrEqual(batchSize);
          if (i > 0)
            expect(Math.min(...span)).toBeGreaterThanOrEqual(
              Math.max(...spans[i - 1]!) === Math.max(...span) ? 0 : Math.max(...spans[i - 1]!),
            );
        }
      }),
      { seed: 31, numRuns: 200 },
    );
  });

  test("another stream gives another order", () => {
    const lengths = Array.from({ length: 64 }, () => 3);
    const order = (key: number) => bucketBatches(lengths, { batchSize: 4, stream: new Stream([0, key]) }).flat();
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });

  test("padding fills with 0 up to the longest row", () => {
    const { ids, lengths, batch, time } = padBatch([Int32Array.of(5, 6), Int32Array.of(7)]);
    expect([[...ids], [...lengths], batch, time]).toEqual([[5, 6, 7, 0], [2, 1], 2, 2]);
    expect(() => padBatch([])).toThrowError(/padBatch: no rows/);
    expect(() => padBatch([Int32Array.of(1), new Int32Array(0)])).toThrowError(/row 1 is empty/);
  });
});
