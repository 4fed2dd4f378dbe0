/** `recurra train classify`: labels for whole texts. */

import { classificationBaselines } from "../../tasks/baselines/index.js";
import { type Prediction, SequenceClassifier } from "../../tasks/sequence-classifier.js";
import { trainSequenceClassifier } from "../../tasks/train-classifier.js";
import type { LabelledText } from "../../text/examples.js";
import { readLabelledTexts } from "../../text/readers/index.js";
import { calibrationError } from "../../train/calibration.js";
import { accuracy, classReport, confusionMatrix } from "../../train/metrics.js";
import type { Metrics, Outcomes, PredictStyle, Task, TaskModel } from "./task.js";

const labelOf = ({ label }: LabelledText): string => (typeof label === "string" ? label : [...label].sort().join(" "));

const scoresOf = (truth: readonly number[], predicted: readonly number[], classes: number): Metrics => ({
  accuracy: accuracy(truth, predicted),
  macroF1: classReport(confusionMatrix(truth, predicted, classes)).macroF1,
});

class ClassifierModel implements TaskModel<LabelledText, Prediction> {
  constructor(private readonly classifier: SequenceClassifier) {}

  get network() {
    return this.classifier.network;
  }

  answers(examples: readonly LabelledText[]): Prediction[] {
    return this.classifier.predict(examples.map(({ text }) => text));
  }

  score(examples: readonly LabelledText[], answers: readonly Prediction[]): Metrics {
    const { truth, predicted, labels } = this.#numbered(examples, answers);
    return scoresOf(truth, predicted, labels.length);
  }

  outcomes(examples: readonly LabelledText[], answers: readonly Prediction[]): Outcomes {
    const { truth, predicted, labels } = this.#numbered(examples, answers);
    const matrix = confusionMatrix(truth, predicted, labels.length);
    const { classes } = classReport(matrix);
    const right = truth.map((label, i) => label === predicted[i]);
    return {
      classes: Object.fromEntries(labels.map((label, i) => [label, classes[i]!])),
      confusions: { labels, matrix },
      calibration: calibrationError(
        answers.map(({ probability }) => probability),
        right,
        { bins: 10 },
      ),
    };
  }

  /** Labels that training did not have come behind the others. */
  #numbered(examples: readonly LabelledText[], answers: readonly Prediction[]) {
    const labels = [...new Set([...this.classifier.labels, ...examples.map(labelOf)])];
    const numbers = new Map(labels.map((label, i) => [label, i]));
    const truth = examples.map((example) => numbers.get(labelOf(example))!);
    return { labels, truth, predicted: answers.map(({ label }) => numbers.get(label)!) };
  }

  predict(lines: readonly string[], { top, json }: PredictStyle): string[] {
    const { labels } = this.classifier;
    return this.classifier.predict(lines).map(({ probabilities }, i) => {
      const ranked = labels.map((label, j) => ({ label, probability: probabilities[j]! })).sort((a, b) => b.probability - a.probability);
      const shown = ranked.slice(0, top).map(({ label, probability }) => ({ label, probability: Number(probability.toFixed(4)) }));
      if (json) return JSON.stringify({ text: lines[i], predictions: shown });
      return `${shown.map(({ label, probability }) => `${label}\t${probability.toFixed(4)}`).join("\t")}\t${lines[i]}`;
    });
  }

  save(): Uint8Array {
    return this.classifier.save();
  }

  dispose(): void {
    this.classifier.dispose();
  }
}

export const classify: Task<LabelledText> = {
  name: "classify",
  kind: "sequence-classifier",
  metric: () => "accuracy",
  read: readLabelledTexts,
  stratum: labelOf,
  describe: (examples) => `${examples.length} texts, ${new Set(examples.map(labelOf)).size} labels`,
  baselines: classificationBaselines,
  train: async (engine, data, options, hooks) => {
    const { classifier, result } = await trainSequenceClassifier(engine, data, { ...options, ...hooks });
    return { model: new ClassifierModel(classifier), result };
  },
  load: (engine, bytes) => new ClassifierModel(SequenceClassifier.load(engine, bytes)),
};
