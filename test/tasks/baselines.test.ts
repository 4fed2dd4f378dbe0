import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import {
  classificationBaselines,
  numberBaselines,
  sequenceBaselines,
  taggingBaselines,
  textBaselines,
} from "../../src/tasks/baselines/index.js";
import { NaiveBayes } from "../../src/tasks/baselines/naive-bayes.js";
import { NgramModel } from "../../src/tasks/baselines/ngram-model.js";
import { dictionaryTags, frequentTags } from "../../src/tasks/baselines/tagging.js";

/** Random sets of features that lean towards their class. */
function examples(count: number, classes: number, key: number) {
  const stream = new Stream([key, 0]);
  const labels = Array.from({ length: count }, () => stream.nextInt(classes));
  const features = labels.map((label) => [
    ...new Set(Array.from({ length: 1 + stream.nextInt(6) }, () => `f${(stream.nextInt(2) * label * 3 + stream.nextInt(9)) % 20}`)),
  ]);
  return { labels, features };
}

describe("naive Bayes", () => {
  /** The textbook's formula, class by class. */
  function reference(train: ReturnType<typeof examples>, classes: number, alpha: number, features: readonly string[]): number {
    const vocabulary = new Set(train.features.flat());
    const scores = Array.from({ length: classes }, (_, c) => {
      const own = train.features.filter((__, i) => train.labels[i] === c);
      const total = own.flat().length;
      const prior = Math.log((own.length + alpha) / (train.labels.length + alpha));
      return features
        .filter((name) => vocabulary.has(name))
        .reduce((sum, name) => {
          const n = own.filter((set) => set.includes(name)).length;
          return sum + Math.log((n + alpha) / (total + alpha * vocabulary.size));
        }, prior);
    });
    return scores.indexOf(Math.max(...scores));
  }

  test("decides as the formula does, and smooths as leaving one out says", () => {
    const [train, unseen] = [examples(300, 4, 1), examples(200, 4, 2)];
    const model = new NaiveBayes(train.features, train.labels, 4);
    for (const features of [...unseen.features, [], ["never seen"], ["never seen", "f3"]])
      expect(model.predict(features), `${features}`).toBe(
        reference(
          train,
          4,
          model.alpha,
          features.filter((name) => name !== "never seen"),
        ),
      );
    const without = (i: number) => ({ labels: train.labels.filter((_, j) => j !== i), features: train.features.filter((_, j) => j !== i) });
    const right = [0.01, 0.03, 0.1, 0.3, 1].map(
      (alpha) => train.labels.filter((label, i) => reference(without(i), 4, alpha, train.features[i]!) === label).length,
    );
    expect([0.01, 0.03, 0.1, 0.3, 1][right.indexOf(Math.max(...right))]).toBe(model.alpha);
  });

  test("a class without examples is never the answer where another fits", () => {
    expect(new NaiveBayes([["a"], ["b"]], [0, 2], 3).predict(["b"])).toBe(2);
  });
});

describe("classificationBaselines", () => {
  const train = [
    ["good film", "+"],
    ["a good plot", "+"],
    ["good acting", "+"],
    ["bad film", "-"],
    ["a bad plot", "-"],
  ].map(([text, label]) => ({ text: text!, label: label! }));
  const judged = [
    { text: "bad plot", label: "-" },
    { text: "Good!", label: "+" },
    { text: "badly", label: "-" },
    { text: "good", label: "?" },
  ];

  test("majority, words and characters, with a label that training has not", () => {
    const { majority, naiveBayesWords, naiveBayesCharacters } = classificationBaselines(train, judged);
    expect(majority).toEqual({ accuracy: 0.25, macroF1: (2 * 1) / (1 + 4) / 3 });
    // "badly" is no word of training, and its characters are.
    expect(naiveBayesWords!.accuracy).toBe(0.5);
    expect(naiveBayesCharacters!.accuracy).toBe(0.75);
  });

  test("sets of labels are one class, in any order", () => {
    const many = (text: string, ...label: string[]) => ({ text, label });
    const learned = [many("red round", "r", "o"), many("round red", "o", "r"), many("red", "r"), many("blue")];
    const { majority, naiveBayesWords } = classificationBaselines(learned, [many("red round", "o", "r"), many("blue"), many("red", "r")]);
    expect(majority!.exactMatch).toBeCloseTo(1 / 3, 12);
    expect(majority!.microF1).toBeCloseTo((2 * 3) / (3 + 6), 12);
    expect(naiveBayesWords).toEqual({ exactMatch: 1, microF1: 1, macroF1: 1 });
  });

  test("nothing to learn from, or to judge by", () => {
    expect(classificationBaselines([], judged)).toEqual({});
    expect(classificationBaselines(train, [])).toEqual({});
    expect(classificationBaselines(train.slice(0, 1), judged.slice(0, 1)).majority).toEqual({ accuracy: 0, macroF1: 0 });
  });

  test("large data are cut to what takes seconds", () => {
    const text = "word and other ".repeat(400);
    const large = Array.from({ length: 4000 }, (_, i) => ({ text: `${i % 2 === 0 ? "yes" : "no"} ${text}`, label: String(i % 2) }));
    const start = performance.now();
    expect(classificationBaselines(large, large.slice(0, 20)).naiveBayesWords!.accuracy).toBe(1);
    expect(performance.now() - start).toBeLessThan(60_000);
  });
});

describe("taggingBaselines", () => {
  const sentence = (text: string) => {
    const pairs = text.split(" ").map((pair) => pair.split("/"));
    return { tokens: pairs.map(([token]) => token!), tags: pairs.map(([, tag]) => tag!) };
  };

  test("known words get their most frequent tag, unknown ones that of rare words with the longest common end", () => {
    const tag = frequentTags([
      sentence("the/D dog/N walked/V slowly/A"),
      sentence("the/D walk/N walked/V sadly/A"),
      sentence("we/P walk/V walk/V in/I 1999/C 2001/C"),
    ]);
    expect(tag("The dog walk talked badly 1987".split(" "))).toEqual(["D", "N", "V", "V", "A", "C"]);
    // A single rare word is no rule: "og" falls back to what words in small letters mostly are.
    expect(tag(["fog"])).toEqual(tag(["qqq"]));
  });

  test("the dictionary finds the longest known entity, unless its words are mostly none", () => {
    const train = [
      sentence("new/B-LOC york/I-LOC is/O new/O"),
      sentence("in/O york/B-LOC"),
      sentence("york/B-LOC"),
      sentence("may/B-PER may/O may/O"),
    ];
    expect(dictionaryTags(train, "IOB2")("in New York may new york york".split(" "))).toEqual(
      "O B-LOC I-LOC O B-LOC I-LOC B-LOC".split(" "),
    );
    expect(dictionaryTags(train, "IOBES")(["new", "york", "york"])).toEqual(["B-LOC", "E-LOC", "S-LOC"]);
  });

  test("metrics of tags, entities and labels", () => {
    const plain = taggingBaselines([sentence("a/X b/Y b/Y")], [sentence("a/X b/X")]);
    expect(plain).toEqual({ frequentTag: { accuracy: 0.5 } });
    const train = [
      { ...sentence("play/O abba/B-who"), label: "music" },
      { ...sentence("rain/O in/O rome/B-where"), label: "weather" },
    ];
    const { frequentTag, dictionary, naiveBayesWords } = taggingBaselines(train, [
      { ...sentence("play/O rome/B-where oslo/B-where"), label: "music" },
    ]);
    expect(dictionary).toEqual({ accuracy: 2 / 3, precision: 1, recall: 0.5, f1: 2 / 3 });
    expect(frequentTag!.recall).toBeGreaterThan(0);
    expect(Object.keys(naiveBayesWords!)).toEqual(["labelAccuracy"]);
    expect(taggingBaselines([], train)).toEqual({});
  });
});

describe("numberBaselines", () => {
  test("next values: the last ones, and the mean", () => {
    const train = [{ values: [[0], [2], [4]] }];
    const { lastValue, mean } = numberBaselines(train, [{ values: [[1], [4], [5]] }]);
    // Wanted 4 and 5: the last values are 1 and 4, the mean of what training wants is 3.
    expect(lastValue).toEqual({ mae: 2, rmse: Math.sqrt((9 + 1) / 2), r2: 1 - 10 / 0.5 });
    expect(mean).toEqual({ mae: 1.5, rmse: Math.sqrt((1 + 4) / 2), r2: 1 - 5 / 0.5 });
  });

  test("a number: the last value of the feature that comes nearest in training", () => {
    const sequence = (target: number, ...last: number[]) => ({ values: [[9, 9], last], target });
    const { lastValue } = numberBaselines([sequence(3, 7, 3), sequence(4, 1, 5)], [sequence(6, 0, 6), sequence(7, 0, 9)]);
    expect(lastValue).toEqual({ mae: 1, rmse: Math.SQRT2, r2: 1 - 4 / 0.5 });
  });

  test("classes: the most frequent", () => {
    const of = (target: string) => ({ values: [[1]], target });
    expect(numberBaselines([of("a"), of("b"), of("b")], [of("b"), of("c")])).toEqual({ majority: { accuracy: 0.5, macroF1: 2 / 3 / 2 } });
    expect(numberBaselines([], [of("b")])).toEqual({});
    expect(numberBaselines([{ values: [[1]] }], [{ values: [[1]] }])).toEqual({});
  });
});

describe("textBaselines", () => {
  const text = "the cat sat on the mat.\nthe hat sat on the cat.\n".repeat(3);

  test("probabilities of all characters, and of one never seen, sum to 1 behind any context", () => {
    const model = new NgramModel(text, 3);
    const nats = (written: string) => (written === "" ? 0 : model.score([written]).nats! * [...written].length);
    for (const context of ["", "t", "th", "zz", "the ", "\n"]) {
      const sum = [...new Set(text), "\u{1F600}"].reduce((all, next) => all + Math.exp(nats(context) - nats(context + next)), 0);
      expect(sum, JSON.stringify(context)).toBeCloseTo(1, 12);
    }
  });

  test("Kneser-Ney by hand: a bigram's count less its discount, and the rest by what characters stand before the next", () => {
    // Bigrams ab 2, ba 1, ac 1; one discount: two of them once, one twice: 2 / (2 + 2). Unigrams count a at the start, b, c and a behind b.
    const model = new NgramModel("abac", 2);
    const discounted = (count: number, discount: number, kinds: number, total: number, lower: number) =>
      (Math.max(0, count - discount) + discount * kinds * lower) / total;
    // Of "abac": ab, ba, ac once each: discount 3 / 3 = 1. Characters by what stands before: a (start, b) 2, b 1, c 1: discount 2 / (2 + 2).
    const c = discounted(1, 0.5, 3, 4, 1 / 4);
    expect(model.score(["ac"]).nats).toBeCloseTo(
      -(Math.log(discounted(2, 0.5, 3, 4, 1 / 4)) + Math.log(discounted(1, 1, 2, 2, c))) / 2,
      12,
    );
  });

  test("longer contexts tell more; texts are one stream, and none gives NaN", () => {
    const { characterShares, fourGrams } = textBaselines([text], ["the cat ", "sat on the mat.\n"]);
    expect(fourGrams!.nats!).toBeLessThan(characterShares!.nats! / 3);
    expect(fourGrams!.bitsPerCharacter).toBeCloseTo(fourGrams!.nats! / Math.LN2, 12);
    expect(textBaselines([text], ["the cat sat on the mat.\n"]).fourGrams).toEqual(fourGrams);
    expect(textBaselines([text], []).fourGrams!.nats).toBeNaN();
  });
});

describe("sequenceBaselines", () => {
  test("learns letters that stand for none, one or two phones", () => {
    const table: Readonly<Record<string, string>> = { a: "AH", b: "B", e: "", x: "K S", t: "T", o: "OW" };
    const stream = new Stream([5, 0]);
    const pairs = Array.from({ length: 300 }, () => {
      const letters = Array.from({ length: 3 + stream.nextInt(5) }, () => "abexto"[stream.nextInt(6)]!);
      const phones = letters.map((letter) => table[letter]).filter((phone) => phone !== "");
      return { source: letters.join(""), targets: [phones.join(" ")] };
    }).filter(({ targets }) => targets[0] !== "");
    const { copy, symbols } = sequenceBaselines(pairs.slice(50), pairs.slice(0, 50));
    expect(symbols).toEqual({ exactMatch: 1, tokenErrorRate: 0 });
    expect(copy!.exactMatch).toBe(0);
  });

  test("copies what it never saw, and has BLEU for words", () => {
    const train = ["the red house stands here", "the green gardens lie there", "the old house is green here"].map((source) => ({
      source,
      targets: [source.toUpperCase()],
    }));
    const { copy, symbols } = sequenceBaselines(train, [
      { source: "the old gardens stands there now", targets: ["THE OLD GARDENS STANDS THERE now"] },
    ]);
    expect(symbols).toEqual({ exactMatch: 1, tokenErrorRate: 0, bleu: expect.closeTo(100, 9) });
    expect(copy!.bleu!).toBeLessThan(100);
  });
});
