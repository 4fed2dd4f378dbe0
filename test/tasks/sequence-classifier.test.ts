import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { FormatError, RecurraError } from "../../src/index.js";
import { createEngine as createInferEngine, SequenceClassifier as InferClassifier } from "../../src/infer.js";
import { readSafetensors } from "../../src/io/safetensors.js";
import { type LabelledText, SequenceClassifier, trainSequenceClassifier } from "../../src/tasks/index.js";
import { changedFile } from "./changed-file.js";
import { engineOf } from "./engines.js";

/** Strings over three letters: is the last a, b or c? Where the answer stands cannot be told by counting. */
function strings(count: number, key: number): LabelledText[] {
  const stream = new Stream([key, 0]);
  return Array.from({ length: count }, () => {
    const text = Array.from({ length: 1 + stream.nextInt(9) }, () => "abc"[stream.nextInt(3)]!).join("");
    return { text, label: `ends in ${text.at(-1)!}` };
  });
}

const OPTIONS = {
  embeddingDim: 6,
  hiddenSize: 12,
  pooling: "last",
  bidirectional: false,
  dropout: 0,
  tokenDropout: 0,
  epochs: 12,
  batchSize: 16,
  lr: 0.02,
  patience: 12,
} as const;

describe("SequenceClassifier", () => {
  for (const [encoder, pooling] of [
    ["gru", "last"],
    ["lstm", "last"],
    ["rnn", "last"],
    ["gru", "mean"],
    ["gru", "max"],
  ] as const) {
    test(`${encoder} with ${pooling} pooling learns which letter comes last`, async () => {
      const engine = await engineOf(1);
      const test = strings(100, 3);
      const { classifier, result } = await trainSequenceClassifier(
        engine,
        { train: strings(400, 1), dev: strings(100, 2) },
        { ...OPTIONS, encoder, pooling },
      );
      expect(result.metric).toBeGreaterThan(0.95);
      const right = classifier.predict(test.map(({ text }) => text)).filter(({ label }, i) => label === test[i]!.label).length;
      expect(right).toBeGreaterThan(95);
    });
  }

  test("the same seed and data give the same bits, on both backends", async () => {
    const files = await Promise.all(
      (["wasm", "js"] as const).map(async (backend) => {
        const { classifier } = await trainSequenceClassifier(
          await engineOf(4, backend),
          { train: strings(120, 1), dev: strings(20, 2) },
          { ...OPTIONS, epochs: 2, dropout: 0.2, tokenDropout: 0.1, bidirectional: true },
        );
        return readSafetensors(classifier.save()).metadata.get("recurra.crc32");
      }),
    );
    expect(files[1]).toBe(files[0]);
  });

  test("predictions are probabilities in the order of the texts, the same after saving and loading, with the inference entry too", async () => {
    const engine = await engineOf(1);
    const { classifier } = await trainSequenceClassifier(
      engine,
      { train: strings(100, 1), dev: strings(20, 2) },
      { ...OPTIONS, encoder: "gru", epochs: 2 },
    );
    const texts = ["abc", "", "b", "zzz", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "c"];
    const predictions = classifier.predict(texts, { batchSize: 2 });
    for (const { probabilities, probability, label } of predictions) {
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      expect(probability).toBe(Math.max(...probabilities));
      expect(classifier.labels).toContain(label);
    }
    expect(texts.map((text) => classifier.predict([text])[0])).toEqual(predictions);
    const bytes = classifier.save();
    const loaded = SequenceClassifier.load(await engineOf(9), bytes);
    expect(loaded.predict(texts)).toEqual(predictions);
    const small = await createInferEngine({ numerics: "reproducible" });
    expect(InferClassifier.load(small, bytes).predict(texts)).toEqual(predictions);
    expect(classifier.predict([])).toEqual([]);
    expect(readSafetensors(loaded.save()).metadata.get("recurra.crc32")).toBe(readSafetensors(bytes).metadata.get("recurra.crc32"));
    loaded.dispose();
  });

  test("bad training data and options are refused", async () => {
    const engine = await engineOf(1);
    const data = { train: strings(20, 1), dev: [] };
    await expect(trainSequenceClassifier(engine, { train: data.train.slice(0, 1), dev: [] })).rejects.toThrowError(
      /the training data have 1 labels, wants at least 2/,
    );
    await expect(trainSequenceClassifier(engine, { ...data, dev: [{ label: "new", text: "a" }] })).rejects.toThrowError(
      /dev label "new" is not among the 3 training labels/,
    );
    await expect(trainSequenceClassifier(engine, data, { hiddensize: 3 } as never)).rejects.toThrowError(
      /unknown option hiddensize, wants hiddenSize/,
    );
    await expect(trainSequenceClassifier(engine, data, { encoder: "transformer" as "gru" })).rejects.toThrowError(
      /encoder "transformer", wants "auto", "bag", "window", "rnn", "lstm" or "gru"/,
    );
    await expect(trainSequenceClassifier(engine, data, { dropout: Number.NaN })).rejects.toThrowError(
      /dropout NaN, wants a number from 0 to 1/,
    );
  });
});

interface Description {
  task: string;
  labels?: string[];
  config: Record<string, unknown>;
  tokenizer: Record<string, unknown>;
  vocabulary: string[];
}

describe("damaged model files", async () => {
  const engine = await engineOf(1);
  const { classifier } = await trainSequenceClassifier(engine, { train: strings(60, 1), dev: [] }, { ...OPTIONS, epochs: 1 });
  const file = classifier.save();

  const cases: [string, (model: Description) => void, RegExp][] = [
    [
      "another task",
      (m) => {
        m.task = "tagger";
      },
      /the file holds task "tagger", wants sequence-classifier/,
    ],
    ["no labels", (m) => void delete m.labels, /lacks tokenizer, vocabulary or labels/],
    ["one label too many", (m) => void m.labels!.push("x"), /parameters/],
    [
      "a state of a million units",
      (m) => {
        m.config.hiddenSize = 1e6;
      },
      /parameters/,
    ],
    [
      "a thousand layers",
      (m) => {
        m.config.numLayers = 1000;
      },
      /parameters/,
    ],
    [
      "a size that is a word",
      (m) => {
        m.config.hiddenSize = "12";
      },
      /hiddenSize "12", wants a whole number/,
    ],
    [
      "an unknown option",
      (m) => {
        m.config.heads = 3;
      },
      /unknown option heads/,
    ],
    [
      "a tokenizer of another kind",
      (m) => {
        m.tokenizer.type = "magic";
      },
      /type "magic"/,
    ],
    [
      "a token twice",
      (m) => {
        m.vocabulary[1] = m.vocabulary[0]!;
      },
      /wants each token once/,
    ],
  ];
  test.each(cases)("%s is refused, and nothing stays allocated", (_, change, message) => {
    const before = engine.memoryUse();
    expect(() => SequenceClassifier.load(engine, changedFile(file, change))).toThrowError(message);
    expect(() => SequenceClassifier.load(engine, changedFile(file, change))).toThrowError(RecurraError);
    expect(engine.memoryUse()).toEqual(before);
  });

  test("a file cut short is refused", () => {
    expect(() => SequenceClassifier.load(engine, file.subarray(0, file.length - 5))).toThrowError(FormatError);
  });
});
