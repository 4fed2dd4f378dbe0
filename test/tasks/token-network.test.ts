import { afterAll, describe, expect, test } from "vitest";
import { backward, createEngine, crossEntropy, gradcheck, reshape, sum, tensor } from "../../src/index.js";
import { Lexicon } from "../../src/tasks/lexicon.js";
import { countTokenParameters, TokenNetwork, type TokenNetworkConfig } from "../../src/tasks/token-network.js";
import { noGrad } from "../../src/tensor/tape.js";

const engine = await createEngine({ seed: 3, numerics: "reproducible" });
afterAll(() => engine.dispose());

const SENTENCES = [["The", "cat", "sat"], ["cat"], ["Cats", "sat", "there", "12", "cat"]];
const TAGS = ["B-x", "I-x", "O"];
const BASE: TokenNetworkConfig = {
  embeddingDim: 3,
  affixDim: 4,
  charDim: 3,
  charHiddenSize: 2,
  encoder: "lstm",
  hiddenSize: 4,
  numLayers: 1,
  bidirectional: true,
  windowSize: 1,
  dropout: 0,
  output: "crf",
  scheme: "IOB2",
};
const lexicon = Lexicon.build(SENTENCES, { minCount: 1 });
const batchOf = (sentences: readonly (readonly string[])[]) =>
  lexicon.batch(sentences.map((words) => words.map((word) => lexicon.idsOf(word))));
const VARIANTS: Partial<TokenNetworkConfig>[] = [
  {},
  { encoder: "gru", numLayers: 2, output: "softmax", scheme: null },
  { encoder: "rnn", bidirectional: false, charHiddenSize: 0, output: "softmax" },
  { encoder: "window", affixDim: 0, numLayers: 2 },
  { encoder: "window", embeddingDim: 0, windowSize: 2, output: "softmax" },
];

describe.each(VARIANTS)("network %o", (variant) => {
  const config = { ...BASE, ...variant };
  const labels = config.encoder === "window" ? 0 : 2;
  const network = new TokenNetwork(engine, config, lexicon, TAGS, labels);

  test("has the parameters that are counted beforehand", () => {
    const found = network.parameters().reduce((sum, { size }) => sum + size, 0);
    expect(countTokenParameters(config, lexicon, TAGS.length, labels)).toBe(found);
  });

  test("gradients of all parameters equal differences", () => {
    const batch = batchOf(SENTENCES);
    const tags = Int32Array.of(2, 0, 1, -100, -100, 0, -100, -100, -100, -100, 2, 2, 0, 1, 0);
    const loss = () => {
      const { scores, labelScores } = network.forward(batch);
      const own = network.crf === null ? tags : tags.map((tag) => Math.max(tag, 0));
      const targets = tensor(engine, own, [3, 5]);
      const all =
        network.crf?.loss(scores, targets, { lengths: batch.lengths, reduction: "none" }) ??
        crossEntropy(scores, targets, { reduction: "sum" });
      const ofLabels = labelScores === null ? all : crossEntropy(labelScores, tensor(engine, Int32Array.of(0, 1, 1)), { reduction: "sum" });
      return labelScores === null ? all : reshape(ofLabels, [1]);
    };
    // No gradient flows into padding's row of the affixes, where differences would see one.
    const affixes = network.words.affixes?.weight;
    const { checked } = gradcheck(
      loss,
      network.parameters().filter((parameter) => parameter !== affixes),
      { elements: 12, tolerance: 0.004 },
    );
    expect(checked).toBeGreaterThan(60);
    if (affixes === undefined) return;
    affixes.clearGrad();
    engine.step(() => backward(sum(loss())));
    const gradient = affixes.grad!.data();
    const values = affixes.data() as Float32Array;
    const at = (i: number, value: number) => {
      affixes.assign(values.map((old, j) => (j === i ? value : old)));
      return engine.step(() => noGrad(engine, () => sum(loss()).item()));
    };
    for (let i = 0; i < values.length; i += 5) {
      const difference = i < 4 ? 0 : (at(i, values[i]! + 0.01) - at(i, values[i]! - 0.01)) / 0.02;
      expect(gradient[i]).toBeCloseTo(difference, 2);
    }
    affixes.assign(values);
  });

  test("scores of a sentence are the same alone and beside others", () => {
    const scores = (sentences: string[][]) => engine.step(() => noGrad(engine, () => network.forward(batchOf(sentences)).scores.data()));
    const together = scores(SENTENCES);
    SENTENCES.forEach((sentence, row) => {
      const alone = scores([sentence]);
      expect(together.slice(row * 5 * 3, row * 5 * 3 + alone.length)).toEqual(alone);
    });
  });
});

describe("lexicon", () => {
  test("a word stands once in a batch, places count from 1", () => {
    const { forms, places, lengths, characterCounts } = batchOf(SENTENCES);
    expect(forms.length).toBe(6);
    expect([...places]).toEqual([1, 2, 3, 0, 0, 2, 0, 0, 0, 0, 4, 3, 5, 6, 2]);
    expect([...lengths]).toEqual([3, 1, 5]);
    expect([...characterCounts]).toEqual([3, 3, 3, 4, 5, 2]);
  });

  test("forms leave out case and digits; what only one word has is no feature", () => {
    expect(lexicon.idsOf("CAT").form).toBe(lexicon.idsOf("cat").form);
    expect(lexicon.idsOf("34").form).toBe(lexicon.idsOf("12").form);
    expect(lexicon.idsOf("dog").form).toBe(1);
    expect(lexicon.affixes.tokens).toContain(">at");
    expect(lexicon.affixes.tokens).not.toContain(">here");
    expect([...lexicon.idsOf("").characters]).toEqual([1]);
  });

  test("survives JSON", () => {
    const again = Lexicon.fromJSON(JSON.parse(JSON.stringify(lexicon)));
    expect(again.idsOf("Cats")).toEqual(lexicon.idsOf("Cats"));
    expect(() => Lexicon.fromJSON(null)).toThrowError(/Lexicon: null, wants forms, affixes and characters/);
    expect(() => Lexicon.fromJSON({ forms: ["a", "a"], affixes: [], characters: [] })).toThrowError(/wants each token once/);
  });
});
