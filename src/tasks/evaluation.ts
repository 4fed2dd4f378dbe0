/** What models are judged by: metrics, how sure they are, and the baselines beside them. */
export { calibrationError } from "../train/calibration.js";
export { entityScores } from "../train/entity-metrics.js";
export { accuracy, classReport, confusionMatrix, mostConfused, multiLabelReport } from "../train/metrics.js";
export { regressionReport } from "../train/regression-metrics.js";
export { bootstrapInterval, mcnemarTest, randomisationTest } from "../train/significance.js";
export { classificationBaselines, numberBaselines, sequenceBaselines, taggingBaselines, textBaselines } from "./baselines/index.js";
export { splitFolds } from "./cross-validation.js";
