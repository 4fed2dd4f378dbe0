import { describe, expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { ConfigError, FormatError } from "../../src/index.js";
import { toFloat32 } from "../../src/io/element-types.js";
import { decodeModelFile } from "../../src/io/model-file.js";
import {
  type LabelledText,
  type LogRecord,
  SequenceClassifier,
  type TrainClassifierOptions,
  trainSequenceClassifier,
} from "../../src/tasks/index.js";
import { memoryStore } from "../train/memory-store.js";
import { engineOf } from "./engines.js";

function strings(count: number, key: number): LabelledText[] {
  const stream = new Stream([key, 0]);
  return Array.from({ length: count }, () => {
    const text = Array.from({ length: 1 + stream.nextInt(9) }, () => "abc"[stream.nextInt(3)]!).join("");
    return { text, label: `ends in ${text.at(-1)!}` };
  });
}

const DATA = { train: strings(90, 1), dev: strings(30, 2) };
/** 9 batches an epoch: with three joined, 3 updates; 18 in all. */
const OPTIONS: TrainClassifierOptions = {
  encoder: "gru",
  embeddingDim: 5,
  hiddenSize: 6,
  batchSize: 10,
  epochs: 6,
  patience: 50,
  dropout: 0.3,
  tokenDropout: 0.2,
};

async function run(options: TrainClassifierOptions, stopAfter = Number.POSITIVE_INFINITY) {
  const controller = new AbortController();
  const log: LogRecord[] = [];
  const { classifier, result } = await trainSequenceClassifier(await engineOf(), DATA, {
    ...OPTIONS,
    ...options,
    signal: controller.signal,
    log: (record) => void log.push(record),
    onProgress: ({ step }) => {
      if (step === stopAfter) controller.abort();
    },
  });
  return { classifier, result, log, file: classifier.save() };
}

describe("going on from last.safetensors", () => {
  const ways: [string, TrainClassifierOptions, readonly number[]][] = [
    ["plain, in and between epochs", {}, [1, 9, 22, 53]],
    [
      "joined batches, AdamW, averages, evaluation in between",
      { accumulate: 3, optimizer: "adamw", weightDecay: 0.01, average: { decay: 0.9 }, evaluateEvery: 2 },
      [1, 4, 6, 17],
    ],
    ["SGD, cosine, a frozen embedding", { optimizer: "sgd", lr: 0.5, schedule: "cosine", freeze: ["embedding."] }, [13]],
    ["patience that is over", { lr: 0, patience: 1 }, [20]],
  ];
  test.each(ways)("%s: the bits of a run that was not stopped", async (_, options, stops) => {
    const whole = await run(options);
    for (const stop of stops) {
      const store = memoryStore();
      const half = await run({ ...options, checkpoint: { store } }, stop);
      expect(half.result).toMatchObject({ stopped: "aborted", steps: stop });
      const rest = await run({ ...options, checkpoint: { store, resume: true } });
      expect(rest.log[1]).toMatchObject({ event: "resume", step: stop });
      expect({ ...rest.result, seconds: 0 }).toEqual({ ...whole.result, seconds: 0 });
      expect(rest.file).toEqual(whole.file);
      expect(store.files.get("best.safetensors")).toEqual(whole.file);
    }
  });

  test("any of the files written on the way leads to the same end", async () => {
    const store = memoryStore();
    const whole = await run({ evaluateEvery: 4, checkpoint: { store, everySteps: 5 } });
    const lasts = store.written.filter(([name]) => name === "last.safetensors");
    expect(lasts.length).toBe(10 + 6 + 1);
    for (const [, bytes] of lasts.filter((_, i) => i % 4 === 2)) {
      const other = memoryStore();
      other.files.set("last.safetensors", bytes);
      const rest = await run({ evaluateEvery: 4, checkpoint: { store: other, everySteps: 5, resume: true } });
      expect(rest.file).toEqual(whole.file);
    }
  });

  test("a run that is over ends at once, with the same weights", async () => {
    const store = memoryStore();
    const whole = await run({ epochs: 2, checkpoint: { store } });
    const again = await run({ epochs: 2, checkpoint: { store, resume: true } });
    expect(again.file).toEqual(whole.file);
    expect(again.log.map(({ event }) => event)).toEqual(["start", "resume", "checkpoint", "end"]);
  });
});

describe("checkpoints", () => {
  test("both files are models, and best is what training gives", async () => {
    const store = memoryStore();
    const { classifier, file } = await run({ epochs: 3, checkpoint: { store } });
    const texts = ["ab", "c", "bbbb"];
    for (const name of ["best.safetensors", "last.safetensors"]) {
      const loaded = SequenceClassifier.load(await engineOf(9), store.files.get(name)!);
      expect(loaded.labels).toEqual(classifier.labels);
      if (name === "best.safetensors") expect(loaded.predict(texts)).toEqual(classifier.predict(texts));
    }
    expect(store.files.get("best.safetensors")).toEqual(file);
    expect([...decodeModelFile(store.files.get("last.safetensors")!).tensors.keys()].sort()).toEqual(
      [...decodeModelFile(file).tensors.keys()].sort(),
    );
  });

  test("without dev data best.safetensors has the last weights, or their averages", async () => {
    for (const average of [undefined, { decay: 0.5 }]) {
      const store = memoryStore();
      const options = { ...OPTIONS, epochs: 1, checkpoint: { store }, ...(average === undefined ? {} : { average }) };
      const { classifier } = await trainSequenceClassifier(await engineOf(), { train: DATA.train, dev: [] }, options);
      expect(store.files.get("best.safetensors")).toEqual(classifier.save());
    }
  });

  test("other settings, other data, a plain model and a damaged file are refused", async () => {
    const store = memoryStore();
    const { file } = await run({ checkpoint: { store } }, 8);
    const resume = (options: TrainClassifierOptions, from = store) => run({ ...options, checkpoint: { store: from, resume: true } });
    await expect(resume({ lr: 0.5 })).rejects.toThrowError(/checkpoint: lr is 0.5, wants 0.01, with which the training began/);
    await expect(resume({ average: {} })).rejects.toBeInstanceOf(ConfigError);
    await expect(resume({ hiddenSize: 7 })).rejects.toThrowError(/shape/);
    const other = memoryStore();
    other.files.set("last.safetensors", file);
    await expect(resume({}, other)).rejects.toThrowError(/a model file without recurra.training/);
    const bytes = store.files.get("last.safetensors")!.slice();
    bytes[bytes.length - 9]! ^= 1;
    other.files.set("last.safetensors", bytes);
    await expect(resume({}, other)).rejects.toBeInstanceOf(FormatError);
    const few = { train: DATA.train.slice(0, 20), dev: DATA.dev };
    const shorter = trainSequenceClassifier(await engineOf(), few, { ...OPTIONS, checkpoint: { store, resume: true } });
    await expect(shorter).rejects.toThrowError(/state after 8 updates of an epoch that has 2/);
  });

  test("what a store throws ends training", async () => {
    const store = { ...memoryStore(), write: () => Promise.reject(new Error("disk full")) };
    await expect(run({ checkpoint: { store } })).rejects.toThrowError("disk full");
  });
});

describe("starting from another model", () => {
  const weights = (file: Uint8Array, name: string) => toFloat32(decodeModelFile(file).tensors.get(name)!);

  test("what both have is copied, new tokens and labels start fresh", async () => {
    const first = await run({});
    const more: LabelledText[] = [...DATA.train, ...Array.from({ length: 30 }, () => ({ text: "aad", label: "d" }))];
    const options = { ...OPTIONS, lr: 0, epochs: 1 };
    const log: LogRecord[] = [];
    const data = { train: more, dev: [] };
    const started = await trainSequenceClassifier(await engineOf(3), data, {
      ...options,
      init: first.file,
      log: (record) => void log.push(record),
    });
    const fresh = await trainSequenceClassifier(await engineOf(3), data, options);
    const [old, own, plain] = [first.file, started.classifier.save(), fresh.classifier.save()];
    expect(weights(own, "encoder.weight_hh_l0_reverse")).toEqual(weights(old, "encoder.weight_hh_l0_reverse"));
    const vocabulary = (from: { vocabulary: { tokens: readonly string[] } }) => [0, 1, ...from.vocabulary.tokens];
    const pairs: [string, readonly unknown[], readonly unknown[]][] = [
      ["embedding.weight", vocabulary(first.classifier), vocabulary(started.classifier)],
      ["output.weight", first.classifier.labels, started.classifier.labels],
      ["output.bias", first.classifier.labels, started.classifier.labels],
    ];
    for (const [name, from, to] of pairs) {
      const width = weights(own, name).length / to.length;
      const row = (file: Uint8Array, i: number) => weights(file, name).slice(i * width, (i + 1) * width);
      for (const [i, what] of to.entries())
        expect(row(own, i), `${name} ${what}`).toEqual(from.includes(what) ? row(old, from.indexOf(what)) : row(plain, i));
      expect(to.length).toBe(from.length + 1);
    }
    expect(log[0]).toMatchObject({ event: "init", partly: ["embedding.weight", "output.weight", "output.bias"], fresh: [] });
  });

  test("frozen parameters keep their bits, the others do not, and prefixes of none are refused", async () => {
    const first = await run({ epochs: 1 });
    const { file } = await run({ init: first.file, freeze: ["embedding.", "encoder.weight_ih"] });
    for (const name of decodeModelFile(file).tensors.keys()) {
      const isFrozen = name.startsWith("embedding.") || name.startsWith("encoder.weight_ih");
      expect(Buffer.from(weights(file, name).buffer).equals(Buffer.from(weights(first.file, name).buffer)), name).toBe(isFrozen);
    }
    await expect(run({ freeze: ["embeding"] })).rejects.toThrowError(/freeze "embeding", wants the start of one of embedding.weight, /);
    await expect(run({ freeze: [""] })).rejects.toThrowError(/freeze leaves no parameter/);
    await expect(run({ freeze: "embedding" as never })).rejects.toThrowError(/freeze "embedding", wants a list/);
  });

  test("a model of other sizes is refused", async () => {
    const first = await run({ epochs: 1, encoder: "lstm", embeddingDim: 4 });
    const { labels } = first.classifier;
    await expect(run({ init: first.file, hiddenSize: 9 })).resolves.toMatchObject({ classifier: { labels } });
    await expect(run({ init: new Uint8Array(9) })).rejects.toBeInstanceOf(FormatError);
  });
});

test("bad training options are refused, naming them", async () => {
  await expect(run({ optimizer: "adamm" as "adam" })).rejects.toThrowError(/optimizer "adamm", wants "adagrad", "adam"/);
  await expect(run({ warmup: 1 })).rejects.toThrowError(/warmup 1, wants a number from 0 to below 1/);
  await expect(run({ accumulate: 0 })).rejects.toThrowError(/accumulate 0, wants a whole number from 1/);
  await expect(run({ clip: -1 })).rejects.toThrowError(/clip -1, wants a number from 0/);
});
