/** `recurra train sequence`: a class, a value or the next steps of sequences of numbers. */
import { FormatError } from "../../errors.js";
import { numberBaselines } from "../../tasks/baselines/index.js";
import { NumberSequenceModel } from "../../tasks/number-sequence.js";
import { trainNumberSequence } from "../../tasks/train-number-sequence.js";
import type { NumberSequence } from "../../text/examples.js";
import { readNumberSequences } from "../../text/readers/index.js";
import { regressionReport } from "../../train/regression-metrics.js";
import { labelOutcomes, labelScores, type Said } from "./labels.js";
import type { Metrics, Outcomes, PredictStyle, Task, TaskModel } from "./task.js";

/** Of classes the label, else true numbers and predicted ones. */
type Answer = Said | { readonly truth: readonly number[]; readonly predicted: readonly number[] };

const labelOf = ({ target }: NumberSequence): string => String(target);

class SequenceModel implements TaskModel<NumberSequence, Answer> {
  constructor(private readonly model: NumberSequenceModel) {}

  get network() {
    return this.model.network;
  }

  answers(examples: readonly NumberSequence[]): Answer[] {
    if (this.model.config.output !== "class") return examples.map((example) => this.model.errors([example]));
    return this.model
      .predict(examples.map(({ values }) => values))
      .map(({ label, probability }) => ({ label: label!, probability: probability! }));
  }

  score(examples: readonly NumberSequence[], answers: readonly Answer[]): Metrics {
    if (this.model.config.output === "class") return labelScores(this.model.labels, examples.map(labelOf), answers as Said[]);
    const errors = answers as readonly Exclude<Answer, Said>[];
    const all = (name: "truth" | "predicted") => errors.flatMap((answer) => answer[name]);
    return { ...regressionReport(all("truth"), all("predicted")) };
  }

  outcomes(examples: readonly NumberSequence[], answers: readonly Answer[]): Outcomes | undefined {
    return this.model.config.output === "class" ? labelOutcomes(this.model.labels, examples.map(labelOf), answers as Said[]) : undefined;
  }

  predict(lines: readonly string[], { top, json }: PredictStyle): string[] {
    const found = this.model.predict(lines.map(stepsOf));
    return found.map(({ label, probability, probabilities, value, next }) => {
      if (json) return JSON.stringify({ label, probability, value, next });
      if (probabilities === undefined) return (next ?? [value!]).map((step) => step.join("\t")).join("\n");
      const ranked = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]!).slice(0, top);
      return ranked.map((i) => `${this.model.labels[i]}\t${probabilities[i]!.toFixed(4)}`).join("\t");
    });
  }

  save(): Uint8Array {
    return this.model.save();
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** A line of numbers, the steps of one feature; or JSON, a list of steps. @throws FormatError */
function stepsOf(line: string, i: number): number[][] {
  const fail = (): never => {
    throw new FormatError(`predict: line ${i + 1} ${JSON.stringify(line.slice(0, 40))}, wants numbers, or JSON of a list of steps`);
  };
  if (!line.trimStart().startsWith("[")) {
    const numbers = line
      .split(/[\s,;]+/)
      .filter((part) => part !== "")
      .map(Number);
    return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers.map((number) => [number]) : fail();
  }
  let steps: unknown;
  try {
    steps = JSON.parse(line);
  } catch {
    fail();
  }
  const isNumber = (value: unknown) => typeof value === "number";
  const rows = (steps as unknown[]).map((step) => (Array.isArray(step) ? step : [step]));
  return rows.length > 0 && rows.every((row) => row.length > 0 && row.every(isNumber)) ? (rows as number[][]) : fail();
}

export const sequence: Task<NumberSequence> = {
  name: "sequence",
  kind: "number-sequence",
  metric: ({ accuracy }) => (accuracy === undefined ? "rmse" : "accuracy"),
  read: (source, { columns }) => readNumberSequences(source, columns === undefined ? {} : { columns }),
  stratum: ({ target }) => (typeof target === "string" ? target : ""),
  describe: (examples) => {
    const steps = examples.reduce((sum, { values }) => sum + values.length, 0);
    return `${examples.length} sequences, ${steps} steps of ${examples[0]?.values[0]?.length ?? 0} numbers`;
  },
  baselines: numberBaselines,
  train: async (engine, data, options, hooks) => {
    const { model, result } = await trainNumberSequence(engine, data, { ...options, ...hooks });
    return { model: new SequenceModel(model), result };
  },
  load: (engine, bytes) => new SequenceModel(NumberSequenceModel.load(engine, bytes)),
};
