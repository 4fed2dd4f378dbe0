/** Trainings, and what is done with many of them, are loaded when one is first called: a page that runs saved models does without them. */
import type * as Trainings from "./trainings.js";

const trainings = () => import("./trainings.js");

/** @see file:cross-validation.ts */
export const crossValidate: typeof Trainings.crossValidate = async (...given) => (await trainings()).crossValidate(...given);
/** @see file:learning-rate.ts */
export const findLearningRate: typeof Trainings.findLearningRate = async (...given) => (await trainings()).findLearningRate(...given);
/** Metrics (of classes, labels, entities, numbers), calibration, intervals, paired tests, folds and baselines: file:evaluation.ts. */
export const loadEvaluation = (): Promise<typeof import("./evaluation.js")> => import("./evaluation.js");
/** @see file:train-language-model.ts */
export const trainLanguageModel: typeof Trainings.trainLanguageModel = async (...given) => (await trainings()).trainLanguageModel(...given);
/** @see file:train-number-sequence.ts */
export const trainNumberSequence: typeof Trainings.trainNumberSequence = async (...given) =>
  (await trainings()).trainNumberSequence(...given);
/** @see file:train-seq2seq.ts */
export const trainSeq2Seq: typeof Trainings.trainSeq2Seq = async (...given) => (await trainings()).trainSeq2Seq(...given);
/** @see file:train-tagger.ts */
export const trainTokenClassifier: typeof Trainings.trainTokenClassifier = async (...given) =>
  (await trainings()).trainTokenClassifier(...given);
/** @see file:tuning.ts */
export const tune: typeof Trainings.tune = async (...given) => (await trainings()).tune(...given);
