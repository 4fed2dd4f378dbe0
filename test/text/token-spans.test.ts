import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenSpans } from "../../src/text/token-spans.js";
import { createTokenizer, type TokenizerOptions } from "../../src/text/tokenizer.js";

const TYPES = ["words", "whitespace", "characters", "bytes"] as const;
const FORMS = ["NFC", "NFD", "NFKC", "NFKD", "none"] as const;

/** What the tokens were made of. */
const pieces = (options: TokenizerOptions, text: string) =>
  tokenSpans(createTokenizer(options), text).map(({ start, end }) => text.slice(start, end));

describe("places of tokens", () => {
  test("are those of the text as it was, whatever normalising and lower case change", () => {
    expect(pieces({ type: "words" }, "😀 Jose\u0301 vio 👩‍👩‍👧 en Malmo\u0308.")).toEqual([
      "😀",
      "Jose\u0301",
      "vio",
      "👩",
      "\u200d",
      "👩",
      "\u200d",
      "👧",
      "en",
      "Malmo\u0308",
      ".",
    ]);
    expect(pieces({ type: "words", normalization: "NFKC", lowercase: true }, "ﬁn İzmir ΟΔΟΣ ①")).toEqual(["ﬁn", "İzmir", "ΟΔΟΣ", "①"]);
    expect(pieces({ type: "words", normalization: "NFD" }, "año 한국 한국")).toEqual(["año", "한국", "한국"]);
    expect(pieces({ type: "characters" }, "e\u0301😀a")).toEqual(["e\u0301", "😀", "a"]);
    expect(pieces({ type: "characters", normalization: "none" }, "e\u0301")).toEqual(["e", "\u0301"]);
    expect(pieces({ type: "bytes" }, "é😀")).toEqual(["é", "é", "😀", "😀", "😀", "😀"]);
    expect(pieces({ type: "whitespace" }, "a\ud800 b\udc00")).toEqual(["a\ud800", "b\udc00"]);
    expect(pieces({ type: "words" }, "")).toEqual([]);
  });

  test("tokens are the tokenizer's, in order, each made of its place alone", () => {
    const options = fc.record({ type: fc.constantFrom(...TYPES), normalization: fc.constantFrom(...FORMS), lowercase: fc.boolean() });
    const marked = fc.constantFrom(
      "e\u0301",
      "a\u0323\u0302",
      "\u1100\u1161\u11a8",
      "한",
      "Σ ",
      "ΑΣ",
      "İ",
      "ﬃ",
      "\u0301",
      "\ud83d",
      "½",
      "n\u0303o",
      "😀",
      " ",
      "B.",
      "🄀",
      "Å",
    );
    const text = fc
      .array(fc.oneof(marked, fc.string({ unit: "grapheme", maxLength: 3 }), fc.string({ unit: "binary", maxLength: 3 })))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(options, text, (own, whole) => {
        const tokenizer = createTokenizer(own);
        const spans = tokenSpans(tokenizer, whole);
        expect(spans.map(({ token }) => token)).toEqual(tokenizer.encode(whole));
        spans.forEach(({ token, start, end }, i) => {
          expect(start).toBeGreaterThanOrEqual(spans[i - 1]?.start ?? 0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(whole.length);
          // A sigma is another letter at the end of a word; bytes are part of a character.
          if (own.type !== "bytes")
            expect(tokenizer.normalize(whole.slice(start, end)).replace(/ς/g, "σ")).toContain(token.replace(/ς/g, "σ"));
        });
      }),
      { numRuns: 200 },
    );
  });
});
