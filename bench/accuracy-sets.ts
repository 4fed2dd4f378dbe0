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

const table = (folder: string, train: string, wanted: number, seconds: number, ...published: readonly string[]): AccuracySet => ({
  name: folder,
  folder,
  task: "classify",
  data: { train, dev: "dev.tsv", test: "test.tsv" },
  metric: "accuracy",
  wanted,
  seconds,
  published,
});

const snips = {
  folder: "intent-slots-snips",
  data: { train: "train.tsv.gz", dev: "dev.tsv", test: "test.tsv" },
  seconds: 300,
};

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
    published: [],
  },
  {
    name: "dates-es-en",
    folder: "dates-es-en",
    task: "seq2seq",
    data: { train: "train.tsv", dev: "dev.tsv", test: "test.tsv" },
    metric: "exactMatch",
    wanted: 0.99,
    seconds: 600,
    published: [],
  },
  {
    name: "inflection-es",
    folder: "inflection-es",
    task: "seq2seq",
    data: { train: "train-high.tsv", dev: "dev.tsv", test: "test.tsv" },
    columns: "source=1,target=2,features=3",
    metric: "exactMatch",
    wanted: 0.93,
    seconds: 900,
    published: [],
  },
  {
    name: "g2p-en-cmudict",
    folder: "g2p-en-cmudict",
    task: "seq2seq",
    data: { train: "train.tsv.gz", dev: "dev.tsv", test: "test.tsv", erase: /\d/g },
    metric: "exactMatch",
    wanted: 0.67,
    seconds: 3600,
    published: [
      "Phonetisaurus 66.1 % (word error rate 33.89 %; github.com/cmusphinx/g2p-seq2seq, issue 36; another split, its stress is not said)",
    ],
  },
  {
    name: "translit-en-he",
    folder: "translit-en-he",
    task: "seq2seq",
    data: { train: "train.tsv", dev: "dev.tsv", test: "test.tsv" },
    metric: "exactMatch",
    wanted: { aboveBaseline: 0.1 },
    seconds: 1800,
    published: [],
  },
  {
    name: "translate-en-es",
    folder: "translate-en-es",
    task: "seq2seq",
    data: { train: "train.tsv.gz", dev: "dev.tsv", test: "test.tsv" },
    metric: "bleu",
    wanted: 25,
    seconds: 3600,
    contrast: { options: ["--attention", "none"], words: 6, points: 5 },
    published: [],
  },
];
