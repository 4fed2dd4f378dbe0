/** The trainings of all tasks, as one module that is loaded on demand. */
export { trainLanguageModel } from "./train-language-model.js";
export { trainNumberSequence } from "./train-number-sequence.js";
export { trainSeq2Seq } from "./train-seq2seq.js";
export { trainTokenClassifier } from "./train-tagger.js";
