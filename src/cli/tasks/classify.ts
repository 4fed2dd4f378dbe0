/** `recurra train classify`: labels for whole texts. */

import { type Prediction, SequenceClassifier } from "../../tasks/sequence-classifier.js";
import { trainSequenceClassifier } from "../../tasks/train-classifier.js";
import type { LabelledText } from "../../text/examples.js";
import { readLabelledTexts } from "../../text/readers/index.js";
import { accuracy, classReport, confusionMatrix } from "../../train/metrics.js";
import type { Metrics, Outcomes, PredictStyle, Task, TaskModel } from "./task.js";

const labelOf = ({ label }: LabelledText): string => (typeof label === "string" ? label : [...label].sort().join(" "));

/** Metrics of always guessing the most frequent label. */
function majority(train: readonly LabelledText[], test: readonly LabelledText[]): Metrics {
  const labels = [...new Set([...train, ...test].map(labelOf))].sort();
  const numbers = new Map(labels.map((label, i) => [label, i]));
  const counts = new Int32Array(labels.length);
  for (const example of train) counts[numbers.get(labelOf(example))!]!++;
  const truth = test.map((example) => numbers.get(labelOf(example))!);
  return scoresOf({ labels, truth, predicted: truth.map(() => counts.indexOf(Math.max(...counts))) });
}

const scoresOf = ({ labels, truth, predicted }: Outcomes): Metrics => ({
  accuracy: accuracy(truth, predicted),
  macroF1: classReport(confusionMatrix(truth, predicted, labels.length)).macroF1,
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
    return scoresOf(this.outcomes(examples, answers));
  }

  /** Labels that training did not have come behind the others. */
  outcomes(examples: readonly LabelledText[], answers: readonly Prediction[]): Outcomes & { readonly confidence: readonly number[] } {
    const labels = [...new Set([...this.classifier.labels, ...examples.map(labelOf)])];
    const numbers = new Map(labels.map((label, i) => [label, i]));
    return {
      labels,
      truth: examples.map((example) => numbers.get(labelOf(example))!),
      predicted: answers.map(({ label }) => numbers.get(label)!),
      confidence: answers.map(({ probability }) => probability),
    };
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
  baselines: (train, test) => ({ majority: majority(train, test) }),
  train: async (engine, data, options, hooks) => {
    const { classifier, result } = await trainSequenceClassifier(engine, data, { ...options, ...hooks });
    return { model: new ClassifierModel(classifier), result };
  },
  load: (engine, bytes) => new ClassifierModel(SequenceClassifier.load(engine, bytes)),
};
