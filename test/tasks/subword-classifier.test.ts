import { afterAll, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { ConfigError, createEngine } from "../../src/index.js";
import { decodeModelFile } from "../../src/io/model-file.js";
import { createTokenizer, fromHuggingFace, type LabelledText, SequenceClassifier, trainSequenceClassifier } from "../../src/tasks/index.js";

const engine = await createEngine({ seed: 1, numerics: "reproducible" });
afterAll(() => engine.dispose());

const ENDINGS = ["ando", "ità", "zione"];

/** Words that nobody has seen: their endings tell the class. */
function words(count: number, key: number): LabelledText[] {
  const stream = new Stream([key, 7]);
  return Array.from({ length: count }, () => {
    const stem = Array.from({ length: 3 }, () => `${"bcdfglmprstv"[stream.nextInt(12)]}${"aeiou"[stream.nextInt(5)]}`).join("");
    const label = stream.nextInt(3);
    return { text: stem + ENDINGS[label]!, label: `class ${label}` };
  });
}

const OPTIONS = { encoder: "gru", embeddingDim: 16, hiddenSize: 16, epochs: 15, lr: 0.02 } as const;
const data = { train: words(300, 1), dev: words(60, 2) };
const texts = words(100, 3);
const accuracyOf = (classifier: SequenceClassifier) => classifier.evaluate(texts).accuracy!;

test("subwords are learned from the training texts, saved with the model and tell words never seen", async () => {
  const options = { ...OPTIONS, tokenizer: { type: "subwords", vocabularySize: 80 } } as const;
  const { classifier } = await trainSequenceClassifier(engine, data, options);
  expect(accuracyOf(classifier)).toBeGreaterThan(0.95);
  const bytes = classifier.save();
  const { merges, ...rules } = decodeModelFile(bytes).model.tokenizer as { merges: string[]; type: string };
  expect(rules.type).toBe("subwords");
  expect(merges.some((merge) => merge.replace(" ", "").endsWith("zione"))).toBe(true);
  const inputs = texts.map(({ text }) => text);
  expect(SequenceClassifier.load(engine, bytes).predict(inputs)).toEqual(classifier.predict(inputs));
});

test("a tokenizer of others learns like any, and its model wants it again", async () => {
  const own = createTokenizer({ type: "characters" });
  const tokenizer = fromHuggingFace({ tokenize: (text) => own.encode(text) });
  const { classifier } = await trainSequenceClassifier(engine, data, { ...OPTIONS, tokenizer });
  expect(accuracyOf(classifier)).toBeGreaterThan(0.95);
  const bytes = classifier.save();
  expect(() => SequenceClassifier.load(engine, bytes)).toThrowError(ConfigError);
  expect(() => SequenceClassifier.load(engine, bytes, { tokeniser: tokenizer } as never)).toThrowError(/wants tokenizer/);
  const inputs = texts.map(({ text }) => text);
  expect(SequenceClassifier.load(engine, bytes, { tokenizer }).predict(inputs)).toEqual(classifier.predict(inputs));
});
