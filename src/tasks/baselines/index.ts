/** Simple predictors, without an engine and in seconds: what a network has to beat. */
export { type BaselineMetrics, classificationBaselines } from "./classification.js";
export { textBaselines } from "./ngram-model.js";
export { numberBaselines } from "./numbers.js";
export { sequenceBaselines } from "./sequences.js";
export { taggingBaselines } from "./tagging.js";
