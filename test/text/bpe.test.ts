import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { wordSymbols } from "../../src/text/bpe.js";
import { learnMerges } from "../../src/text/learn-merges.js";
import { tokenSpans } from "../../src/text/token-spans.js";
import { createTokenizer, type TokenizerOptions } from "../../src/text/tokenizer.js";
import { fromHuggingFace, type HuggingFaceTokenizer, trainTokenizer } from "../../src/text/train-tokenizer.js";
import { Vocabulary } from "../../src/text/vocabulary.js";
import { learnMergesNaively } from "../reference/bpe.js";

const { Tokenizer: HuggingFace } = createRequire(import.meta.url)("@huggingface/tokenizers") as {
  Tokenizer: new (tokenizer: object, config: object) => HuggingFaceTokenizer;
};

/** A tokenizer.json of the same merges: a word's start is joined to its first character before all else. */
function huggingFaceOf(merges: readonly string[], texts: readonly string[]): HuggingFaceTokenizer {
  const characters = [...new Set(texts.flatMap((text) => [...text]).filter((character) => /\S/u.test(character)))];
  const starts = characters.map((character) => `\u2581 ${character}`);
  const tokens = new Set([...characters, "\u2581", ...[...starts, ...merges].map((merge) => merge.replace(" ", ""))]);
  const vocab = Object.fromEntries(Array.from(tokens, (token, id) => [token, id]));
  const model = {
    type: "BPE",
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
  };
  return new HuggingFace(
    {
      version: "1.0",
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "WhitespaceSplit" },
      post_processor: null,
      decoder: null,
      model: { ...model, vocab, merges: [...starts, ...merges] },
    },
    {},
  );
}

const TEXTS = ["low low low low low", "lower lower newest newest newest newest newest newest", "widest widest widest"];
const letters = fc.string({ unit: fc.constantFrom("a", "b", "c", "é", "😀", " ", "'", "!", "1"), maxLength: 30 });

describe("merges", () => {
  test("the example of the paper: newest and widest end alike", () => {
    const merges = learnMerges(TEXTS, 100);
    expect(merges.slice(0, 4)).toEqual(["e s", "es t", "o w", "\u2581l ow"]);
    const tokenizer = createTokenizer({ type: "subwords", merges: merges.slice(0, 4) });
    expect(tokenizer.encode("lowest, slow")).toEqual(["\u2581low", "est", ",", "\u2581s", "l", "ow"]);
  });

  test("are those that counting everything anew gives", () => {
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (texts, size) => {
        expect(learnMerges(texts, size)).toEqual(learnMergesNaively(texts.flatMap(wordSymbols), size));
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  test("applied they give what @huggingface/tokenizers gives", () => {
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 12 }), letters, (texts, text) => {
        const merges = learnMerges(texts, 60);
        const all = [...texts, text];
        const oracle = huggingFaceOf(merges, all);
        const words = wordSymbols(text).map((symbols) => symbols.join(""));
        expect(createTokenizer({ type: "subwords", merges }).encode(text)).toEqual(oracle.tokenize(words.join(" ")));
      }),
      { seed: 13, numRuns: 300 },
    );
  });

  test("a vocabulary of the size asked for, and a word of many thousand letters in no time", () => {
    const text = Array.from({ length: 3000 }, (_, i) => `w${(i * 7919) % 1000}x${i % 17}`).join(" ");
    const tokenizer = trainTokenizer({ type: "subwords", vocabularySize: 200 }, [text]);
    const known = new Set(wordSymbols(text).flat());
    for (const merge of tokenizer.toJSON().merges!) known.add(merge.replace(" ", ""));
    expect(known.size).toBe(200);
    const start = performance.now();
    const long = "ab".repeat(100_000);
    expect(trainTokenizer({ type: "subwords" }, [long]).encode(long).join("")).toBe(`\u2581${long}`);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe("subword tokenizers", () => {
  test("lose no character, and are what they were after JSON", () => {
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1 }), letters, (texts, text) => {
        const tokenizer = trainTokenizer({ type: "subwords", vocabularySize: 30, lowercase: true }, texts);
        const tokens = tokenizer.encode(text);
        expect(tokens.join("").replaceAll("\u2581", "")).toBe(text.replace(/\s/g, ""));
        const again = createTokenizer(JSON.parse(JSON.stringify(tokenizer)) as TokenizerOptions);
        expect(again.encode(text)).toEqual(tokens);
        for (const { token, start, end } of tokenSpans(tokenizer, text)) expect(text.slice(start, end)).toBe(token.replace("\u2581", ""));
      }),
      { seed: 17, numRuns: 200 },
    );
  });

  test("normalise before they learn, and give few unknown tokens", () => {
    const tokenizer = trainTokenizer({ type: "subwords", lowercase: true, normalization: "NFKC" }, ["The THE ｔｈｅ"]);
    expect(tokenizer.toJSON()).toEqual({ type: "subwords", normalization: "NFKC", lowercase: true, merges: ["h e", "\u2581t he"] });
    const vocabulary = Vocabulary.build([tokenizer.encode("The thesis")]);
    expect([...vocabulary.encode(tokenizer.encode("THESIS"))]).not.toContain(1);
  });

  test("options are checked", () => {
    const wrong: [TokenizerOptions, RegExp][] = [
      [{ type: "subwords" }, /no merges, wants those that training has learned/],
      [{ type: "subwords", merges: ["a b", "ab"] }, /merges\[1\] "ab", wants two symbols/],
      [{ type: "subwords", merges: [" b"] }, /merges\[0\]/],
      [{ type: "subwords", merges: [1 as never] }, /merges\[0\] 1/],
      [{ type: "words", merges: [] }, /merges of type words, wants subwords/],
      [{ type: "external" }, /an external tokenizer, wants it handed in/],
    ];
    for (const [options, message] of wrong) {
      expect(() => createTokenizer(options)).toThrowError(ConfigError);
      expect(() => createTokenizer(options)).toThrowError(message);
    }
    for (const vocabularySize of [0, 1.5, Number.NaN])
      expect(() => trainTokenizer({ type: "subwords", vocabularySize }, [])).toThrowError(ConfigError);
    expect(() => trainTokenizer({ type: "words", vocabularySize: 9 }, [])).toThrowError(/vocabularySize 9, wants subwords/);
    expect(() => trainTokenizer({ type: "subwords", size: 9 } as never, [])).toThrowError(/unknown option size/);
    expect(trainTokenizer({ type: "words" }, []).encode("a b")).toEqual(["a", "b"]);
    expect(trainTokenizer({ type: "subwords" }, []).encode("a b")).toEqual(["\u2581a", "\u2581b"]);
  });

  test("a tokenizer of @huggingface/tokenizers stands in for one of ours", () => {
    const own = trainTokenizer({ type: "subwords" }, TEXTS);
    const tokenizer = fromHuggingFace(huggingFaceOf(own.toJSON().merges!, TEXTS));
    expect(tokenizer.encode("\u2581lowest \u2581low")).toEqual(own.encode("lowest low"));
    expect(tokenizer.toJSON()).toEqual({ type: "external", normalization: "none", lowercase: false });
    expect(trainTokenizer(tokenizer, [])).toBe(tokenizer);
    expect(() => fromHuggingFace({} as HuggingFaceTokenizer)).toThrowError(ConfigError);
  });
});
