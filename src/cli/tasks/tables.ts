/** The options of each task: flags of `recurra train`, keys of the configuration file, lines of help, all from these tables. */
import { OPTIMIZER_NAMES, SCHEDULE_NAMES } from "../../tasks/recipe.js";
import { choice, count, list, type OptionTable, real, yes } from "../options.js";

/** What a run needs besides the task's own options. */
export const RUN: OptionTable = {
  seed: count(0, "everything random follows from it (default: 1)"),
  numerics: choice(["fast", "reproducible"], "reproducible gives the same bits on every machine (default: fast)"),
  threads: count(1, "threads; the result does not depend on them (default: 2, of one core 1)"),
};

const TRAINING: OptionTable = {
  batchSize: count(1, "examples in a mini-batch"),
  epochs: count(1, "passes over the training data at most"),
  lr: real(0, 10, "peak learning rate"),
  optimizer: choice(OPTIMIZER_NAMES, "what follows the gradient (default: adam)"),
  weightDecay: real(0, Number.MAX_VALUE, "pull of the weights towards 0"),
  schedule: choice(SCHEDULE_NAMES, "how the rate falls (default: linear)"),
  warmup: real(0, 1, "share of the training over which the rate rises (default: 0.05)"),
  accumulate: count(1, "mini-batches joined in one update"),
  clip: real(0, Number.MAX_VALUE, "joint norm that gradients are clipped to"),
  evaluateEvery: count(1, "updates from one evaluation to the next (default: an epoch)"),
  patience: count(1, "evaluations without a better one before training stops"),
  maxSeconds: real(0, Number.MAX_VALUE, "stop training after so many seconds"),
  onNonFinite: choice(["throw", "skip"], "what an update that is not finite does (default: throw)"),
  freeze: list("starts of names of parameters that keep their values"),
};

const RECURRENT: OptionTable = {
  hiddenSize: count(1, "size of the recurrent state"),
  numLayers: count(1, "recurrent layers, one above the other"),
  bidirectional: yes("read from both ends"),
  dropout: real(0, 1, "share of values that training drops"),
};

const CLASSIFY: OptionTable = {
  encoder: choice(
    ["auto", "bag", "window", "rnn", "lstm", "gru"],
    "what reads the text; bag: n-grams, window: a fully connected network over the first tokens, auto: n-grams beside a GRU",
  ),
  bag: yes("n-grams beside the network"),
  input: choice(["words", "characters", "both"], "what the network reads"),
  tokenizer: choice(["characters", "words", "whitespace", "bytes"], "how its tokens are cut, instead of --input"),
  lowercase: yes("in small letters, with --tokenizer"),
  pooling: choice(["last", "mean", "max", "attention"], "how the encoder's outputs become one vector"),
  embeddingDim: count(1, "size of a token's vector"),
  characterDim: count(0, "size of a character's vector, read beside the tokens"),
  ...RECURRENT,
  window: count(1, "tokens that window reads"),
  maxLength: count(1, "tokens of a text that the network reads"),
  minCount: count(1, "tokens seen less often become unknown"),
  tokenDropout: real(0, 1, "share of the tokens that training takes for unknown"),
  classWeights: choice(["balanced"], "let rare labels count more"),
  oversample: yes("repeat examples of rare labels"),
  freezeVectors: yes("keep the tokens' vectors as they start"),
};

const TAG: OptionTable = {
  encoder: choice(["lstm", "gru", "rnn", "window"], "what reads the sentence; window: a fully connected network over neighbours"),
  output: choice(["auto", "softmax", "crf"], "each tag by itself, or whole sequences of tags"),
  embeddingDim: count(0, "size of the vectors of forms of words"),
  ...RECURRENT,
  affixDim: count(0, "size of the vectors of beginnings and ends of words"),
  charDim: count(1, "size of a character's vector"),
  charHiddenSize: count(0, "size of the state that reads characters"),
  windowSize: count(0, "neighbours on either side that window sees"),
  minCount: count(1, "words seen less often are unknown, but for their characters"),
  wordDropout: real(0, Number.MAX_VALUE, "how readily rare words are taken for unknown in training"),
  sentenceLabels: yes("learn labels of whole sentences with the tags"),
  strict: yes("refuse tags that break their scheme instead of repairing them"),
};

const SEQUENCE: OptionTable = {
  output: choice(["class", "value", "next"], "what to learn; by default the targets tell"),
  encoder: choice(["gru", "lstm", "rnn"], "what reads the steps"),
  ...RECURRENT,
  horizon: count(1, "next steps that are foretold at once"),
  context: count(1, "last steps that are read to foretell the next ones"),
};

const UNITS = ["characters", "words", "subwords", "whitespace", "bytes"];

const SEQ2SEQ: OptionTable = {
  sourceTokenizer: choice(UNITS, "what sources are made of; by default the texts tell"),
  targetTokenizer: choice(UNITS, "what targets are made of; by default the texts tell"),
  cell: choice(["lstm", "gru", "rnn"], "what reads and writes"),
  attention: choice(
    ["general", "dot", "concat", "bahdanau", "none"],
    "how the writer looks at the source; none: the state alone carries it",
  ),
  inputFeeding: yes("the writer reads what it attended to"),
  embeddingDim: count(1, "size of a token's vector"),
  ...RECURRENT,
  attentionSize: count(1, "width inside bahdanau and concat"),
  maxLength: count(1, "tokens of an output at most (default: twice the longest target, and 10)"),
  minCount: count(1, "tokens seen less often become unknown"),
  labelSmoothing: real(0, 1, "share of a target's probability spread over all tokens (default: 0.1)"),
  scheduledSampling: real(0, 1, "how often the writer reads its own output in training (default: 0)"),
};

const { bidirectional: _, ...FORWARD } = RECURRENT;

const LM: OptionTable = {
  tokenizer: choice(UNITS, "what the text is made of (default: characters)"),
  lines: yes("each line is a text of its own, such as a name or a verse"),
  cell: choice(["lstm", "gru", "rnn"], "what reads the text"),
  embeddingDim: count(1, "size of a token's vector"),
  ...FORWARD,
  weightDropout: real(0, 1, "share of the hidden-to-hidden weights that training drops"),
  tied: yes("the output layer has the embedding's weight"),
  sequenceLength: count(1, "steps that gradients go back through (default: 64)"),
  minCount: count(1, "tokens seen less often become unknown"),
};

/** How `recurra generate` draws tokens. */
export const DRAWING: OptionTable = {
  maxTokens: count(0, "tokens at most (default: 200)"),
  temperature: real(0, Number.MAX_VALUE, "above 1 bolder, below 1 more careful, 0 the best token always (default: 1)"),
  topK: count(0, "draw from the k best tokens only"),
  topP: real(0, 1, "draw from the likeliest tokens that have this probability together"),
  minP: real(0, 1, "draw from tokens with at least this share of the best one's probability"),
  repetitionPenalty: real(0, Number.MAX_VALUE, "above 1: tokens that were there come less readily"),
  seed: count(0, "the same seed, the same text (default: 0)"),
};

/** Model options, then those of training, as help shows them. */
export const TABLES = {
  classify: { model: CLASSIFY, training: TRAINING },
  tag: { model: TAG, training: TRAINING },
  sequence: { model: SEQUENCE, training: TRAINING },
  seq2seq: { model: SEQ2SEQ, training: TRAINING },
  lm: { model: LM, training: TRAINING },
} as const;

export type TaskName = keyof typeof TABLES;

export const tableOf = (task: TaskName): OptionTable => ({ ...RUN, ...TABLES[task].model, ...TABLES[task].training });
