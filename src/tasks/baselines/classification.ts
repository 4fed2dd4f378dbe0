/** What a classifier of texts has to beat. */
import type { LabelledText } from "../../text/examples.js";
import { labelMetrics, severalLabels } from "../label-metrics.js";
import { characterFeatures, readable, wordFeatures } from "./features.js";
import { NaiveBayes } from "./naive-bayes.js";

export type BaselineMetrics = Record<string, number>;

/** A label, or a set of labels in any order, as one class. */
const keyOf = ({ label }: LabelledText): string => (typeof label === "string" ? label : JSON.stringify([...new Set(label)].sort()));

export function mostFrequent<T>(items: Iterable<T>): T | undefined {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  let best: T | undefined;
  for (const [item, n] of counts) if (best === undefined || n > counts.get(best)!) best = item;
  return best;
}

/** Accuracy and macro F1; of sets of labels micro and macro F1 and the share of sets that are right. */
function measure(test: readonly LabelledText[], predicted: readonly string[], keys: readonly string[]): BaselineMetrics {
  const truth = test.map(keyOf);
  if (test.every(({ label }) => typeof label === "string")) return labelMetrics(keys, truth, predicted);
  const sets = (all: readonly string[]) => all.map((key) => (key.startsWith("[") ? (JSON.parse(key) as string[]) : [key]));
  return severalLabels(sets(keys).flat(), sets(truth), sets(predicted)).metrics;
}

/**
 * Baselines of a classification, with the metrics that they reach on `test`: `majority`, the most frequent label of all; `naiveBayesWords`
 * over words and pairs of them, `naiveBayesCharacters` over runs of two to five characters. A set of labels is one class.
 * Of very large data as much is read as takes seconds. @returns nothing where there are no examples
 */
export function classificationBaselines(train: readonly LabelledText[], test: readonly LabelledText[]): Record<string, BaselineMetrics> {
  if (train.length === 0 || test.length === 0) return {};
  const keys = [...new Set([...train, ...test].map(keyOf))];
  const majority = mostFrequent(train.map(keyOf))!;
  const examples = readable(train);
  const classes = [...new Set(examples.map(keyOf))];
  const places = new Map(classes.map((key, c) => [key, c]));
  const labels = examples.map((example) => places.get(keyOf(example))!);
  const bayes = (featuresOf: (text: string) => string[]) => {
    const model = new NaiveBayes(
      examples.map(({ text }) => featuresOf(text)),
      labels,
      classes.length,
    );
    return measure(
      test,
      test.map(({ text }) => classes[model.predict(featuresOf(text))]!),
      keys,
    );
  };
  return {
    majority: measure(test, Array(test.length).fill(majority), keys),
    naiveBayesWords: bayes(wordFeatures()),
    naiveBayesCharacters: bayes(characterFeatures),
  };
}
