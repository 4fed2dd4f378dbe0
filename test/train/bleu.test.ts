import { describe, expect, test } from "vitest";
import { bleu, tokenize13a } from "../../src/train/bleu.js";
import { chrf } from "../../src/train/chrf.js";
import { distinctNgrams, editDistance, sequenceScore } from "../../src/train/edit-distance.js";

/** Values of sacrebleu 2's own tests (test/test_bleu.py, test/test_chrf.py, Apache-2.0). */
const REFERENCES = [
  ["The dog bit the man.", "The dog had bit the man."],
  ["It was not unexpected.", "No one was surprised."],
  ["The man bit him first.", "The man had bitten the dog."],
];
const OUTPUTS = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];

describe("bleu", () => {
  test("equals sacrebleu on two references each", () => {
    const { score, signature } = bleu(OUTPUTS, REFERENCES);
    expect(score).toBeCloseTo(48.530827, 6);
    expect(signature).toBe("nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp");
  });

  test("empty outputs count and give 0", () => {
    expect(bleu(["", "", ""], REFERENCES)).toMatchObject({ score: 0, brevityPenalty: 0, outputLength: 0 });
  });

  test("an output equal to its reference has 100, one too short for 4-grams 0", () => {
    expect(bleu(["this is a test"], [["this is a test"]]).score).toBeCloseTo(100, 10);
    expect(bleu(["a test"], [["a test"]]).score).toBe(0);
  });

  test("a text equal to one of its references has exactly 100", () => {
    for (const text of ["this is a test", "It was not unexpected, they said.", "a b c d e f g h i j"]) {
      expect(bleu([text], [[text]]).score).toBe(100);
      expect(bleu([text, text], [["an other", text], [text]]).score).toBe(100);
    }
  });

  test("orders without a match are smoothed: 1 of 4 words, none of longer grams", () => {
    // Precisions 25, 100/(2·3), 100/(4·2), 100/(8·1): the fourth root of their product.
    const { score, precisions } = bleu(["a b c d"], [["a x y z"]]);
    expect(precisions).toEqual([25, 100 / 6, 12.5, 12.5]);
    expect(score).toBeCloseTo((25 * (100 / 6) * 12.5 * 12.5) ** 0.25, 10);
  });

  test("brevity goes by the closest reference, of two as close by the shorter", () => {
    expect(bleu(["a b c"], [["a b c d e", "a"]]).referenceLength).toBe(1);
    expect(bleu(["a b c d"], [["a b c d e f g h"]]).brevityPenalty).toBeCloseTo(Math.exp(-1), 12);
  });

  test("tokens of mteval-v13a: punctuation apart, numbers together, entities decoded", () => {
    expect(tokenize13a("He said: &quot;1,000.5 - it's $3.&quot; (no)/2-3")).toEqual([
      "He",
      "said",
      ":",
      '"',
      "1,000.5",
      "-",
      "it's",
      "$",
      "3",
      ".",
      '"',
      "(",
      "no",
      ")",
      "/",
      "2",
      "-",
      "3",
    ]);
    expect(tokenize13a(" \n ")).toEqual([]);
  });

  test("without a reference is refused", () => {
    expect(() => bleu(["a"], [[]])).toThrowError(/bleu: output 0 has no reference, wants at least 1/);
    expect(() => bleu(["a"], [])).toThrowError(/bleu: 0 lists of references, wants 1/);
  });
});

describe("chrf", () => {
  const one = (output: string[], reference: string[], options = {}) =>
    chrf(
      output,
      reference.map((text) => [text]),
      { beta: 3, ...options },
    ).score;

  test.each([
    [["a"], ["a"], 100],
    [[""], ["reference"], 0],
    [["a b c"], ["abc"], 100],
    [[""], ["c"], 0],
    [["a", "b"], ["a", "c"], 50],
    [["aa"], ["ab"], 25],
  ])("%j against %j is sacrebleu's %d", (output, reference, wanted) => {
    expect(one(output, reference)).toBeCloseTo(wanted, 4);
  });

  test("equals sacrebleu with white space counted", () => {
    const german = "Die Beziehung zwischen Obama und Netanjahu ist nicht gerade freundlich.";
    const wanted = "Das Verhältnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich.";
    expect(one([german], [wanted], { whitespace: true })).toBeCloseTo(67.3481606, 4);
  });

  test("of several references the best counts, and the signature is sacrebleu's", () => {
    const { score, signature } = chrf(["abcd"], [["xyz", "abcd"]]);
    expect(score).toBe(100);
    expect(signature).toBe("nrefs:2|case:mixed|eff:yes|nc:6|nw:0|space:no");
  });
});

describe("sequences", () => {
  test("edit distance of kitten and sitting is 3, of nothing the other's length", () => {
    expect(editDistance([..."kitten"], [..."sitting"])).toBe(3);
    expect(editDistance([], [..."abc"])).toBe(3);
    expect(editDistance([..."abc"], [])).toBe(3);
  });

  test("any target counts as right; the error rate is of the closest, the longer of two", () => {
    const score = sequenceScore(
      [[..."ab"], [..."abc"]],
      [
        [[..."xy"], [..."ab"]],
        [[..."ab"], [..."abcd"]],
      ],
    );
    expect(score).toEqual({ exactMatch: 0.5, tokenErrorRate: 1 / 6 });
  });

  test("distinct n-grams: 2 of 3 words, and tokens never run together", () => {
    expect(distinctNgrams([["a", "b", "a"]], 1)).toBeCloseTo(2 / 3, 12);
    expect(
      distinctNgrams(
        [
          ["a b", "c"],
          ["a", "b c"],
        ],
        2,
      ),
    ).toBe(1);
  });
});
