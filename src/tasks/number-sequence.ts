/** A trained model of sequences of numbers: steps in, a class, numbers or the next steps out; one file to keep it in. */
import type { Engine } from "../engine/engine.js";
import { FormatError, isRecurraError } from "../errors.js";
import type { PlainJson } from "../io/model-file.js";
import { softmax } from "../ops/softmax.js";
import { oneOf, wholeNumber } from "../options.js";
import { noGrad } from "../tensor/tape.js";
import { bucketBatches } from "../text/batching.js";
import type { NumberSequence } from "../text/examples.js";
import { regressionReport } from "../train/regression-metrics.js";
import { labelMetrics } from "./label-metrics.js";
import { decodeTask, encodeNetwork } from "./network-file.js";
import { type NumberModelConfig, readNumberConfig } from "./number-config.js";
import { checkSequences, inputsOf, type NumberSteps, targetNumbers, vectorsOf, windowsOf } from "./number-data.js";
import { countNumberParameters, type NumberBatch, NumberNetwork, type NumberShape } from "./number-network.js";
import { predictionsOf } from "./prediction.js";

/** What a sequence was found to be: of each kind of output the fields that belong to it. */
export interface NumberPrediction {
  readonly label?: string;
  readonly probability?: number;
  /** Of every label, in the order of `labels`. */
  readonly probabilities?: Float32Array;
  readonly value?: readonly number[];
  /** The next steps, [horizon][features]. */
  readonly next?: readonly (readonly number[])[];
}

export interface NumberMetrics {
  readonly accuracy?: number;
  readonly macroF1?: number;
  readonly mae?: number;
  readonly rmse?: number;
  readonly r2?: number;
}

/** True numbers and predicted ones, and what was known before: the last step's numbers, or the training's mean. */
export interface NumberErrors {
  readonly truth: number[];
  readonly predicted: number[];
  readonly before: number[];
}

export const TASK = "number-sequence";

const shapeOf = ({ output, features, target }: NumberModelConfig, labels: number): NumberShape => ({
  inputs: output === "next" ? 2 * features : features,
  outputs: output === "class" ? labels : target.mean.length,
  everyStep: output === "next",
});

/** @param rows f32 [length, width] each */
export function padNumbers(rows: readonly Float32Array[], width: number): NumberBatch {
  const lengths = Int32Array.from(rows, (row) => row.length / width);
  const time = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  const inputs = new Float32Array(rows.length * time * width);
  rows.forEach((row, i) => void inputs.set(row, i * time * width));
  return { inputs, lengths, batch: rows.length, time };
}

export class NumberSequenceModel {
  readonly network: NumberNetwork;

  constructor(
    readonly engine: Engine,
    readonly config: NumberModelConfig,
    /** Classes; none for numbers. */
    readonly labels: readonly string[],
  ) {
    const { encoder, hiddenSize, numLayers, bidirectional, dropout } = config;
    this.network = new NumberNetwork(engine, { encoder, hiddenSize, numLayers, bidirectional, dropout }, shapeOf(config, labels.length));
  }

  /** What the network reads of checked steps, f32 [T, inputs]. */
  encode(values: readonly (readonly number[])[]): Float32Array {
    return inputsOf(values, this.config.level, this.config.change ?? undefined);
  }

  /** Outputs of each row in turn, f32 [outputs] or [length, outputs]; rows of like length go together. */
  run(rows: readonly Float32Array[], batchSize = 64): Float32Array[] {
    const { inputs: width, outputs, everyStep } = this.network.shape;
    const found = new Array<Float32Array>(rows.length);
    const lengths = rows.map(({ length }) => length);
    for (const batch of bucketBatches(lengths, { batchSize })) {
      const padded = padNumbers(
        batch.map((row) => rows[row]!),
        width,
      );
      const values = this.engine.step(() => noGrad(this.engine, () => this.#scores(padded)));
      const size = everyStep ? padded.time * outputs : outputs;
      batch.forEach((row, i) => {
        found[row] = values.slice(i * size, i * size + (everyStep ? padded.lengths[i]! * outputs : outputs));
      });
    }
    return found;
  }

  #scores(batch: NumberBatch): Float32Array {
    const scores = this.network.forward(batch);
    return (this.config.output === "class" ? softmax(scores) : scores).data() as Float32Array;
  }

  /**
   * In the order of the sequences: label and probabilities, or value, or the next steps.
   * @throws ConfigError for a sequence without steps, with other features than in training, or numbers that are not finite
   */
  predict(sequences: readonly NumberSteps[], { batchSize = 64 }: { readonly batchSize?: number } = {}): NumberPrediction[] {
    const { output, features, context, target } = this.config;
    wholeNumber("predict", "batchSize", batchSize, 1);
    const vectors = sequences.map((steps, i) => vectorsOf("predict", steps, features, `sequence ${i}`));
    if (output === "next") {
      const { outputs } = this.network.shape;
      const rows = vectors.map((values) => this.encode(values).slice(-context * 2 * features));
      return this.run(rows, batchSize).map((found, i) => ({ next: this.#steps(vectors[i]!.at(-1)!, found.subarray(-outputs)) }));
    }
    const rows = vectors.map((values) => this.encode(values));
    return this.run(rows, batchSize).map((found): NumberPrediction => {
      if (output === "value") return { value: Array.from(found, (value, i) => value * target.deviation[i]! + target.mean[i]!) };
      return predictionsOf(found, this.labels)[0]!;
    });
  }

  /** The steps that changes lead to from the last one. */
  #steps(last: readonly number[], changes: Float32Array): number[][] {
    const { features, horizon, target } = this.config;
    return Array.from({ length: horizon }, (_, k) =>
      last.map((value, i) => {
        const at = k * features + i;
        return value + changes[at]! * target.deviation[at]! + target.mean[at]!;
      }),
    );
  }

  /**
   * As many next steps as are wanted: what was foretold is taken for true and read to foretell more.
   * @throws ConfigError as predict, and when the model foretells no next steps
   */
  forecast(steps: NumberSteps, count: number): number[][] {
    const { output, features } = this.config;
    oneOf("forecast", "the model's output", output, ["next"]);
    wholeNumber("forecast", "count", count, 1);
    const known = [...vectorsOf("forecast", steps, features, "the sequence")];
    const start = known.length;
    while (known.length < start + count) known.push(...this.predict([known])[0]!.next!);
    return known.slice(start, start + count).map((step) => [...step]);
  }

  /**
   * Metrics over examples: accuracy and macro F1 of classes; mean absolute error, root mean squared error and R² of numbers. Of next steps
   * each step's successors in the sequence are foretold, so far as they are there.
   * @throws ConfigError on examples that are not as the training's
   */
  evaluate(examples: readonly NumberSequence[]): NumberMetrics {
    if (this.config.output !== "class") {
      const { truth, predicted } = this.errors(examples);
      return regressionReport(truth, predicted);
    }
    const truth = examples.map(({ target }) => String(target));
    const said = this.predict(examples.map(({ values }) => values)).map(({ label }) => label!);
    return labelMetrics(this.labels, truth, said);
  }

  /** @param seen steps of each sequence that are read, but not asked about; by default none */
  errors(examples: readonly NumberSequence[], seen: readonly number[] = []): NumberErrors {
    const { output, features, target } = this.config;
    const sequences = checkSequences("evaluate", "test", examples, features);
    const found: NumberErrors = { truth: [], predicted: [], before: [] };
    if (output === "next") this.#nextErrors(sequences, seen, found);
    else {
      const predictions = this.predict(sequences.map(({ values }) => values));
      for (const [i, example] of sequences.entries()) {
        found.truth.push(...targetNumbers("evaluate", example, i, target.mean.length));
        found.predicted.push(...predictions[i]!.value!);
        found.before.push(...target.mean);
      }
    }
    return found;
  }

  #nextErrors(sequences: readonly NumberSequence[], seen: readonly number[], { truth, predicted, before }: NumberErrors): void {
    const { features, context, horizon } = this.config;
    const { inputs: width, outputs } = this.network.shape;
    const encoded = sequences.map(({ values }) => this.encode(values));
    const lengths = sequences.map(({ values }) => values.length);
    const windows = windowsOf(lengths, context, Math.max(1, context >> 1), 0, seen);
    const rows = windows.map(({ sequence, start, length }) => encoded[sequence]!.subarray(start * width, (start + length) * width));
    for (const [i, found] of this.run(rows).entries()) {
      const { sequence, start, length, from } = windows[i]!;
      const { values } = sequences[sequence]!;
      for (let t = start + from; t < Math.min(start + length, values.length - 1); t++) {
        const steps = this.#steps(values[t]!, found.subarray((t - start) * outputs, (t - start + 1) * outputs));
        const count = Math.min(horizon, values.length - 1 - t);
        for (let k = 0; k < count; k++) {
          for (let f = 0; f < features; f++) {
            truth.push(values[t + 1 + k]![f]!);
            predicted.push(steps[k]![f]!);
            before.push(values[t]![f]!);
          }
        }
      }
    }
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    return encodeNetwork(this.engine, this.network, {
      task: TASK,
      config: { ...this.config } as unknown as { [key: string]: PlainJson },
      labels: [...this.labels],
    });
  }

  /**
   * Reads what save() wrote.
   * @throws FormatError when the file is damaged or holds another task
   */
  static load(engine: Engine, bytes: Uint8Array): NumberSequenceModel {
    const where = "NumberSequenceModel.load";
    const { model, values } = decodeTask(where, TASK, bytes);
    const labels = model.labels ?? [];
    let config: NumberModelConfig;
    try {
      config = readNumberConfig(where, model.config, labels.length);
    } catch (error) {
      if (!isRecurraError(error)) throw error;
      throw new FormatError(error.message, { cause: error });
    }
    values.check(countNumberParameters(config, shapeOf(config, labels.length)));
    const loaded = new NumberSequenceModel(engine, config, labels);
    return values.into(loaded, loaded.network);
  }

  dispose(): void {
    this.network.dispose();
  }
}
