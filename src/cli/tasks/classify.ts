/** `recurra train classify`: labels for whole texts. */
import { ConfigError } from "../../errors.js";
import { quoted } from "../../io/text-error.js";
import { classificationBaselines } from "../../tasks/baselines/index.js";
import type { ExplainOptions, Explanation } from "../../tasks/explain.js";
import type { Prediction } from "../../tasks/prediction.js";
import { SequenceClassifier } from "../../tasks/sequence-classifier.js";
import { labelsOf } from "../../tasks/targets.js";
import { trainSequenceClassifier } from "../../tasks/train-classifier.js";
import type { LabelledText } from "../../text/examples.js";
import { readLabelledTexts } from "../../text/readers/index.js";
import { labelOutcomes, labelScores, severalOutcomes, severalScores } from "./labels.js";
import type { Metrics, Outcomes, PredictStyle, Task, TaskModel } from "./task.js";

/** A first text that alone has a label seen once is likely the header of a table that was read as one without. */
function likelyHeader(examples: readonly LabelledText[]): string | undefined {
  const counts = new Map<string, number>();
  for (const label of examples.flatMap(labelsOf)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [only, another] = [...counts].filter(([, count]) => count === 1).map(([label]) => label);
  const [first] = examples;
  if (first === undefined || only === undefined || another !== undefined || labelOf(first) !== only) return undefined;
  return `only the first text, ${quoted(first.text)}, has the label ${quoted(only)}; if it is a header, --columns label=NAME,text=NAME with its names reads it as one`;
}

const labelOf = ({ label }: LabelledText): string => (typeof label === "string" ? label : [...label].sort().join(" "));

class ClassifierModel implements TaskModel<LabelledText, Prediction> {
  constructor(private readonly classifier: SequenceClassifier) {}

  get network() {
    return this.classifier.module;
  }

  answers(examples: readonly LabelledText[]): Prediction[] {
    return this.classifier.predict(examples.map(({ text }) => text));
  }

  score(examples: readonly LabelledText[], answers: readonly Prediction[]): Metrics {
    const { labels, config } = this.classifier;
    return config.multiLabel ? severalScores(labels, examples.map(labelsOf), answers) : labelScores(labels, examples.map(labelOf), answers);
  }

  outcomes(examples: readonly LabelledText[], answers: readonly Prediction[]): Outcomes {
    const { labels, config } = this.classifier;
    return config.multiLabel
      ? severalOutcomes(labels, examples.map(labelsOf), answers)
      : labelOutcomes(labels, examples.map(labelOf), answers);
  }

  predict(lines: readonly string[], { top, json }: PredictStyle): string[] {
    const { labels: all } = this.classifier;
    return this.classifier.predict(lines).map(({ probabilities, labels }, i) => {
      const ranked = all.map((label, j) => ({ label, probability: probabilities[j]! })).sort((a, b) => b.probability - a.probability);
      const shown = ranked.slice(0, top).map(({ label, probability }) => ({ label, probability: Number(probability.toFixed(4)) }));
      if (json) return JSON.stringify({ text: lines[i], labels, predictions: shown });
      return `${shown.map(({ label, probability }) => `${label}\t${probability.toFixed(4)}`).join("\t")}\t${lines[i]}`;
    });
  }

  explain(text: string, options: ExplainOptions): Promise<Explanation> {
    return this.classifier.explain(text, options);
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
  metric: ({ accuracy }) => (accuracy === undefined ? "microF1" : "accuracy"),
  read: readLabelledTexts,
  stratum: labelOf,
  describe: (examples) => `${examples.length} texts, ${new Set(examples.flatMap(labelsOf)).size} labels`,
  doubt: likelyHeader,
  baselines: classificationBaselines,
  train: async (engine, data, { tokenizer, lowercase, ...options }, hooks) => {
    if (lowercase !== undefined && tokenizer === undefined)
      throw new ConfigError("train classify: lowercase without tokenizer, wants both");
    const cut = tokenizer === undefined ? {} : { tokenizer: { type: tokenizer as "words", lowercase: lowercase === true } };
    const { classifier, result } = await trainSequenceClassifier(engine, data, { ...options, ...cut, ...hooks });
    return { model: new ClassifierModel(classifier), result };
  },
  load: (engine, bytes) => new ClassifierModel(SequenceClassifier.load(engine, bytes)),
};
