/** The data sets beside the repository, where they are there: the counts of their README come out. */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readLabelledTexts, readPairs, readPlainText, readTaggedTokens } from "../../../src/text/readers/index.js";
import { fileSource } from "./sources.js";

const shared = new URL("../../../../shared/data/", import.meta.url);
if (!existsSync(shared)) console.error("data: ../shared is not there, its data sets are not read");
const file = (name: string) => fileSource(new URL(name, shared));
const each = (folder: string, names: readonly string[], counts: readonly number[]) =>
  names.map((name, i) => [`${folder}/${name}`, counts[i]!] as const);

describe.skipIf(!existsSync(shared))("the data sets", () => {
  const packed = ["train.tsv.gz", "dev.tsv", "test.tsv"];
  const plain = ["train.tsv", "dev.tsv", "test.tsv"];
  test.each([
    ...each("sentiment-mr", packed, [8595, 1041, 1026]),
    ...each("subjectivity", packed, [7972, 1005, 1023]),
    ...each("names-language", plain, [14423, 1828, 1761]),
    ...each("spam-sms", plain, [4475, 564, 536]),
    ...each("langid-tatoeba", plain, [20827, 2631, 2542]),
  ])("%s has %i labelled texts", async (name, count) => {
    const examples = await readLabelledTexts(file(name));
    expect(examples.length).toBe(count);
    expect(examples.every(({ label, text }) => label !== "" && text !== "")).toBe(true);
  });

  test.each(each("intent-slots-snips", packed, [13084, 700, 700]))("%s has %i utterances with intents and slots", async (name, count) => {
    const sentences = await readTaggedTokens(file(name), { columns: { tokens: 2, tags: 3, label: 1 } });
    expect(sentences.length).toBe(count);
    expect(new Set(sentences.map(({ label }) => label)).size).toBe(7);
    expect(await readLabelledTexts(file(name), { columns: { label: 1, text: 2 } })).toHaveLength(count);
    await expect(readTaggedTokens(file(name))).rejects.toThrowError(/, line 1, column 1: 3 columns \(1 ".*2 ".*3 ".*tokens=…,tags=…/);
  });

  test.each([
    ...each("pos-en-ewt", ["en_ewt-ud-train.conllu.gz", "en_ewt-ud-dev.conllu.gz", "en_ewt-ud-test.conllu.gz"], [12544, 2001, 2077]),
    ...each("pos-es-ancora", ["train.conllu.gz", "dev.conllu", "es_ancora-ud-test.conllu.gz"], [1488, 166, 1721]),
    ...each("ner-en-wnut17", ["train.conll", "dev.conll", "test.conll"], [3394, 1009, 1287]),
  ])("%s has %i tagged sentences", async (name, count) => {
    const sentences = await readTaggedTokens(file(name));
    expect(sentences.length).toBe(count);
    const tags = new Set(sentences.flatMap((sentence) => sentence.tags));
    if (name.startsWith("ner")) expect(tags.size).toBe(13);
    else expect([...tags].every((tag) => /^[A-Z]+$/.test(tag))).toBe(true);
  });

  test.each([
    ...each("g2p-en-cmudict", packed, [108172, 13579, 13415]),
    ...each(
      "inflection-es",
      ["train-high.tsv", "train-medium.tsv", "train-low.tsv", "dev.tsv", "test.tsv"],
      [10000, 1000, 100, 1000, 1000],
    ),
    ...each("translit-en-he", plain, [32026, 8006, 10007]),
    ...each("translate-en-es", packed, [89050, 10970, 11102]),
    ...each("dates-es-en", plain, [10000, 1000, 1000]),
  ])("%s has %i pairs", async (name, count) => {
    const pairs = await readPairs(file(name));
    expect(pairs.reduce((sum, { targets }) => sum + targets.length, 0)).toBe(count);
    if (name === "g2p-en-cmudict/test.tsv") expect(pairs.length).toBe(12476);
    if (name.startsWith("inflection")) {
      const [first] = await readPairs(file(name), { columns: { features: 3 } });
      expect(first!.features).toMatch(/;/);
    }
  });

  test("plain texts have their characters", async () => {
    const shakespeare = await readPlainText(file("lm-shakespeare/input.txt.gz"));
    expect([shakespeare.length, new Set(shakespeare).size]).toEqual([1115394, 65]);
    const quijote = await readPlainText(file("lm-quijote-es/quijote.txt.gz"));
    expect([[...quijote].length, new Set(quijote).size]).toEqual([2110729, 92]);
    expect((await readPlainText(file("lm-names-en/names.txt"))).trimEnd().split("\n")).toHaveLength(32033);
  });
});
