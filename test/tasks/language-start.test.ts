/** Classifiers and taggers that start from a language model. */
import { afterAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/index.js";
import { trainLanguageModel, trainSequenceClassifier, trainTokenClassifier } from "../../src/tasks/index.js";
import type { Tensor } from "../../src/tensor/tensor.js";

const engine = await createEngine({ seed: 2, numerics: "reproducible" });
afterAll(() => engine.dispose());

const weights = (network: { namedParameters(): Iterable<[string, Tensor]> }): Record<string, number[]> =>
  Object.fromEntries(Array.from(network.namedParameters(), ([name, parameter]) => [name, Array.from(parameter.data())]));
const FROZEN = { epochs: 1, batchSize: 4, freeze: ["encoder.", "embedding."] } as const;
const SIZES = { embeddingDim: 5, hiddenSize: 6, epochs: 1, batchSize: 2, sequenceLength: 8 } as const;

describe("a classifier", async () => {
  const text = "abba cab\nbad cabbage\n".repeat(8);
  const { model } = await trainLanguageModel(engine, { train: text, dev: "" }, SIZES);
  const examples = Array.from({ length: 12 }, (_, i) => ({ label: "xy"[i % 2]!, text: ["abz", "cab"][i % 2]! }));

  test("takes over tokenizer, sizes, embedding by token and encoder; the output starts fresh", async () => {
    const { classifier } = await trainSequenceClassifier(
      engine,
      { train: examples, dev: [] },
      { ...FROZEN, minCount: 1, init: model.save() },
    );
    expect(classifier.config.network).toMatchObject({ encoder: "lstm", embeddingDim: 5, hiddenSize: 6, numLayers: 1 });
    expect(classifier.config.bag).not.toBeNull();
    expect(classifier.parts.tokenizer.options.type).toBe("characters");
    const [from, to] = [weights(model.network), weights(classifier.network!)];
    for (const name of ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
      expect(to[`encoder.${name}`]).toEqual(from[`encoder.${name}`]);
    const row = (table: number[], at: number) => table.slice(5 * at, 5 * at + 5);
    const { vocabulary } = classifier.parts;
    for (const letter of "abc")
      expect(row(to["embedding.weight"]!, vocabulary.encode([letter])[0]!)).toEqual(
        row(from["embedding.weight"]!, model.vocabulary.encode([letter])[0]!),
      );
    // z is new: no row of the language model's.
    const rows = Array.from({ length: model.vocabulary.size }, (_, at) => row(from["embedding.weight"]!, at));
    expect(rows).not.toContainEqual(row(to["embedding.weight"]!, vocabulary.encode(["z"])[0]!));
  });

  test("options go before what the language model says; an encoder of another kind has nothing but the embedding to take", async () => {
    const { classifier, result } = await trainSequenceClassifier(
      engine,
      { train: examples, dev: [] },
      { epochs: 1, init: model.save(), encoder: "gru", hiddenSize: 4, minCount: 1 },
    );
    expect(result.steps).toBeGreaterThan(0);
    expect(classifier.config.network).toMatchObject({ encoder: "gru", hiddenSize: 4, embeddingDim: 5 });
  });
});

describe("a tagger", async () => {
  const words = "the cat sees the dog\nA dog sleeps in 1999\n".repeat(8);
  const languageModel = (type: "words" | "characters") =>
    trainLanguageModel(engine, { train: words, dev: "" }, { ...SIZES, tokenizer: { type }, tied: false });
  const examples = Array.from({ length: 6 }, () => ({ tokens: ["the", "dog", "sleeps"], tags: ["D", "N", "V"] }));

  test("takes over sizes, forms and encoder, beside affixes and characters of its own", async () => {
    const { model } = await languageModel("words");
    const options = { epochs: 1, freeze: ["encoder.", "words.forms."], minCount: 1, init: model.save() };
    const { tagger } = await trainTokenClassifier(engine, { train: examples, dev: [] }, options);
    const [from, to] = [weights(model.network), weights(tagger.network)];
    expect(to["encoder.weight_hh_l0"]).toEqual(from["encoder.weight_hh_l0"]);
    const width = tagger.config.embeddingDim + tagger.config.affixDim + 2 * tagger.config.charHiddenSize;
    expect([tagger.config.embeddingDim, width]).toEqual([5, 5 + 32 + 96]);
    for (let gate = 0; gate < 4 * 6; gate++)
      expect(to["encoder.weight_ih_l0"]!.slice(gate * width, gate * width + 5)).toEqual(
        from["encoder.weight_ih_l0"]!.slice(gate * 5, gate * 5 + 5),
      );
    const at = tagger.lexicon.forms.encode(["dog"])[0]!;
    const there = model.vocabulary.encode(["dog"])[0]!;
    expect(to["words.forms.weight"]!.slice(5 * at, 5 * at + 5)).toEqual(from["embedding.weight"]!.slice(5 * there, 5 * there + 5));
  });

  test("refuses a language model of characters", async () => {
    const { model } = await languageModel("characters");
    await expect(trainTokenClassifier(engine, { train: examples, dev: [] }, { init: model.save() })).rejects.toThrowError(
      "init of a language model of characters, wants one of words",
    );
  });
});
