/** Simple predictors, without an engine and in seconds: what a network has to beat. */
export { type BaselineMetrics, classificationBaselines } from "./classification.js";
export { numberBaselines } from "./numbers.js";
export { taggingBaselines } from "./tagging.js";
