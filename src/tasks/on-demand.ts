/** Trainings are loaded when one is first called: a page that runs saved models does without them. */
import type * as Trainings from "./trainings.js";

const trainings = () => import("./trainings.js");

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
