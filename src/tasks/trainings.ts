/** The trainings of all tasks and what is done with many of them, as one module that is loaded on demand. */
export { crossValidate } from "./cross-validation.js";
export { findLearningRate } from "./learning-rate.js";
export { trainLanguageModel } from "./train-language-model.js";
export { trainNumberSequence } from "./train-number-sequence.js";
export { trainSeq2Seq } from "./train-seq2seq.js";
export { trainTokenClassifier } from "./train-tagger.js";
export { tune } from "./tuning.js";
