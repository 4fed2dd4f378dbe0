/** The sets that accuracy is measured on, what they should reach, and what others published about them. Nothing here is an option of training. */
export interface AccuracySet {
  readonly name: string;
  readonly folder: string;
  readonly task: "classify" | "tag";
  readonly train: string;
  readonly dev: string;
  readonly test: string;
  /** Where its table has more columns than the task. */
  readonly columns?: string;
  readonly metric: "accuracy" | "f1";
  /** As a share; "baseline": the best of the simple baselines that have the metric. */
  readonly wanted: number | "baseline";
  /** Of the whole command. */
  readonly seconds: number;
  readonly published: readonly string[];
}

const table = (folder: string, train: string, wanted: number, seconds: number, ...published: readonly string[]): AccuracySet => ({
  name: folder,
  folder,
  task: "classify",
  train,
  dev: "dev.tsv",
  test: "test.tsv",
  metric: "accuracy",
  wanted,
  seconds,
  published,
});

const snips = {
  folder: "intent-slots-snips",
  train: "train.tsv.gz",
  dev: "dev.tsv",
  test: "test.tsv",
  seconds: 300,
};

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
    train: "en_ewt-ud-train.conllu.gz",
    dev: "en_ewt-ud-dev.conllu.gz",
    test: "en_ewt-ud-test.conllu.gz",
    metric: "accuracy",
    wanted: 0.944,
    seconds: 600,
    published: ["UDPipe 1.2 94.4 % (as the wish says; an earlier release of the treebank)"],
  },
  {
    name: "pos-es-ancora",
    folder: "pos-es-ancora",
    task: "tag",
    train: "train.conllu.gz",
    dev: "dev.conllu",
    test: "es_ancora-ud-test.conllu.gz",
    metric: "accuracy",
    wanted: 0.955,
    seconds: 300,
    published: [],
  },
  {
    name: "ner-en-wnut17",
    folder: "ner-en-wnut17",
    task: "tag",
    train: "train.conll",
    dev: "dev.conll",
    test: "test.conll",
    metric: "f1",
    wanted: "baseline",
    seconds: 300,
    published: ["best of the shared task, with vectors trained on other text, 41.9 % (Derczynski et al. 2017, W17-4418)"],
  },
];
