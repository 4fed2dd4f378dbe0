import { describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../../src/errors.js";
import { checkConfig, nested, readConfig } from "../../src/io/config.js";
import { parseJson } from "../../src/io/json.js";
import { number, whole, yesOrNo } from "../../src/options.js";

const SCHEMA = { hiddenSize: whole(1), lr: number(), bidirectional: yesOrNo(true), tokenizer: nested({ lowercase: yesOrNo(false) }) };
const read = (text: string) => readConfig("c.json", text, SCHEMA);

describe("configuration files", () => {
  test("hold the keys of the schema, with comments between", () => {
    const text = `\ufeff// how it is trained
      { "hiddenSize": 16, /* "lr": 1, */ "lr": 1e-2, // "//" and "/*" in texts are none
        "tokenizer": { "lowercase": true } }  // the end`;
    expect(read(text)).toEqual({ hiddenSize: 16, lr: 0.01, tokenizer: { lowercase: true } });
    expect(read("{}")).toEqual({});
    expect(() => read('{"a//b": 1}')).toThrowError(/unknown option a\/\/b/);
    expect(() => read('{"\\"/*": 1}')).toThrowError(/unknown option "\/\*/);
  });

  test.each([
    ['{"hidenSize":4}', /^c.json: unknown option hidenSize, wants hiddenSize/],
    ['{"tokenizer":{"lowerCase":true}}', /^c.json: tokenizer: unknown option lowerCase, wants lowercase/],
    ['{"tokenizer":[]}', /tokenizer: \[\], wants an object of options \(lowercase\)/],
    ['{"hiddenSize":-4}', /hiddenSize -4, wants a whole number from 1/],
    ['{"hiddenSize":"4"}', /hiddenSize "4"/],
    ['{"hiddenSize":null}', /hiddenSize null, wants a value/],
    ['{"bidirectional":null}', /bidirectional null/],
    ['{"bidirectional":1}', /bidirectional 1, wants true or false/],
    ['{"__proto__":{"polluted":1}}', /unknown option __proto__/],
    ['{"constructor":{"prototype":{"polluted":1}}}', /unknown option constructor/],
    ['{"toString":1}', /unknown option toString/],
  ])("%s is refused", (text, message) => {
    expect(() => read(text)).toThrowError(ConfigError);
    expect(() => read(text)).toThrowError(message);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    ['{"lr":NaN}', 1, 7, /JSON has "NaN/],
    ['{\n "lr": 1,\n}', 3, 1, /wants a string/],
    ['{ // one\n "lr": /* two */ x }', 2, 18, /JSON has "x }"/],
    ['{"lr":1,"lr":2}', 1, 9, /key "lr" again/],
    ['{"lr":1} /* never closed', 1, 10, /wants the end/],
    ['{"lr":"', 1, 7, /wants a string/],
    ["[1]", 1, 1, /no object/],
    ["", 1, 1, /the end/],
    [`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`, 1, 326, /at most 64 levels/],
  ])("%s is no JSON at line %i, column %i", (text, line, column, message) => {
    try {
      read(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      expect(error).toMatchObject({ file: "c.json", line, column, message: expect.stringMatching(message) });
    }
  });

  test("values that are there already are checked alike, plain or from the parser", () => {
    expect(checkConfig("here", { hiddenSize: 2 }, SCHEMA)).toEqual({ hiddenSize: 2 });
    expect(checkConfig("here", parseJson("here", '{"hiddenSize":2}'), SCHEMA)).toEqual({ hiddenSize: 2 });
    for (const bad of [null, 1, [], "x"])
      expect(() => checkConfig("here", bad, SCHEMA)).toThrowError(/^here: .*wants an object of options/);
  });
});
