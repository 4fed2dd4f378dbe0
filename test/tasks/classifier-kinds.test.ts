/** Kinds of sequence classifiers, and what they are asked: labels, several labels, scores, reasons. */
import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { ConfigError, FormatError } from "../../src/index.js";
import { createEngine as createInferEngine, SequenceClassifier as InferClassifier } from "../../src/infer.js";
import { type LabelledText, SequenceClassifier, type TrainClassifierOptions, trainSequenceClassifier } from "../../src/tasks/index.js";
import { engineOf } from "./engines.js";

const NOUNS = ["boat", "tree", "house", "road", "river", "cloud", "stone", "field"];
const FRUIT = ["apple", "cherry", "plum", "quince"];
const METAL = ["iron", "copper", "tin", "zinc"];

/** Sentences that name fruit, metal, both or neither; the class is a list of what they name. */
function sentences(count: number, key: number): { text: string; label: string[] }[] {
  const stream = new Stream([key, 7]);
  const pick = (words: readonly string[]) => words[stream.nextInt(words.length)]!;
  return Array.from({ length: count }, () => {
    const [fruit, metal] = [stream.nextInt(2) === 1, stream.nextInt(2) === 1];
    const words = [pick(NOUNS), pick(NOUNS), ...(fruit ? [pick(FRUIT)] : []), ...(metal ? [pick(METAL)] : []), pick(NOUNS)];
    return { text: stream.shuffle(words).join(" "), label: [...(fruit ? ["fruit"] : []), ...(metal ? ["metal"] : [])] };
  });
}
const one = (examples: readonly { text: string; label: string[] }[]): LabelledText[] =>
  examples.map(({ text, label }) => ({ text, label: label.join("+") || "neither" }));

const MANY = { train: sentences(240, 1), dev: sentences(60, 2) };
const ONE = { train: one(MANY.train), dev: one(MANY.dev) };
const TEST = sentences(100, 3);
const SMALL: TrainClassifierOptions = {
  embeddingDim: 8,
  hiddenSize: 8,
  epochs: 14,
  lr: 0.03,
  batchSize: 16,
  dropout: 0,
  tokenDropout: 0,
  patience: 14,
};

describe("kinds of classifiers", () => {
  const kinds: [string, TrainClassifierOptions, number][] = [
    ["the bag alone", { encoder: "bag" }, 0.97],
    ["a window", { encoder: "window", window: 6, hiddenSize: 24 }, 0.8],
    ["an LSTM with attention", { encoder: "lstm", pooling: "attention" }, 0.95],
    ["a GRU over words and characters", { encoder: "gru", input: "both", pooling: "max" }, 0.95],
    ["an Elman network of two layers over characters", { encoder: "rnn", input: "characters", numLayers: 2, pooling: "max" }, 0.55],
    ["what dev data choose", {}, 0.97],
  ];
  test.each(kinds)("%s learns, and is the same to the bit once saved and loaded", async (_, options, least) => {
    const { classifier, result } = await trainSequenceClassifier(await engineOf(), ONE, { ...SMALL, ...options });
    const scores = classifier.evaluate(one(TEST));
    expect(scores.accuracy).toBeGreaterThan(least);
    expect(result.metric).toBeGreaterThan(least);
    const texts = [...TEST.map(({ text }) => text), "", "  \n", "\ud800", "x".repeat(30)];
    const predicted = classifier.predict(texts);
    for (const { probabilities } of predicted) expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(texts.map((text) => classifier.predict([text])[0])).toEqual(predicted);
    const loaded = SequenceClassifier.load(await engineOf(2), classifier.save());
    expect(loaded.predict(texts)).toEqual(predicted);
    expect(loaded.save()).toEqual(classifier.save());
    const small = await createInferEngine({ numerics: "reproducible" });
    expect(SequenceClassifier.load(small, classifier.save()).predict(texts)).toEqual(predicted);
  });

  test("both backends give the same bits", async () => {
    const files = await Promise.all(
      (["wasm", "js"] as const).map(async (backend) => {
        const options = { ...SMALL, epochs: 2, encoder: "gru", bag: true, input: "both", pooling: "attention" } as const;
        const { classifier } = await trainSequenceClassifier(await engineOf(3, backend), ONE, options);
        return classifier;
      }),
    );
    const [wasm, js] = files.map(({ module }) => Array.from(module.namedParameters(), ([name, parameter]) => [name, parameter.data()]));
    expect(js).toEqual(wasm);
    expect(files[1]!.predict(TEST.map(({ text }) => text))).toEqual(files[0]!.predict(TEST.map(({ text }) => text)));
    expect(files[1]!.config).toEqual(files[0]!.config);
  });

  test("the inference entry runs recurrent layers alone, and says what other files want", async () => {
    const small = await createInferEngine({ numerics: "reproducible" });
    const { classifier } = await trainSequenceClassifier(await engineOf(), ONE, { ...SMALL, epochs: 3, encoder: "lstm" });
    const texts = TEST.map(({ text }) => text);
    expect(InferClassifier.load(small, classifier.save()).predict(texts)).toEqual(classifier.predict(texts));
    const { classifier: bag } = await trainSequenceClassifier(await engineOf(), ONE, { encoder: "bag" });
    expect(() => InferClassifier.load(small, bag.save())).toThrowError(FormatError);
    expect(() => InferClassifier.load(small, bag.save())).toThrowError(/bag of n-grams.*wants recurra\/tasks/);
  });
});

describe("several labels a text", () => {
  test.each([["bag"], ["gru"], ["auto"]] as const)("%s says each label by itself", async (encoder) => {
    const { classifier } = await trainSequenceClassifier(await engineOf(), MANY, { ...SMALL, encoder });
    const predicted = classifier.predict(TEST.map(({ text }) => text));
    const right = predicted.filter(({ labels }, i) => [...labels!].sort().join() === TEST[i]!.label.join()).length;
    expect(right).toBeGreaterThan(93);
    const { microF1, macroF1, exactMatch } = classifier.evaluate(TEST);
    expect(exactMatch).toBeCloseTo(right / 100, 12);
    expect(Math.min(microF1!, macroF1!)).toBeGreaterThan(0.95);
    for (const { probabilities, labels } of predicted) expect(labels!.length).toBe(probabilities.filter((p) => p >= 0.5).length);
    const loaded = SequenceClassifier.load(await engineOf(), classifier.save());
    expect(loaded.predict(TEST.map(({ text }) => text))).toEqual(predicted);
  });

  test("lists where one label is wanted, and oversampling of them, are refused", async () => {
    const engine = await engineOf();
    await expect(trainSequenceClassifier(engine, MANY, { multiLabel: false })).rejects.toThrowError(/wants one label a text/);
    await expect(trainSequenceClassifier(engine, MANY, { oversample: true })).rejects.toThrowError(/oversample.*wants classWeights/);
  });
});

describe("uneven classes", () => {
  const rare = {
    train: [...ONE.train.filter(({ label }) => label === "fruit"), ...ONE.train.filter(({ label }) => label === "metal").slice(0, 4)],
    dev: [],
  };

  test("class weights and oversampling raise the rare class", async () => {
    const chance = async (options: TrainClassifierOptions) => {
      const { classifier } = await trainSequenceClassifier(await engineOf(), rare, { ...SMALL, encoder: "gru", epochs: 4, ...options });
      const at = classifier.labels.indexOf("metal");
      return classifier.predict(NOUNS).reduce((sum, { probabilities }) => sum + probabilities[at]!, 0) / NOUNS.length;
    };
    const plain = await chance({});
    expect(await chance({ classWeights: "balanced" })).toBeGreaterThan(plain);
    expect(await chance({ classWeights: { metal: 20 } })).toBeGreaterThan(plain);
    expect(await chance({ oversample: true })).toBeGreaterThan(plain);
    await expect(chance({ classWeights: { metl: 2 } })).rejects.toThrowError(/unknown option metl, wants metal/);
    await expect(chance({ classWeights: { metal: -1 } })).rejects.toThrowError(ConfigError);
  });
});

describe("explanations", () => {
  test("of a bag are exact: weights and rest sum to the logit, with places in the text", async () => {
    const { classifier } = await trainSequenceClassifier(await engineOf(), ONE, { encoder: "bag" });
    for (const text of ["The  RIVER, an apple: tree!", "plum", "", "Ａpple 𝒳 e\u0301"]) {
      for (const label of classifier.labels) {
        const { tokens, rest, probability } = await classifier.explain(text, { label });
        const logits = classifier.scores([classifier.encode(text)], (batch) => classifier.logits(batch));
        const id = classifier.labels.indexOf(label);
        expect(tokens.reduce((sum, { weight }) => sum + weight, rest)).toBeCloseTo(logits[id]!, 4);
        expect(probability).toBe(classifier.predict([text])[0]!.probabilities[id]);
        for (const { token, start, end } of tokens) expect(text.slice(start, end).normalize("NFC").toLowerCase()).toBe(token);
      }
    }
    const { tokens, label } = await classifier.explain("river apple stone");
    expect(label).toBe("fruit");
    expect([...tokens].sort((a, b) => b.weight - a.weight)[0]!.token).toBe("apple");
    await expect(classifier.explain("x", { label: "wood" })).rejects.toThrowError(/label "wood", wants one of the 4 labels/);
  });

  test("of a network are gradient x input: differences of the logit along the token's vector", async () => {
    const options = { ...SMALL, encoder: "gru", input: "both", pooling: "attention" } as const;
    const { classifier } = await trainSequenceClassifier(await engineOf(), ONE, options);
    const { tokens, label } = await classifier.explain("river apple stone");
    expect(label).toBe("fruit");
    expect([...tokens].sort((a, b) => b.weight - a.weight)[0]!.token).toBe("apple");
    const byLetter = await classifier.explain("river apple stone", { by: "characters" });
    const total = (list: readonly { weight: number }[]) => list.reduce((sum, { weight }) => sum + weight, 0);
    // White space is read as a character too, and goes to no word.
    expect(total(byLetter.tokens) + byLetter.rest).toBeCloseTo(total(tokens) + (await classifier.explain("river apple stone")).rest, 6);
  });
});

describe("word vectors", () => {
  const vectors = new Map(
    [...FRUIT.map((word) => [word, [1, 0]] as const), ...METAL.map((word) => [word, [0, 1]] as const)].map(([word, v]) => [
      word,
      Float32Array.from(v),
    ]),
  );

  test("start the tokens' rows, stay when frozen, and make words known that training has not seen", async () => {
    const few = { train: ONE.train.filter(({ text }) => !text.includes("quince")), dev: [] };
    const extra = { ...few, train: [...few.train, { text: "quince", label: "fruit" }] };
    const options = { ...SMALL, embeddingDim: 2, encoder: "gru", vectors, freezeVectors: true } as const;
    const { classifier } = await trainSequenceClassifier(await engineOf(), extra, options);
    const row = (word: string) => {
      const id = classifier.vocabulary.encode([word])[0]!;
      return Array.from(classifier.network!.embedding.weight.data().subarray(id * 2, id * 2 + 2));
    };
    expect([row("quince"), row("iron")]).toEqual([
      [1, 0],
      [0, 1],
    ]);
    await expect(trainSequenceClassifier(await engineOf(), few, { ...options, embeddingDim: 3 })).rejects.toThrowError(
      /has 2 numbers, wants 3/,
    );
  });
});

describe("odd data", () => {
  test("one huge text, empty texts, one text a class, odd labels", async () => {
    const odd = ["", "a\tb", "__proto__", "constructor", "𝒳\n", "ü"];
    const train = odd.map((label, i) => ({ label, text: i === 0 ? "" : i === 1 ? "wide ".repeat(20_000) : `word${i} text${i}` }));
    const { classifier } = await trainSequenceClassifier(await engineOf(), { train, dev: [] }, { ...SMALL, epochs: 3 });
    expect(classifier.labels).toEqual([...odd].sort());
    const predicted = classifier.predict(["", "wide ".repeat(20_000), "word2"]);
    for (const { probabilities } of predicted) expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(SequenceClassifier.load(await engineOf(), classifier.save()).predict(["", "word2"])).toEqual([predicted[0], predicted[2]]);
  });

  test("a thousand classes", async () => {
    const name = (i: number) => `${String.fromCharCode(97 + (i % 26))}${String.fromCharCode(97 + (Math.floor(i / 26) % 26))}${i}`;
    const train = Array.from({ length: 2000 }, (_, i) => ({ label: `class ${i % 1000}`, text: `${name(i % 1000)} ${NOUNS[i % 8]}` }));
    const { classifier } = await trainSequenceClassifier(
      await engineOf(),
      { train, dev: train.slice(0, 200) },
      { encoder: "bag", bag: { words: 1, characters: 0 } },
    );
    expect(classifier.labels).toHaveLength(1000);
    expect(classifier.evaluate(train).accuracy).toBeGreaterThan(0.9);
  }, 60_000);
});

test("fine-tuning goes on from a model of words and characters: rows of what both know are carried over", async () => {
  const options = { ...SMALL, encoder: "gru", input: "both", bag: false, epochs: 1 } as const;
  const first = await trainSequenceClassifier(await engineOf(1), ONE, options);
  const second = await trainSequenceClassifier(await engineOf(2), ONE, { ...options, init: first.classifier.save(), lr: 0 });
  const weights = ({ classifier }: typeof first) => classifier.network!.parameters().map((parameter) => [...parameter.data()]);
  expect(weights(second)).toEqual(weights(first));
});
