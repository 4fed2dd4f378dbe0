/** The sets that accuracy is measured on, what they should reach, and what others published about them. */
import type { SetData } from "./accuracy-data.js";

/** How a metric is written, and whether less of it is better. */
export const METRICS = {
  accuracy: { name: "accuracy, %", scale: 100, digits: 2, least: false },
  f1: { name: "F1, %", scale: 100, digits: 2, least: false },
  exactMatch: { name: "exact match, %", scale: 100, digits: 2, least: false },
  bleu: { name: "BLEU", scale: 1, digits: 2, least: false },
  nats: { name: "nats a character", scale: 1, digits: 4, least: true },
} as const;

export interface AccuracySet {
  readonly name: string;
  readonly folder: string;
  readonly task: "classify" | "tag" | "seq2seq" | "lm";
  readonly data: SetData;
  /** Where its table has more columns than the task. */
  readonly columns?: string;
  /** What the set is about, where there are two readings of its data. Nothing here tunes a training. */
  readonly options?: readonly string[];
  readonly metric: keyof typeof METRICS;
  /** At least, or of nats at most; or so much better than the best of the simple baselines that have the metric. */
  readonly wanted: number | { readonly aboveBaseline: number };
  /** Of the whole command. */
  readonly seconds: number;
  /** A second model with these options, which the first must outdo by so many points on test rows of more words. */
  readonly contrast?: { readonly options: readonly string[]; readonly words: number; readonly points: number };
  readonly published: readonly string[];
}

const parts = (train: string) => ({ train, dev: "dev.tsv", test: "test.tsv" });

const table = (folder: string, train: string, wanted: number, seconds: number, ...published: readonly string[]): AccuracySet => ({
  name: folder,
  folder,
  task: "classify",
  data: parts(train),
  metric: "accuracy",
  wanted,
  seconds,
  published,
});

const snips = {
  folder: "intent-slots-snips",
  data: parts("train.tsv.gz"),
  seconds: 300,
};

const pairs = (
  folder: string,
  train: string,
  wanted: AccuracySet["wanted"],
  seconds: number,
  ...published: readonly string[]
): AccuracySet => ({ name: folder, folder, task: "seq2seq", data: parts(train), metric: "exactMatch", wanted, seconds, published });

const text = (folder: string, file: string, wanted: number, seconds: number, ...published: readonly string[]): AccuracySet => ({
  name: folder,
  folder,
  task: "lm",
  data: { text: file },
  metric: "nats",
  wanted,
  seconds,
  published,
});

export const SETS: readonly AccuracySet[] = [
  table("langid-tatoeba", "train.tsv", 0.965, 300),
  table("names-language", "train.tsv", 0.835, 180),
  table(
    "sentiment-mr",
    "train.tsv.gz",
    0.79,
    180,
    "convolutional network with random vectors 76.1 % (Kim 2014, arXiv 1408.5882; ten-fold cross-validation)",
  ),
  table(
    "subjectivity",
    "train.tsv.gz",
    0.927,
    180,
    "convolutional network with random vectors 89.6 % (Kim 2014, arXiv 1408.5882; ten-fold cross-validation)",
  ),
  table("spam-sms", "train.tsv", 0.978, 120, "support vector machine 97.6 % (Almeida et al. 2011, DOCENG; another split)"),
  {
    ...snips,
    name: "snips-intents",
    task: "classify",
    columns: "label=1,text=2",
    metric: "accuracy",
    wanted: 0.97,
    published: ["slot-gated BiLSTM 97.0 % (Goo et al. 2018, NAACL N18-2118; the same split)"],
  },
  {
    ...snips,
    name: "snips-slots",
    task: "tag",
    columns: "tokens=2,tags=3",
    metric: "f1",
    wanted: 0.91,
    published: ["slot-gated BiLSTM 88.8 % (Goo et al. 2018, NAACL N18-2118; the same split)"],
  },
  {
    name: "pos-en-ewt",
    folder: "pos-en-ewt",
    task: "tag",
    data: { train: "en_ewt-ud-train.conllu.gz", dev: "en_ewt-ud-dev.conllu.gz", test: "en_ewt-ud-test.conllu.gz" },
    metric: "accuracy",
    wanted: 0.944,
    seconds: 600,
    published: ["UDPipe 1.2 94.4 % (as the wish says; an earlier release of the treebank)"],
  },
  {
    name: "pos-es-ancora",
    folder: "pos-es-ancora",
    task: "tag",
    data: { train: "train.conllu.gz", dev: "dev.conllu", test: "es_ancora-ud-test.conllu.gz" },
    metric: "accuracy",
    wanted: 0.955,
    seconds: 300,
    published: [],
  },
  {
    name: "ner-en-wnut17",
    folder: "ner-en-wnut17",
    task: "tag",
    data: { train: "train.conll", dev: "dev.conll", test: "test.conll" },
    metric: "f1",
    wanted: { aboveBaseline: 0 },
    seconds: 300,
    published: ["best of the shared task, with vectors trained on other text, 41.9 % (Derczynski et al. 2017, W17-4418)"],
  },
  text(
    "lm-shakespeare",
    "input.txt.gz",
    1.62,
    900,
    "transformer of 10.65 million parameters 1.4697 nats (readme of karpathy/nanoGPT; the same split, GPU)",
  ),
  text("lm-quijote-es", "quijote.txt.gz", 1.33, 1200),
  {
    name: "lm-names-en",
    folder: "lm-names-en",
    task: "lm",
    data: { lines: "names.txt" },
    options: ["--lines"],
    metric: "nats",
    wanted: 2.04,
    seconds: 300,
    published: ["fully connected network 2.2 nats (exercise 1 of Karpathy's lecture Building makemore, part 2; another split)"],
  },
  pairs("dates-es-en", "train.tsv", 0.99, 600),
  {
    ...pairs("inflection-es", "train-high.tsv", 0.93, 900, "rules 90.7 % (as the wish says)"),
    columns: "source=1,target=2,features=3",
  },
  {
    ...pairs(
      "g2p-en-cmudict",
      "train.tsv.gz",
      0.67,
      3600,
      "Phonetisaurus 66.1 % (word error rate 33.89 %; github.com/cmusphinx/g2p-seq2seq, issue 36; another split, its stress is not said)",
    ),
    data: { ...parts("train.tsv.gz"), erase: /\d/g },
  },
  pairs("translit-en-he", "train.tsv", { aboveBaseline: 0.1 }, 1800),
  {
    ...pairs("translate-en-es", "train.tsv.gz", 25, 3600),
    metric: "bleu",
    contrast: { options: ["--attention", "none"], words: 6, points: 5 },
  },
];
