import { describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../../src/errors.js";
import { Vocabulary } from "../../src/text/vocabulary.js";
import { readTokenIds, readVocabulary, writeVocabulary } from "../../src/text/vocabulary-file.js";

describe("vocabulary files", () => {
  test("are written and read back, names of prototypes among the tokens", () => {
    const vocabulary = Vocabulary.build([["b", "__proto__", "b", "constructor", '"', "é"]]);
    const text = writeVocabulary(vocabulary);
    expect(Object.keys(JSON.parse(text)).slice(0, 3)).toEqual(["<pad>", "<unk>", "b"]);
    const again = readVocabulary("v.json", text);
    expect(again.tokens).toEqual(vocabulary.tokens);
    const tokens = ["b", "__proto__", "toString", "é"];
    expect([...again.encode(tokens)]).toEqual([...vocabulary.encode(tokens)]);
    expect(again.encode(["toString"])[0]).toBe(1);
    expect(() => writeVocabulary(Vocabulary.build([["<unk>"]]))).toThrowError(ConfigError);
  });

  test("ids in any order, other spellings of padding and the unknown", () => {
    expect(readVocabulary("v.json", '{"b":3,"[UNK]":1,"a":2,"[PAD]":0}').tokens).toEqual(["a", "b"]);
    expect(readTokenIds("v.json", '{"a":1,"b":0}').get("a")).toBe(1);
    expect(readTokenIds("v.json", "{}").size).toBe(0);
  });

  test.each([
    ['{"a":0,"b":0}', /tokens "a" and "b" have id 0/],
    ['{"a":0,"b":2}', /token "b" has id 2, wants one of 0 to 1/],
    ['{"a":0.5}', /id 0.5/],
    ['{"a":-1}', /id -1/],
    ['{"a":"0"}', /id "0"/],
    ['{"a":0,"b":4294967296}', /id 4294967296/],
    ['{"a":0,"a":1}', /key "a" again/],
    ["", /the end/],
    ['{"a":0,"b"', /the end/],
    ["[]", /no object/],
    ['{"a":{}}', /id an object/],
  ])("%s is refused", (text, message) => {
    expect(() => readTokenIds("v.json", text)).toThrowError(FormatError);
    expect(() => readTokenIds("v.json", text)).toThrowError(message);
    expect(() => readVocabulary("v.json", text)).toThrowError(message);
  });

  test("a vocabulary wants padding and the unknown first", () => {
    expect(() => readVocabulary("v.json", '{"a":0,"b":1}')).toThrowError(/id 0 is "a", wants <pad>/);
    expect(() => readVocabulary("v.json", '{"<pad>":0}')).toThrowError(/id 1 is missing, wants <unk>/);
  });
});
