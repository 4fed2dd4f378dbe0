/** Exports without gradients of their own, and why. An export that stands neither here nor in cases/ fails exports.test.ts. */
import { Optimizer, RecurraError, Scheduler } from "../../src/index.js";
import { SURFACE } from "./exports.js";

const BY_NAME: Readonly<Record<string, string>> = {
  AveragedWeights: "averages parameters in place",
  Completion: "single steps of LanguageNetwork",
  Engine: "memory and kernels",
  LanguageModel: "text around LanguageNetwork",
  Module: "what layers extend",
  NumberSequenceModel: "numbers around NumberNetwork",
  Parameter: "a tensor",
  RowSparse: "a gradient",
  Seq2Seq: "text around EncoderDecoder",
  SequenceClassifier: "text around TextNetwork",
  Tensor: "data",
  TokenClassifier: "text around TokenNetwork",
  Tokenizer: "cuts text",
  VERSION: "a text",
  Vocabulary: "counts tokens",
  WordVectors: "numbers from a file",
  backward: "walks the tape",
  bleu: "compares texts",
  chrf: "compares texts",
  clipGradNorm: "changes gradients in place",
  clipGradValue: "changes gradients in place",
  createEngine: "makes an engine",
  createEngineSync: "makes an engine",
  createTokenizer: "makes a Tokenizer",
  crossValidate: "trains many times",
  decayGroups: "sorts parameters",
  detach: "cuts gradients off",
  distinctNgrams: "counts",
  editDistance: "counts",
  findLearningRate: "a training loop",
  fit: "a training loop",
  fromHuggingFace: "makes a Tokenizer",
  full: "makes a tensor of numbers",
  gradcheck: "the check itself",
  gradientThroughTime: "measures gradients",
  gradientTimesInput: "measures gradients",
  init: "fills parameters in place",
  integratedGradients: "measures gradients",
  isRecurraError: "a question",
  keep: "copies and cuts gradients off",
  loadEvaluation: "loads code",
  noGrad: "switches recording off",
  ones: "makes a tensor of numbers",
  parseColumns: "reads an option",
  readLabelledTexts: "reads text",
  readNumberSequences: "reads numbers",
  readPairs: "reads text",
  readPlainText: "reads text",
  readSafetensors: "reads bytes",
  readStateDict: "reads bytes",
  readTaggedTokens: "reads text",
  readTokenIds: "reads text",
  readVocabulary: "reads text",
  readWordVectors: "reads text",
  recordStates: "looks at states",
  sequenceScore: "compares sequences",
  snapshot: "copies parameters",
  sourceOf: "bytes with a name",
  statistics: "looks at parameters",
  summary: "counts parameters",
  taggingConstraints: "a table of what is allowed",
  tensor: "makes a tensor of numbers",
  trainLanguageModel: "a training loop",
  trainNumberSequence: "a training loop",
  trainSeq2Seq: "a training loop",
  trainSequenceClassifier: "a training loop",
  trainTokenClassifier: "a training loop",
  trainTokenizer: "makes a Tokenizer",
  tune: "trains many times",
  writeStateDict: "writes bytes",
  writeVocabulary: "writes text",
  zeros: "makes a tensor of numbers",
};

/** Names that end so make a Scheduler. */
const SCHEDULES = /LR$|LR[A-Z]|^cosineAnnealing|^warmup|^withWarmup$/;

/** Why an export has no gradients, or undefined. */
export function reasonFor(name: string): string | undefined {
  const subject: unknown = SURFACE[name as keyof typeof SURFACE];
  if (typeof subject === "function") {
    for (const Kind of [RecurraError, Optimizer, Scheduler] as const) {
      if (subject === Kind || subject.prototype instanceof Kind) return `a ${Kind.name}`;
    }
    if (SCHEDULES.test(name)) return "makes a Scheduler";
  }
  return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
}

export const OTHER_NAMES: readonly string[] = Object.keys(BY_NAME);
