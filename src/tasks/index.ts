/** recurra/tasks: models that take text, and their training. */
export { readWordVectors, type WordVectorOptions, WordVectors } from "../io/word-vectors.js";
export type { LabelledText, NumberSequence, TaggedTokens, TextPair } from "../text/examples.js";
export * from "../text/readers/index.js";
export { createTokenizer, Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
export { fromHuggingFace, type HuggingFaceTokenizer, trainTokenizer } from "../text/train-tokenizer.js";
export { Vocabulary, type VocabularyOptions } from "../text/vocabulary.js";
export { readTokenIds, readVocabulary, writeVocabulary } from "../text/vocabulary-file.js";
export { type BleuScore, bleu } from "../train/bleu.js";
export type { CheckpointOptions, CheckpointStore } from "../train/checkpoint.js";
export { type ChrfOptions, chrf } from "../train/chrf.js";
export { distinctNgrams, editDistance, type SequenceScore, sequenceScore } from "../train/edit-distance.js";
export type { SequenceClassifierConfig } from "./classifier-config.js";
export type { TrainClassifierOptions } from "./classifier-options.js";
export { Completion } from "./completion.js";
export type { CrossValidation, Fold, FoldOptions } from "./cross-validation.js";
export type { ExplainedToken, ExplainOptions, Explanation } from "./explain.js";
export { type GenerateOptions, LanguageModel, type TextScore } from "./language-model.js";
export type { LanguageNetworkConfig } from "./language-network.js";
export type { LearningRateOptions, LearningRateSweep } from "./learning-rate.js";
export type { NgramOptions } from "./ngrams.js";
export type { NumberModelConfig } from "./number-config.js";
export type { NumberOutput, NumberSteps, Scale } from "./number-data.js";
export { type NumberErrors, type NumberMetrics, type NumberPrediction, NumberSequenceModel } from "./number-sequence.js";
export {
  crossValidate,
  findLearningRate,
  loadEvaluation,
  trainLanguageModel,
  trainNumberSequence,
  trainSeq2Seq,
  trainTokenClassifier,
  tune,
} from "./on-demand.js";
export type { Prediction } from "./prediction.js";
export {
  Seq2Seq,
  type Seq2SeqConfig,
  type Seq2SeqInput,
  type Seq2SeqMetrics,
  type TextSide,
  type Transduced,
  type TransduceOptions,
} from "./seq2seq.js";
export { type EncodedText, SequenceClassifier, type SequenceClassifierParts } from "./sequence-classifier.js";
export type { SequenceNetworkConfig } from "./sequence-network.js";
export type { TagMetrics } from "./tag-metrics.js";
export type { Encoder, Pooling, TextNetworkConfig } from "./text-network.js";
export {
  type Entity,
  type TaggedSentence,
  type TaggedText,
  type TagOptions,
  type TextToken,
  TokenClassifier,
} from "./token-classifier.js";
export type { TokenEncoder, TokenNetworkConfig } from "./token-network.js";
export { trainSequenceClassifier } from "./train-classifier.js";
export type { TrainLanguageModelOptions } from "./train-language-model.js";
export type { NumberData, TrainNumberOptions } from "./train-number-sequence.js";
export type { TrainSeq2SeqOptions } from "./train-seq2seq.js";
export type { TrainTaggerOptions } from "./train-tagger.js";
export type { TrainingOptions } from "./training.js";
export type { LogRecord } from "./training-log.js";
export type { NumberRange, OptionValue, Trial, Tuning, TuningOptions, TuningSpace } from "./tuning.js";
