import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ConfigError, FormatError } from "../../../src/errors.js";
import { parseColumns, readLabelledTexts, readPairs, readPlainText, readTaggedTokens, sourceOf } from "../../../src/text/readers/index.js";

const labelled = (name: string, text: string, options = {}) => readLabelledTexts(sourceOf(name, text), options);
const tagged = (name: string, text: string, options = {}) => readTaggedTokens(sourceOf(name, text), options);
const pairs = (name: string, text: string, options = {}) => readPairs(sourceOf(name, text), options);

const TWO = [
  { label: "a", text: "one two" },
  { label: "b", text: "" },
];

describe("columns", () => {
  test("are written as name=column", () => {
    expect(parseColumns("label=1, text=Message text")).toEqual({ label: 1, text: "Message text" });
    expect(Object.keys(parseColumns("__proto__=1"))).toEqual(["__proto__"]);
    for (const bad of ["", "label", "label=", "=1", "label=1,,text=2", "a b=1"]) expect(() => parseColumns(bad)).toThrowError(ConfigError);
    expect(() => parseColumns("label=1,label=2")).toThrowError(/label comes twice/);
  });

  test("that no reader knows, or that are none, are refused before anything is read", async () => {
    const source = { name: "x.tsv", bytes: () => expect.fail("read") };
    await expect(readLabelledTexts(source, { columns: { lable: 1 } })).rejects.toThrowError(/unknown option lable, wants label/);
    for (const column of [0, -1, 1.5, Number.NaN, ""])
      await expect(readLabelledTexts(source, { columns: { label: column } })).rejects.toThrowError(ConfigError);
    await expect(readLabelledTexts(source, { multilabel: "|" } as never)).rejects.toThrowError(/wants multiLabel/);
    await expect(readLabelledTexts(source, { multiLabel: "" })).rejects.toThrowError(/multiLabel "", wants what stands between/);
  });
});

describe("labelled texts", () => {
  test("the same from every format, told by name or content, plain or gzip", async () => {
    const files: [string, string][] = [
      ["x.tsv", "a\tone two\nb\t"],
      ["x.csv", 'text,label\n"one two",a\n,b\n'],
      ["x.csv", "LABEL,body\na,one two\nb,\n"],
      ["x.jsonl", '{"text":"one two","label":"a"}\n\n{"label":"b","text":"","more":[1]}\n'],
      ["x.dat", "a\tone two\nb\t\n"],
      ["x.dat", "label,text\na,one two\nb,\n"],
      ["x.dat", '{"text":"one two","label":"a"}\n{"label":"b","text":""}\n'],
    ];
    for (const [name, text] of files) {
      expect(await labelled(name, text), name).toEqual(TWO);
      expect(await readLabelledTexts(sourceOf(`${name}.gz`, gzipSync(`\ufeff${text}`.replaceAll("\n", "\r\n"))))).toEqual(TWO);
    }
  });

  test("columns by number and by name", async () => {
    expect(await labelled("x.tsv", "1\tone two\ta\n2\t\tb\n", { columns: { label: 3, text: 2 } })).toEqual(TWO);
    expect(await labelled("x.tsv", "id\tMessage\tkind\n1\tone two\ta\n2\t\tb\n", { columns: { label: "kind", text: "Message" } })).toEqual(
      TWO,
    );
    expect(await labelled("x.csv", "id,text,kind\n1,one two,a\n2,,b\n", { columns: { label: "kind" } })).toEqual(TWO);
    expect(await labelled("x.csv", "__proto__,constructor\none two,a\n,b\n", { columns: { label: 2, text: "__proto__" } })).toEqual(TWO);
    expect(await labelled("x.tsv", "one two\ta\n\tb\n", { columns: { label: 2 } })).toEqual(TWO);
    expect(await labelled("x.jsonl", '{"t":"one two","c":"a"}\n{"t":"","c":"b"}', { columns: { label: "c", text: "t" } })).toEqual(TWO);
  });

  test("several labels: cut at a separator, or lists in JSON lines", async () => {
    const wanted = [
      { label: ["a", "b"], text: "x" },
      { label: [], text: "y" },
    ];
    expect(await labelled("x.tsv", "a| b|a\tx\n\ty\n", { multiLabel: "|" })).toEqual(wanted);
    expect(await labelled("x.jsonl", '{"labels":["a","b"],"text":"x"}\n{"labels":[],"text":"y"}')).toEqual(wanted);
    expect(await labelled("x.jsonl", '{"label":3,"text":"x"}\n{"label":true,"text":"y"}')).toEqual([
      { label: "3", text: "x" },
      { label: "true", text: "y" },
    ]);
  });

  test.each([
    ["x.tsv", "a\tb\tc\n", 1, 1, /3 columns \(1 "a", 2 "b", 3 "c"\), wants to be told which hold what: columns label=…,text=…/],
    ["x.csv", "review,sentiment\nx,y\n", 1, 1, /2 columns \(1 "review", 2 "sentiment"\)/],
    ["x.csv", "text,text\nx,y\n", 1, 6, /a second column named "text"/],
    ["x.tsv", "one text a line\n", 1, 1, /1 column \(1 "one text a line"\)/],
    ["x.tsv", "a\tx\n\ty\n", 2, 1, /label is empty/],
    ["x.jsonl", '{"label":"a","text":"x"}\n{"label":"a"}\n', 2, 1, /keys "label", wants "text"/],
    ["x.jsonl", '{"text":"a","label":null}\n', 1, 13, /label is null/],
    ["x.jsonl", '{"text":{},"label":"x"}\n', 1, 2, /text is an object/],
    ["x.jsonl", "[1]\n", 1, 1, /a list, wants an object/],
    ["x.jsonl", '{"label":"a","text":"x"}\n{"label":"a",}\n', 2, 14, /JSON has "}" at character 13/],
    ["x.jsonl", '{"label":"a","label":"b"}\n', 1, 14, /key "label" again/],
  ])("%s %j is refused at line %i, column %i", async (name, text, line, column, message) => {
    const error = await labelled(name, text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ file: name, line, column });
    expect((error as Error).message).toMatch(message);
  });

  test("what cannot be: an empty file, a format for other tasks, columns that are not there", async () => {
    for (const [name, text] of [
      ["x.tsv", ""],
      ["x.csv", "text,label\n"],
      ["x.jsonl", "\n"],
    ] as const)
      await expect(labelled(name, text)).rejects.toThrowError(/no labelled text, wants at least one/);
    await expect(labelled("x.conllu", "")).rejects.toThrowError("x.conllu: format conllu, wants tsv, csv, jsonl");
    await expect(labelled("x.tsv", "a\tb\n", { columns: { label: 3, text: 2 } })).rejects.toThrowError(
      /2 columns .*, wants label in column 3/,
    );
    await expect(labelled("x.tsv", "a\tb\n", { columns: { label: "kind", text: 1 } })).rejects.toThrowError(/wants label in column "kind"/);
    await expect(labelled("x.jsonl", "{}", { columns: { label: 3 } })).rejects.toThrowError(/label=3, wants the key/);
  });
});

const CONLLU = `# sent_id = 1
# text = Don't go .
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVB\t_\t_\t_\t_\t_
2\tn't\tnot\tPART\tRB\t_\t_\t_\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t_\t_\t_\t_
3.1\tgone\tgo\tVERB\tVB\t_\t_\t_\t_\t_

# sent_id = 2
1\tNew York\tNew York\tPROPN\tNNP\t_\t_\t_\t_\t_
`;

describe("tagged tokens", () => {
  test("CoNLL-U: words alone, FORM and UPOS or other columns by name or number", async () => {
    const tokens = [["Do", "n't", "go"], ["New York"]];
    const read = async (options = {}, name = "x.conllu") => {
      const sentences = await tagged(name, CONLLU, options);
      expect(sentences.map((sentence) => sentence.tokens)).toEqual(tokens);
      return sentences.map(({ tags }) => tags);
    };
    expect(await read()).toEqual([["AUX", "PART", "VERB"], ["PROPN"]]);
    expect(await read({}, "x.txt")).toEqual([["AUX", "PART", "VERB"], ["PROPN"]]);
    for (const tags of ["XPOS", 5]) expect(await read({ columns: { tags } })).toEqual([["VB", "RB", "VB"], ["NNP"]]);
  });

  test("blocks: first and last column, tabs or spaces, documents' marks, any number of empty lines", async () => {
    const wanted = [
      { tokens: ["EU", "rejects"], tags: ["B-ORG", "O"] },
      { tokens: ["Peter"], tags: ["I-PER"] },
    ];
    const spaces = "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O \n\n\nPeter NNP B-NP I-PER";
    for (const name of ["x.conll", "x.txt", "x.tsv", "x.bio.gz"]) expect(await tagged(name, spaces), name).toEqual(wanted);
    expect(await tagged("x", "EU\tB-ORG\r\nrejects\tO\r\n \r\nPeter\tI-PER\r\n")).toEqual(wanted);
    expect(await tagged("x.conll", "-DOCSTART- O\na b c\n", { columns: { tags: 2 } })).toEqual([{ tokens: ["a"], tags: ["b"] }]);
    expect(await tagged("x.conll", "New York\tB-LOC\n#\tO\n")).toEqual([{ tokens: ["New York", "#"], tags: ["B-LOC", "O"] }]);
  });

  test("rows with tokens and tags between spaces, and the sentence's label", async () => {
    const wanted = [{ tokens: ["a", "b"], tags: ["O", "B-x"], label: "ask" }];
    const columns = { label: 1, tokens: 2, tags: 3 };
    for (const name of ["x.tsv", "x", "x.txt"]) expect(await tagged(name, "ask\ta b\tO B-x\n", { columns }), name).toEqual(wanted);
    expect(await tagged("x.csv", "tags,label,tokens\nO B-x,ask,a  b \n")).toEqual(wanted);
    expect(await tagged("x.jsonl", '{"tokens":["a","b"],"tags":["O","B-x"],"label":"ask"}')).toEqual(wanted);
    expect(await tagged("x", '{"tokens":"a b","tags":"O B-x"}')).toEqual([{ tokens: ["a", "b"], tags: ["O", "B-x"] }]);
  });

  test.each([
    ["x.conll", "EU\nx\n", 1, 1, /1 column \(1 "EU"\), wants at least a token and a tag/],
    ["x.conll", "EU NNP B-ORG\nx O\n", 2, 4, /2 columns, wants 3 as in line 1/],
    ["x.conll", "x O\nEU B-\n", 2, 4, /tag "B-", wants a type behind it/],
    ["x.conll", "x\tO\n\tO\n", 2, 1, /an empty token/],
    ["x.conll", "x\tO\ny\t\n", 2, 3, /tag "", wants a tag/],
    ["x.conllu", CONLLU.replace("PART", "_"), 5, 11, /no tag, wants one/],
    ["x.conllu", "1\tx\tx\n", 1, 1, /3 columns, wants 10 between tabs/],
    ["x.conllu", CONLLU.replace("\n2\t", "\n0\t"), 5, 1, /ID "0"/],
    ["x.tsv", "a b\tO O\n", 1, 1, /2 columns \(1 "a b", 2 "O O"\), wants to be told .*columns tokens=…,tags=…/],
    ["x.csv", "tokens,tags\na b,O\n", 2, 5, /1 tags, wants 2, one a token/],
    ["x.csv", "tokens,tags\na b,O I-\n", 2, 5, /tag "I-"/],
    ["x.csv", "tokens,tags\n ,\n", 2, 1, /no token/],
  ])("%s %j is refused at line %i, column %i", async (name, text, line, column, message) => {
    const error = await tagged(name, text).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "format", file: name, line, column });
    expect((error as Error).message).toMatch(message);
  });

  test("a file without a sentence is refused", async () => {
    for (const text of ["", "\n\n", "-DOCSTART- O\n\n"]) await expect(tagged("x.conll", text)).rejects.toThrowError(/no sentence/);
    await expect(tagged("x.conllu", "# nothing\n")).rejects.toThrowError(/no sentence/);
  });
});

describe("pairs and plain texts", () => {
  test("rows of one source and its features are one pair, in the order of the first ones", async () => {
    expect(await pairs("x.tsv", "a\tA\tq\nb\tB\tq\na\tÁ\tr\n")).toEqual([
      { source: "a", targets: ["A", "Á"] },
      { source: "b", targets: ["B"] },
    ]);
    expect(await pairs("x.tsv", "a\tA\tq\na\tB\tq\na\tC\tr\n", { columns: { features: 3 } })).toEqual([
      { source: "a", targets: ["A", "B"], features: "q" },
      { source: "a", targets: ["C"], features: "r" },
    ]);
    expect(await pairs("x.csv", "target,source\nA,a\n")).toEqual([{ source: "a", targets: ["A"] }]);
    expect(await pairs("x.jsonl", '{"source":"a","targets":["A","B"]}')).toEqual([{ source: "a", targets: ["A", "B"] }]);
    await expect(pairs("x.tsv", "a\n")).rejects.toThrowError(/1 column \(1 "a"\), wants to be told/);
  });

  test("a plain text comes whole, its lines ended by LF", async () => {
    expect(await readPlainText(sourceOf("x.txt.gz", gzipSync("\ufeffa\r\nb\rc\n\n")))).toBe("a\nb\rc\n\n");
    expect(await readPlainText(sourceOf("x.txt", ""))).toBe("");
    await expect(readPlainText(sourceOf("x.txt", Uint8Array.of(0x61, 10, 0xff)))).rejects.toMatchObject({ line: 2, column: 1 });
  });
});
