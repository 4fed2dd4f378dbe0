import { afterAll, describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { createEngine } from "../../src/index.js";
import { guessUnits } from "../../src/tasks/guess-units.js";
import { Seq2Seq, type Seq2SeqInput, type TextPair, type TransduceOptions, trainSeq2Seq } from "../../src/tasks/index.js";
import { createTokenizer } from "../../src/text/tokenizer.js";
import { Vocabulary } from "../../src/text/vocabulary.js";

const engine = await createEngine({ seed: 4, numerics: "reproducible" });
afterAll(() => engine.dispose());

/** Words of letters, spelled backwards. */
function backwards(count: number, seed: number): TextPair[] {
  const stream = new Stream([seed, 1]);
  return Array.from({ length: count }, () => {
    const letters = Array.from({ length: 2 + stream.nextInt(4) }, () => "abcdef"[stream.nextInt(6)]!);
    return { source: letters.join(""), targets: [[...letters].reverse().join("")] };
  });
}

const SMALL = { hiddenSize: 48, embeddingDim: 16, batchSize: 32, dropout: 0, lr: 0.01 } as const;
const { model, result } = await trainSeq2Seq(engine, { train: backwards(1500, 1), dev: backwards(100, 2) }, { ...SMALL, epochs: 12 });
const inputs: Seq2SeqInput[] = ["abc", "f", "deadbeef", "", "ÜÜ", "cab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];

describe("trainSeq2Seq", () => {
  test("learns to spell words it has not seen backwards", () => {
    const fresh = backwards(200, 3);
    const { exactMatch, tokenErrorRate } = model.evaluate(fresh);
    expect(result.metric).toBeGreaterThan(0.9);
    expect(exactMatch).toBeGreaterThan(0.9);
    expect(tokenErrorRate).toBeLessThan(0.05);
    expect(model.config.maxLength).toBe(20);
  });

  test.each([
    ["none", false],
    ["bahdanau", false],
    ["dot", true],
    ["concat", false],
  ] as const)("attention %s, input feeding %s: the loss falls", async (attention, inputFeeding) => {
    const losses: number[] = [];
    const callbacks = [{ onEpoch: ({ loss }: { loss: number }) => void losses.push(loss) }];
    const options = { ...SMALL, cell: "gru", attention, inputFeeding, epochs: 3, hiddenSize: 24, callbacks } as const;
    const trained = await trainSeq2Seq(engine, { train: backwards(200, 5), dev: [] }, options);
    expect(losses[2]).toBeLessThan(losses[0]! - 0.1);
    expect(trained.model.predict(["abc"])[0]!.attention.length > 0).toBe(attention !== "none");
    trained.model.dispose();
  });

  test("features are symbols of the source: they decide what comes out", async () => {
    const train: TextPair[] = backwards(400, 6).flatMap(({ source, targets }) => [
      { source: source.slice(0, 2), features: "COPY", targets: [source.slice(0, 2)] },
      { source: source.slice(0, 2), features: "BACK", targets: [targets[0]!.slice(-2)] },
    ]);
    const trained = await trainSeq2Seq(engine, { train, dev: [] }, { ...SMALL, epochs: 12 });
    const texts = trained.model.predict([
      { source: "ad", features: "COPY" },
      { source: "ad", features: "BACK" },
    ]);
    expect(texts.map(({ text }) => text)).toEqual(["ad", "da"]);
    trained.model.dispose();
  });

  test("scheduled sampling trains too, and differs from teacher forcing", async () => {
    const train = async (scheduledSampling: number) => {
      const own = await createEngine({ seed: 1 });
      const run = await trainSeq2Seq(own, { train: backwards(100, 5), dev: [] }, { ...SMALL, epochs: 2, scheduledSampling });
      return run.result.loss;
    };
    const [forced, sampled] = [await train(0), await train(1)];
    expect(sampled).not.toBe(forced);
    expect(Number.isFinite(sampled)).toBe(true);
  });

  test("bad options and no data are refused by name", async () => {
    await expect(trainSeq2Seq(engine, { train: [], dev: [] })).rejects.toThrowError(/there are no training pairs/);
    const data = { train: backwards(5, 1), dev: [] };
    await expect(trainSeq2Seq(engine, data, { labelSmoothing: 2 })).rejects.toThrowError(/labelSmoothing 2, wants/);
    await expect(trainSeq2Seq(engine, data, { hidenSize: 2 } as object)).rejects.toThrowError(/hidenSize/);
  });
});

describe("Seq2Seq.predict", () => {
  for (const options of [{}, { search: "greedy" }, { search: "sample", temperature: 2, seed: 9 }] as const satisfies TransduceOptions[]) {
    test(`${JSON.stringify(options)}: one by one and in any batch the same texts and bits`, () => {
      const together = model.predict(inputs, options);
      const inThrees = model.predict(inputs, { ...options, batchSize: 3 });
      expect(inThrees).toEqual(together);
      if (!("search" in options && options.search === "sample"))
        inputs.forEach((input, i) => void expect(model.predict([input], options)[0]).toEqual(together[i]));
    });
  }

  test("empty, unknown and overlong sources have an answer within the limit", () => {
    const found = model.predict(inputs);
    expect(found).toHaveLength(inputs.length);
    for (const { tokens } of found) expect(tokens.length).toBeLessThanOrEqual(model.config.maxLength);
    expect(model.predict(["abc"], { maxLength: 1 })[0]!.tokens.length).toBeLessThanOrEqual(1);
    expect(model.predict([])).toEqual([]);
  });

  test("n best are different texts, falling in score; a prefix is kept", () => {
    const [found] = model.nBest(["abcde"], { nBest: 4 });
    expect(found!.map(({ text }) => text)[0]).toBe("edcba");
    expect(new Set(found!.map(({ text }) => text)).size).toBe(4);
    const scores = found!.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(model.predict(["abcde"], { prefixes: ["ff"] })[0]!.text.startsWith("ff")).toBe(true);
  });

  test("attention has a row for each token and the end, each summing to 1 over the source", () => {
    const [{ attention, tokens, source }] = model.predict(["abcd"]) as [ReturnType<typeof model.predict>[0]];
    expect(source).toEqual(["a", "b", "c", "d"]);
    expect(attention).toHaveLength(tokens.length + 1);
    for (const row of attention) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
  });

  test("saved and loaded it writes the same; nothing stays behind in memory", () => {
    const again = Seq2Seq.load(engine, model.save());
    expect(again.predict(inputs)).toEqual(model.predict(inputs));
    const before = engine.memoryUse().inUse;
    model.predict(inputs, { beamSize: 3 });
    expect(engine.memoryUse().inUse).toBe(before);
    again.dispose();
  });

  test("options that a search has not, and unknown ones, are refused", () => {
    expect(() => model.predict(["a"], { search: "greedy", lengthPenalty: 1 })).toThrowError(/lengthPenalty with search "greedy"/);
    expect(() => model.predict(["a"], { search: "best" as "beam" })).toThrowError(/search "best"/);
    expect(() => model.predict(["a"], { beam: 3 } as TransduceOptions)).toThrowError(/beam/);
    expect(() => model.predict(["a", "b"], { prefixes: ["x"] })).toThrowError(/1 prefixes, wants 2/);
  });
});

describe("Seq2Seq.score", () => {
  test("counts whole words where tokens are pieces of them", () => {
    const tokenizer = createTokenizer({ type: "subwords", lowercase: true, merges: ["b l", "b r"] });
    const vocabulary = Vocabulary.build([tokenizer.encode("blue brown")], { minCount: 1 });
    const pieces = new Seq2Seq(engine, model.config, model.source, { tokenizer, vocabulary });
    const { exactMatch, tokenErrorRate } = pieces.score(
      [
        { source: "a", targets: ["blue, brown"] },
        { source: "b", targets: ["brown"] },
      ],
      ["Blue, brawn", "Brown"],
    );
    pieces.dispose();
    expect([exactMatch, tokenErrorRate]).toEqual([0.5, 1 / 4]);
  });
});

describe("guessUnits", () => {
  test("symbols between spaces, characters of short texts, subwords of sentences", () => {
    const phones = ["HH AH L OW", "W ER L D"];
    expect(guessUnits(phones)).toBe("whitespace");
    expect(guessUnits(["hello", "world"])).toBe("characters");
    expect(guessUnits(["the third of march 2021", "monday, june 7th of 1999"], "characters")).toBe("characters");
    const sentences = Array.from({ length: 300 }, (_, i) => `This is sentence number ${i} of some others.`);
    expect(guessUnits(sentences)).toBe("subwords");
  });
});
