import { afterAll, describe, expect, test } from "vitest";
import { createEngine, gradcheck, tensor } from "../../src/index.js";
import { type GenerateOptions, LanguageModel, trainLanguageModel } from "../../src/tasks/index.js";
import {
  checkLanguageConfig,
  countLanguageParameters,
  LanguageNetwork,
  type LanguageNetworkConfig,
} from "../../src/tasks/language-network.js";
import { writeText } from "../../src/text/text-writer.js";
import { createTokenizer } from "../../src/text/tokenizer.js";
import { Vocabulary } from "../../src/text/vocabulary.js";
import { memoryStore } from "../train/memory-store.js";

const engine = await createEngine({ seed: 3, numerics: "reproducible" });
afterAll(() => engine.dispose());

const SMALL = { cell: "lstm", embeddingDim: 5, hiddenSize: 6, numLayers: 2, dropout: 0, weightDropout: 0, tied: true } as const;
const modelOver = (letters: string, config: Partial<LanguageNetworkConfig> = {}) =>
  new LanguageModel(
    engine,
    checkLanguageConfig({ ...SMALL, ...config }),
    createTokenizer({ type: "characters" }),
    Vocabulary.build([[...letters]]),
  );

/** Sum of log-probabilities in float64, from the logits of one pass. */
function reference(model: LanguageModel, text: string): number {
  const ids = model.encode(text);
  const inputs = Int32Array.from([0, ...ids.slice(0, -1)]);
  const logits = engine.step(() => model.network.forward(tensor(engine, inputs, [1, ids.length])).logits.toArray()) as number[][][];
  return logits[0]!.reduce((sum, row, t) => {
    const top = Math.max(...row);
    return sum + row[ids[t]!]! - top - Math.log(row.reduce((total, x) => total + Math.exp(x - top), 0));
  }, 0);
}

async function generated(model: LanguageModel, options: GenerateOptions): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of model.generate(options)) pieces.push(piece);
  return pieces;
}

describe("LanguageNetwork", () => {
  for (const [cell, tied] of [
    ["lstm", true],
    ["gru", false],
    ["rnn", true],
  ] as const) {
    test(`${cell}${tied ? ", tied" : ""}: gradients of every parameter are right, and the count of parameters too`, () => {
      const config = checkLanguageConfig({ ...SMALL, cell, tied });
      const network = new LanguageNetwork(engine, config, 7);
      const ids = tensor(engine, Int32Array.of(0, 3, 4, 5, 6, 1), [2, 3]);
      gradcheck(() => network.forward(ids).logits, network.parameters(), { elements: 10 });
      // As in a file: a tied weight comes under both its names.
      const sizes = Array.from(network.namedParameters(), ([, { size }]) => size);
      expect(countLanguageParameters(config, 7)).toBe(sizes.reduce((sum, size) => sum + size, 0));
    });
  }
});

describe("LanguageModel", () => {
  test("a text longer than a pass is scored as in one", () => {
    const model = modelOver("abcd");
    const text = "abdcabcadbcdab".repeat(50);
    const score = model.score(text);
    const sum = reference(model, text);
    expect(score.tokens).toBe(700);
    expect(score.nats).toBeCloseTo(-sum / 700, 5);
    expect(score.bitsPerCharacter).toBeCloseTo(-sum / Math.LN2 / 700, 5);
    expect(score.perplexity).toBeCloseTo(Math.exp(-sum / 700), 4);
    const both = model.score(text, { streams: 2 });
    expect(both.nats).not.toBe(score.nats);
    expect(both.nats).toBeCloseTo(score.nats, 2);
  });

  test("texts that follow one another are scored as one", () => {
    const model = modelOver("abcd");
    const texts = ["abdcab", "", "c", "adbcdabab".repeat(40)];
    const whole = model.score(texts.join(""));
    const scores = model.scoreAll(texts);
    expect(scores.map(({ tokens }) => tokens)).toEqual([6, 0, 1, 360]);
    const sum = scores.reduce((nats, score) => nats + (score.tokens === 0 ? 0 : score.nats * score.tokens), 0);
    expect(sum / 367).toBeCloseTo(whole.nats, 6);
    // From the start each by itself they are not.
    expect(scores[2]!.nats).not.toBeCloseTo(model.score("c").nats, 6);
  });

  test("a text without tokens has no score; unknown characters have one", () => {
    const model = modelOver("ab");
    expect(model.score("")).toMatchObject({ tokens: 0, nats: Number.NaN });
    expect(Number.isFinite(model.score("xyz").nats)).toBe(true);
  });

  test("warm single steps give the bits of whole passes, and reset forgets", () => {
    const model = modelOver("abcd");
    const ids = [0, ...model.encode("abcabd")];
    const logits = engine.step(() =>
      model.network.forward(tensor(engine, Int32Array.from(ids), [1, ids.length])).logits.toArray(),
    ) as number[][][];
    const completion = model.completion();
    for (const round of [0, 1]) {
      ids.forEach((id, t) => void expect([...completion.feed(id)], `round ${round}, step ${t}`).toEqual(logits[0]![t]));
      completion.reset();
    }
    completion.dispose();
  });

  test("saved and loaded it gives the same bits; other tasks and damaged sizes are refused", () => {
    const model = modelOver("abcd");
    const bytes = model.save();
    const again = LanguageModel.load(engine, bytes);
    expect(again.score("abcdabcd")).toEqual(model.score("abcdabcd"));
    expect(again.network.embedding.weight).toBe(again.network.output.weight);
    expect(() => LanguageModel.load(engine, bytes.slice(0, 500))).toThrowError();
  });
});

describe("trainLanguageModel and generate", async () => {
  const text = "the cat sat on the mat. ".repeat(400);
  const options = { hiddenSize: 32, embeddingDim: 16, epochs: 16, batchSize: 8, sequenceLength: 32, dropout: 0 } as const;
  const { model, result } = await trainLanguageModel(engine, { train: text, dev: text.slice(0, 960) }, options);
  afterAll(() => model.dispose());

  test("what is periodic is learnt", () => {
    expect(result.metric).toBeGreaterThan(-0.1);
    expect(model.score(text.slice(0, 480)).nats).toBeLessThan(0.1);
  });

  test("the best next characters write it on from a prompt; maxTokens counts", async () => {
    expect((await generated(model, { prompt: "the cat s", maxTokens: 30, temperature: 0 })).join("")).toBe(
      "at on the mat. the cat sat on ",
    );
    expect(await generated(model, { maxTokens: 0 })).toEqual([]);
  });

  test("the same seed writes the same, another one differs, and pieces come one by one", async () => {
    const draw = (seed: number) => generated(model, { seed, temperature: 3, maxTokens: 60 });
    const [a, b, c] = [await draw(1), await draw(1), await draw(2)];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(a).toHaveLength(60);
  });

  test("it ends before a stop string, and what may become one is held back", async () => {
    const pieces = await generated(model, { prompt: "the ", stop: ["mat", "sat on"], temperature: 0, maxTokens: 50 });
    expect(pieces.join("")).toBe("cat ");
    const unmet = await generated(model, { prompt: "the ", stop: ["cat sits"], temperature: 0, maxTokens: 7 });
    expect(unmet.join("")).toBe("cat sat");
  });

  test("bad options are refused by name", async () => {
    await expect(generated(model, { topP: 3 })).rejects.toThrowError(/LanguageModel\.generate: topP 3, wants/);
    await expect(generated(model, { temprature: 1 } as GenerateOptions)).rejects.toThrowError(/temprature/);
    await expect(trainLanguageModel(engine, { train: "ab", dev: "" }, { batchSize: 4 })).rejects.toThrowError(
      /the training text has 2 tokens, wants at least 4/,
    );
  });

  test("every epoch has as many updates, whatever the text's length is", async () => {
    for (const [length, sequenceLength] of [
      [100, 7],
      [97, 16],
      [64, 64],
      [31, 64],
      [65, 64],
      [9, 1],
    ] as const) {
      const updates: number[] = [];
      const callbacks = [{ onEpoch: ({ step }: { step: number }) => void updates.push(step) }];
      const small = { hiddenSize: 2, embeddingDim: 2, batchSize: 1, epochs: 4, sequenceLength, callbacks };
      const run = await trainLanguageModel(engine, { train: text.slice(0, length), dev: "" }, small);
      run.model.dispose();
      expect(updates.map((step, i) => step / (i + 1))).toEqual(new Array(4).fill(updates[0]));
      expect([Math.ceil(length / sequenceLength), Math.ceil(length / sequenceLength) + 1]).toContain(updates[0]);
    }
  });

  test("stopped in the middle of an epoch and gone on with it has the same weights, to the bit", async () => {
    const data = { train: text.slice(0, 4000), dev: "" };
    const small = { ...options, hiddenSize: 8, epochs: 2, dropout: 0.2 };
    const train = async (extra: object) => {
      const own = await createEngine({ seed: 5, numerics: "reproducible" });
      const { model: trained } = await trainLanguageModel(own, data, { ...small, ...extra });
      return [...trained.network.parameters()].map((parameter) => [...parameter.data()]);
    };
    const whole = await train({});
    const store = memoryStore();
    const stop = new AbortController();
    await train({
      checkpoint: { store },
      signal: stop.signal,
      callbacks: [{ onStep: (progress: { step: number }) => void (progress.step === 7 && stop.abort()) }],
    });
    expect(await train({ checkpoint: { store, resume: true } })).toEqual(whole);
  });
});

describe("lines", () => {
  test("that texts leave open are counted once, where they end", () => {
    const model = modelOver("abcd", { lines: true });
    const texts = ["abc\na", "bd", "c\n\nb", "\nd"];
    const scores = model.scoreAll(texts);
    expect(scores.map(({ tokens }) => tokens)).toEqual([4, 0, 6, 4]);
    const whole = model.score(texts.join(""));
    expect(whole.tokens).toBe(14);
    const sum = scores.reduce((nats, score) => nats + (score.tokens === 0 ? 0 : score.nats * score.tokens), 0);
    expect(sum / 14).toBeCloseTo(whole.nats, 6);
  });

  test("are scored each from a state of zeros, with their ends; a last line break ends no further line", () => {
    const model = modelOver("abcd", { lines: true });
    // Bits of padded rows do not depend on their neighbours: lines of unlike lengths, one of them empty.
    const lines = ["abca", "", "d", "bcdabcdabc"];
    const ended = (line: string) => {
      const ids = [...model.encode(line), 0];
      const logits = engine.step(() =>
        model.network.forward(tensor(engine, Int32Array.of(0, ...ids.slice(0, -1)), [1, ids.length])).logits.toArray(),
      ) as number[][][];
      return logits[0]!.reduce((sum, row, t) => sum + row[ids[t]!]! - Math.log(row.reduce((total, x) => total + Math.exp(x), 0)), 0);
    };
    const sum = lines.reduce((total, line) => total + ended(line), 0);
    const score = model.score(`${lines.join("\n")}\n`);
    expect(score).toMatchObject({ tokens: 19, characters: 19 });
    expect(score.nats).toBeCloseTo(-sum / 19, 5);
    expect(model.score(lines.join("\n")).nats).toBe(score.nats);
    expect(model.score("")).toMatchObject({ tokens: 0, nats: Number.NaN });
  });

  test("are learnt with their ends, whatever their order, and written one after the other", async () => {
    const names = ["anna", "ben", "clara", "dora"];
    const text = Array.from({ length: 60 }, (_, i) => names[(i * 7 + (i >> 2)) % 4]).join("\n");
    const options = { lines: true, hiddenSize: 24, embeddingDim: 8, dropout: 0, epochs: 30, batchSize: 6, lr: 0.01 } as const;
    const { model } = await trainLanguageModel(engine, { train: text, dev: "" }, options);
    // Four names of equal share: ln 4 nats a name.
    expect(model.score("ben\n").nats * 4).toBeCloseTo(Math.log(4), 0);
    const written = (await generated(model, { maxTokens: 60, seed: 5, temperature: 0.5 })).join("").split("\n").slice(0, -1);
    expect(written.length).toBeGreaterThan(8);
    expect(names).toEqual(expect.arrayContaining([...new Set(written)]));
    expect((await generated(model, { prompt: "who?\nc", maxTokens: 5, temperature: 0 })).join("")).toBe("lara\n");
    const loaded = LanguageModel.load(engine, model.save());
    expect(loaded.config.lines).toBe(true);
    expect(loaded.score("dora")).toEqual(model.score("dora"));
  });

  test("longer than sequenceLength are cut for training; fewer of them than a batch are refused", async () => {
    const lines = { lines: true, hiddenSize: 4, epochs: 1 } as const;
    const { result } = await trainLanguageModel(engine, { train: "abcdefg\nab", dev: "" }, { ...lines, sequenceLength: 3, batchSize: 2 });
    // abc, def, g with the end; ab with the end.
    expect(result.steps).toBe(2);
    await expect(trainLanguageModel(engine, { train: "a\nb", dev: "" }, { ...lines, batchSize: 3 })).rejects.toThrowError(
      /has 2 lines, wants at least 3/,
    );
  });
});

describe("writeText", () => {
  test("puts spaces where words had them, and joins bytes to characters", () => {
    expect(writeText("words", ["Hello", ",", "(", "you", ")", "there", "!"])).toBe("Hello, (you) there!");
    expect(writeText("whitespace", ["a", "b"])).toBe("a b");
    expect(writeText("subwords", ["\u2581the", "\u2581ca", "t"])).toBe("the cat");
    expect(writeText("bytes", ["c3", "a9", "c3"])).toBe("é\ufffd");
  });
});
