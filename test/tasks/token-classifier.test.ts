import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { FormatError } from "../../src/index.js";
import { createEngine as createInferEngine } from "../../src/infer.js";
import { readSafetensors } from "../../src/io/safetensors.js";
import { type TaggedTokens, TokenClassifier, type TrainTaggerOptions, trainTokenClassifier } from "../../src/tasks/index.js";
import { spansOf } from "../../src/text/tagging-schemes.js";
import { changedFile } from "./changed-file.js";
import { engineOf } from "./engines.js";

const NAMES = ["Ana", "Bea", "Carlos", "Dora", "Emil"];
const PLACES = ["Lima", "Oslo", "Quito", "Roma"];
const FILLERS = ["the", "walks", "7", "late", "and", "happily"];

/** Names after "from" are places wherever they also are persons; what "in" begins is of the label "where". */
function sentences(count: number, key: number): TaggedTokens[] {
  const stream = new Stream([key, 0]);
  const pick = (words: readonly string[]) => words[stream.nextInt(words.length)]!;
  return Array.from({ length: count }, () => {
    const tokens: string[] = [];
    const tags: string[] = [];
    const put = (words: readonly string[], type: string) => {
      tokens.push(...words);
      tags.push(...words.map((_, i) => (type === "" ? "O" : `${i === 0 ? "B" : "I"}-${type}`)));
    };
    const where = stream.nextInt(2) === 1;
    if (where) put(["in"], "");
    for (let n = 1 + stream.nextInt(3); n > 0; n--) {
      put([pick(FILLERS)], "");
      if (stream.nextInt(2) === 0) put([pick(NAMES), ...(stream.nextInt(2) === 0 ? [pick(NAMES)] : [])], "PER");
      else {
        put(["from"], "");
        put([pick([...PLACES, ...NAMES])], "LOC");
      }
    }
    return { tokens, tags, label: where ? "where" : "who" };
  });
}
const unlabelled = (examples: readonly TaggedTokens[]) => examples.map(({ tokens, tags }) => ({ tokens, tags }));

const SMALL = {
  embeddingDim: 8,
  affixDim: 8,
  charDim: 4,
  charHiddenSize: 4,
  hiddenSize: 12,
  dropout: 0.1,
  epochs: 8,
  lr: 0.02,
  batchSize: 8,
} as const;
const data = { train: sentences(160, 1), dev: sentences(40, 2) };
const plain = { train: unlabelled(data.train), dev: unlabelled(data.dev) };
const held = sentences(60, 3);

describe("trainTokenClassifier", () => {
  for (const options of [
    {},
    { encoder: "gru", output: "softmax" },
    { encoder: "rnn", charHiddenSize: 0, numLayers: 2 },
    { encoder: "window", affixDim: 0, embeddingDim: 16 },
  ] as TrainTaggerOptions[]) {
    test(`with ${JSON.stringify(options)} finds names by what stands before them`, async () => {
      const { tagger, result } = await trainTokenClassifier(await engineOf(1), plain, { ...SMALL, ...options });
      const { accuracy, precision, recall, f1, labelAccuracy } = tagger.evaluate(held);
      expect(accuracy).toBeGreaterThan(0.97);
      expect(f1).toBeGreaterThan(0.95);
      expect(f1).toBeCloseTo((2 * precision! * recall!) / (precision! + recall!), 12);
      expect(labelAccuracy).toBe(undefined);
      expect(result.metric).toBeGreaterThan(0.95);
      expect(tagger.config.output).toBe(options.output ?? "crf");
    });
  }

  test("learns the sentences' labels with the tags", async () => {
    const { tagger } = await trainTokenClassifier(await engineOf(1), data, SMALL);
    expect(tagger.sentenceLabels).toEqual(["where", "who"]);
    const { f1, labelAccuracy } = tagger.evaluate(held);
    expect(f1).toBeGreaterThan(0.95);
    expect(labelAccuracy).toBeGreaterThan(0.95);
    const [found] = tagger.predict(["in late Lima"]);
    expect(found!.label).toBe("where");
    expect(found!.labelProbability).toBeGreaterThan(0.5);
    const again = TokenClassifier.load(await engineOf(2), tagger.save());
    expect(again.predict(["in late Lima"])[0]).toEqual(found);
    const without = await trainTokenClassifier(await engineOf(1), data, { ...SMALL, epochs: 1, sentenceLabels: false });
    expect(without.tagger.sentenceLabels).toEqual([]);
  });

  test("tags that mark no spans are learned by softmax and judged by accuracy", async () => {
    const swap = (examples: readonly TaggedTokens[]) =>
      examples.map(({ tokens, tags }) => ({
        tokens,
        tags: tags.map((tag) => ({ O: "X", P: "NOUN", L: "PROPN" })[tag === "O" ? "O" : (tag[2] as "P")]),
      }));
    const { tagger, result } = await trainTokenClassifier(await engineOf(1), { train: swap(data.train), dev: swap(data.dev) }, SMALL);
    expect(tagger.config).toMatchObject({ output: "softmax", scheme: null });
    expect(tagger.labels).toEqual(["NOUN", "PROPN", "X"]);
    expect(result.metric).toBeGreaterThan(0.95);
    expect(tagger.evaluate(swap(held))).toEqual({ accuracy: tagger.evaluate(swap(held)).accuracy });
    expect(tagger.predict(["the Ana"])[0]!.entities).toEqual([]);
  });

  test("the same seed and data give the same bits, on both backends", async () => {
    const files: (string | undefined)[] = [];
    for (const backend of ["wasm", "wasm", "js"] as const) {
      const own = { train: data.train.slice(0, 40), dev: data.dev.slice(0, 5) };
      const { tagger } = await trainTokenClassifier(await engineOf(4, backend), own, { ...SMALL, epochs: 2, dropout: 0.3 });
      files.push(readSafetensors(tagger.save()).metadata.get("recurra.crc32"));
    }
    expect(files[1]).toBe(files[0]);
    expect(files[2]).toBe(files[0]);
  });

  test("IOB1 is repaired into IOB2, or refused where asked", async () => {
    const old = { train: plain.train.map(({ tokens, tags }) => ({ tokens, tags: tags.map((tag) => tag.replace("B-", "I-")) })), dev: [] };
    const { tagger, result } = await trainTokenClassifier(await engineOf(1), old, { ...SMALL, epochs: 1 });
    expect(tagger.labels).toEqual(["B-LOC", "B-PER", "I-PER", "O"]);
    expect(result.metric).toBe(undefined);
    await expect(trainTokenClassifier(await engineOf(1), old, { ...SMALL, strict: true })).rejects.toThrowError(
      /train sentence \d+ has tag "I-(PER|LOC)" at token \d+, wants "B-(PER|LOC)" by IOB2/,
    );
  });

  test("vectors of words are what embeddings start from", async () => {
    const vectors = new Map([
      ["Lima", Float32Array.of(9, 9, 9)],
      ["lima", Float32Array.of(1, 2, 3)],
      ["Never", Float32Array.of(4, 5, 6)],
    ]);
    const { embeddingDim, ...rest } = SMALL;
    const { tagger } = await trainTokenClassifier(await engineOf(1), plain, { ...rest, epochs: 1, lr: 0, vectors });
    const values = tagger.network.words.forms!.weight.data();
    const at = (form: string) => [...values.slice(tagger.lexicon.forms.encode([form])[0]! * 3)].slice(0, 3);
    expect(tagger.config.embeddingDim).toBe(3);
    expect(at("lima")).toEqual([1, 2, 3]);
    expect(at("never")).toEqual([4, 5, 6]);
    await expect(trainTokenClassifier(await engineOf(1), plain, { vectors, embeddingDim })).rejects.toThrowError(
      /the vector of "Lima" has 3 numbers, wants 8/,
    );
  });

  test("goes on from another tagger's file: words, tags and moves that both have keep their weights", async () => {
    const first = (await trainTokenClassifier(await engineOf(1), plain, { ...SMALL, epochs: 2 })).tagger;
    const more = { tokens: ["new", "Ana", "Ana"], tags: ["B-A", "B-PER", "I-PER"] };
    const next = await trainTokenClassifier(
      await engineOf(2),
      { train: [more, ...plain.train], dev: [] },
      { ...SMALL, init: first.save(), lr: 0, epochs: 1 },
    );
    const read = ({ network, labels, lexicon }: TokenClassifier) => {
      const tags = labels.length;
      const at = (label: string) => labels.indexOf(label);
      return [
        network.crf!.transitions.data()[at("B-PER") * tags + at("I-PER")],
        network.crf!.startTransitions.data()[at("B-LOC")],
        network.output.bias!.data()[at("O")],
        network.words.forms!.weight.data()[lexicon.forms.encode(["lima"])[0]! * SMALL.embeddingDim],
      ];
    };
    expect(next.tagger.labels).toEqual(["B-A", ...first.labels]);
    expect(read(next.tagger)).toEqual(read(first));
  });

  test("bad data and options are refused", async () => {
    const engine = await engineOf(1);
    const bad = (train: TaggedTokens[], options: object, dev: TaggedTokens[] = []) =>
      expect(trainTokenClassifier(engine, { train, dev }, options)).rejects;
    await bad([{ tokens: ["a"], tags: [] }], {}).toThrowError(/train sentence 0 has 1 tokens and 0 tags, wants one tag a token/);
    await bad([{ tokens: ["a"], tags: ["X"] }], {}).toThrowError(/the training data have 1 tags, wants at least 2/);
    await bad([], {}).toThrowError(/the training data have 0 tags/);
    await bad(plain.train, { strict: true }, [{ tokens: ["a"], tags: ["B-new"] }]).toThrowError(
      /dev tag "B-new" is not among the 4 training tags/,
    );
    await bad(plain.train, { hiddenDim: 3 }).toThrowError(/unknown option hiddenDim, wants hiddenSize/);
    await bad(plain.train, { encoder: "bag" }).toThrowError(/encoder "bag", wants "lstm", "gru", "rnn" or "window"/);
    await bad(plain.train, { output: "viterbi" }).toThrowError(/output "viterbi", wants "auto", "softmax" or "crf"/);
    await bad(plain.train, { embeddingDim: 0, affixDim: 0, charHiddenSize: 0 }).toThrowError(/embeddingDim/);
    await bad(plain.train, { sentenceLabels: true }).toThrowError(/train sentence 0 without label/);
    await bad(plain.train, { wordDropout: -1 }).toThrowError(/wordDropout -1/);
  });
});

describe("TokenClassifier", async () => {
  const { tagger } = await trainTokenClassifier(await engineOf(1), plain, SMALL);

  test("tags in the order of the sentences, alone as together; of none none", () => {
    const lists = [["the", "Ana", "Bea"], [], ["from"], ["xyzzy", "from", "Unseen", "😀", "א"], ["from", "Lima"]];
    const all = tagger.tag(lists, { batchSize: 2 });
    expect(all.map(({ tags }) => tags.length)).toEqual([3, 0, 1, 5, 2]);
    expect(lists.map((tokens) => tagger.tag([tokens])[0])).toEqual(all);
    expect(all[4]!.tags).toEqual(["O", "B-LOC"]);
    expect(tagger.tag([])).toEqual([]);
    expect(tagger.predict([""])).toEqual([{ tokens: [], entities: [] }]);
  });

  test("probabilities sum to one, for a CRF those of its marginals; they leave the tags as they are", () => {
    const lists = held.map(({ tokens }) => tokens);
    const found = tagger.tag(lists, { probabilities: true });
    expect(found.map(({ tags }) => tags)).toEqual(tagger.tag(lists).map(({ tags }) => tags));
    for (const { tags, probabilities } of found) {
      expect(probabilities!.length).toBe(tags.length);
      for (const own of probabilities!) {
        expect(own.length).toBe(tagger.labels.length);
        expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      }
      // Nothing opens a span that goes on at the first token.
      expect(probabilities![0]![tagger.labels.indexOf("I-PER")]).toBe(0);
    }
  });

  test("a CRF's tags keep to the scheme, even with weights of noise", async () => {
    const engine = await engineOf(5);
    const noise = TokenClassifier.load(engine, tagger.save());
    const stream = new Stream([9, 9]);
    for (const parameter of noise.network.parameters())
      parameter.assign(Float32Array.from({ length: parameter.size }, () => 4 * stream.nextFloat() - 2));
    const kinds = new Set<string>();
    for (const { tags } of noise.tag(held.map(({ tokens }) => tokens))) {
      tags.forEach((tag, t) => {
        kinds.add(tag[0]!);
        if (tag === "I-PER") expect(["B-PER", "I-PER"]).toContain(tags[t - 1]);
      });
      expect(spansOf(tags).length).toBe(tags.filter((tag) => tag.startsWith("B")).length);
    }
    expect(kinds.size).toBeGreaterThan(1);
  });

  test("entities have their places in the text as it was given", async () => {
    const text = "😀 the Bea\u0301 Dora walks from Lima, from  Ana…";
    const [{ tokens, entities }] = tagger.predict([text]) as [ReturnType<typeof tagger.predict>[number]];
    for (const { text: own, start, end } of [...tokens, ...entities]) expect(text.slice(start, end)).toBe(own);
    expect(entities.map(({ type, text: own }) => `${type} ${own}`)).toContain("LOC Lima");
    expect(entities.find(({ text: own }) => own === "Lima")).toMatchObject({ start: 28, end: 32 });
    expect(tokens.map(({ text: own }) => own)).toEqual([
      "😀",
      "the",
      "Bea\u0301",
      "Dora",
      "walks",
      "from",
      "Lima",
      ",",
      "from",
      "Ana",
      "…",
    ]);
    const composed = tagger.predict([text.normalize("NFC")])[0]!;
    expect(composed.tokens.map(({ tag }) => tag)).toEqual(tokens.map(({ tag }) => tag));
    expect(tagger.predict([text], { probabilities: true })[0]!.tokens[0]!.probabilities!.length).toBe(4);
  });

  test("saving and loading gives the same bits, in the inference entry too", async () => {
    const bytes = tagger.save();
    const lists = held.map(({ tokens }) => tokens);
    const again = TokenClassifier.load(await engineOf(7), bytes);
    expect(again.tag(lists, { probabilities: true })).toEqual(tagger.tag(lists, { probabilities: true }));
    expect([...again.save()]).toEqual([...bytes]);
    const small = await createInferEngine({ numerics: "reproducible" });
    expect(TokenClassifier.load(small, bytes).tag(lists)).toEqual(tagger.tag(lists));
    small.dispose();
  });

  test("a sentence of 100,000 tokens is tagged like its parts", () => {
    const long = Array.from({ length: 50_000 }, (_, i) => [i % 3 === 0 ? "from" : "the", i % 5 === 0 ? `w${i}` : "Lima"]).flat();
    const [{ tags }] = tagger.tag([long]) as [{ tags: string[] }];
    expect(tags.length).toBe(100_000);
    expect(tags.slice(0, 50)).toEqual(tagger.tag([long.slice(0, 100)])[0]!.tags.slice(0, 50));
  });

  test("half a character in a word does no harm to the file", async () => {
    const odd = { tokens: ["a\ud800b", "x\udc00", "a\ud800b"], tags: ["B-PER", "O", "O"] };
    const own = await trainTokenClassifier(await engineOf(1), { train: [odd, odd], dev: [] }, { ...SMALL, epochs: 1 });
    expect(TokenClassifier.load(await engineOf(1), own.tagger.save()).tag([odd.tokens])).toEqual(own.tagger.tag([odd.tokens]));
  });

  test("tags that training had not count as wrong", () => {
    const { accuracy, recall } = tagger.evaluate([{ tokens: ["the", "walks"], tags: ["B-NEW", "O"] }]);
    expect(accuracy).toBe(0.5);
    expect(recall).toBe(0);
  });
});

interface Description {
  task: string;
  labels?: string[];
  config: Record<string, unknown>;
  vocabulary: { forms: string[] };
}

describe("damaged model files", async () => {
  const engine = await engineOf(1);
  const { tagger } = await trainTokenClassifier(engine, plain, { ...SMALL, epochs: 1 });
  const file = tagger.save();

  test.each<[string, (model: Description) => unknown, RegExp]>([
    ["another task", (m) => Object.assign(m, { task: "tagger" }), /the file holds task "tagger", wants token-classifier/],
    ["no labels", (m) => delete m.labels, /lacks tokenizer, vocabulary or labels/],
    ["one label too many", (m) => m.labels!.push("B-y"), /parameters/],
    ["a label of no scheme", (m) => m.labels!.splice(0, 1, "NOUN"), /label "NOUN" at 0, wants O/],
    ["a form too few", (m) => m.vocabulary.forms.pop(), /parameters/],
    ["a form twice", (m) => m.vocabulary.forms.splice(1, 1, m.vocabulary.forms[0]!), /wants each token once/],
    ["no vocabulary of forms", (m) => Object.assign(m.vocabulary, { forms: 3 }), /number, wants a list/],
    ["a million units", (m) => Object.assign(m.config, { hiddenSize: 1e6 }), /parameters/],
    ["an unknown option", (m) => Object.assign(m.config, { heads: 2 }), /unknown option heads/],
    ["a size that is a word", (m) => Object.assign(m.config, { hiddenSize: "12" }), /hiddenSize "12"/],
    ["sentence labels that are none", (m) => Object.assign(m.config, { sentenceLabels: "who" }), /sentenceLabels/],
  ])("%s is refused, and nothing stays allocated", (_, change, message) => {
    const before = engine.memoryUse();
    expect(() => TokenClassifier.load(engine, changedFile(file, change))).toThrowError(message);
    expect(engine.memoryUse()).toEqual(before);
  });

  test("a damaged byte is noticed", () => {
    const damaged = file.slice();
    damaged[damaged.length - 9]! ^= 1;
    expect(() => TokenClassifier.load(engine, damaged)).toThrowError(FormatError);
  });
});
