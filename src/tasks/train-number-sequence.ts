/** Training of a model of sequences of numbers. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import type { ModelDescription } from "../io/model-file.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { mseLoss } from "../loss/regression.js";
import { affine, mul, sub } from "../ops/arithmetic.js";
import { sum } from "../ops/reduce.js";
import { checkOptions, oneOf, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { bucketBatches } from "../text/batching.js";
import type { NumberSequence } from "../text/examples.js";
import type { FitResult } from "../train/fit.js";
import { epochBatches, shuffling } from "./draws.js";
import type { Rows } from "./fine-tuning.js";
import type { NumberModelConfig } from "./number-config.js";
import { changes, checkSequences, featuresOf, type NumberOutput, outputOf, scaleOf, targetNumbers, windowsOf } from "./number-data.js";
import { checkNumberNetwork, type NumberNetworkConfig } from "./number-network.js";
import { NumberSequenceModel, padNumbers } from "./number-sequence.js";
import { planTraining, TRAINING_KEYS, type TrainedTask, type TrainingDefaults, type TrainingOptions, trainNetwork } from "./training.js";

export interface TrainNumberOptions extends Partial<NumberNetworkConfig>, TrainingOptions {
  /**
   * What to learn of a sequence: its class, its numbers, or the steps that follow each step. By default the targets tell: texts are classes,
   * numbers are values, and without targets the next steps are learned. Numbers may be classes too, if asked for.
   */
  readonly output?: NumberOutput;
  /** Next steps that are foretold at once. Default 1. */
  readonly horizon?: number;
  /** Last steps that are read to foretell the next ones, and the length of training's pieces. Default 16 to 128, by the sequences' length. */
  readonly context?: number;
}

export interface NumberData {
  readonly train: readonly NumberSequence[];
  /** By which the best weights are chosen. Of next steps the end of each long training sequence serves where there are none. */
  readonly dev: readonly NumberSequence[];
}

const WHERE = "trainNumberSequence";
const NETWORK = { encoder: "gru", hiddenSize: 64, numLayers: 1, bidirectional: false, dropout: 0 } as const;
const KEYS = [...Object.keys(NETWORK), "output", "horizon", "context", ...TRAINING_KEYS];
/** Updates that small data are trained for; large ones see each example a few times. */
const UPDATES = 3000;
/** Share of a sequence that is kept for dev, and steps that it must have. */
const HELD = 0.1;
const LONG = 40;

/** Batches and epochs by the number of examples. */
function sizeDefaults(examples: number): TrainingDefaults {
  const batchSize = examples < 128 ? 8 : examples < 4096 ? 32 : 64;
  const epochs = Math.max(10, Math.min(300, Math.round((UPDATES * batchSize) / examples)));
  return { batchSize, epochs, lr: 0.005, patience: Math.max(8, Math.round(epochs / 5)) };
}

function configOf(
  options: TrainNumberOptions,
  output: NumberOutput,
  train: readonly NumberSequence[],
  features: number,
): NumberModelConfig {
  const isNext = output === "next";
  for (const key of ["horizon", "context"] as const)
    if (!isNext && options[key] !== undefined)
      throw new ConfigError(`${WHERE}: ${key} ${options[key]} of output ${output}, wants it of next steps alone`);
  if (isNext && options.bidirectional === true)
    throw new ConfigError(`${WHERE}: bidirectional of output next, wants false: next steps are not seen`);
  const own = { ...NETWORK, bidirectional: !isNext };
  const keys = Object.keys(own) as (keyof NumberNetworkConfig)[];
  const network = checkNumberNetwork(WHERE, Object.fromEntries(keys.map((key) => [key, options[key] ?? own[key]])));
  const horizon = isNext ? wholeNumber(WHERE, "horizon", options.horizon ?? 1, 1) : 0;
  const longest = train.reduce((most, { values }) => Math.max(most, values.length), 0);
  if (isNext && longest < 2) throw new ConfigError(`${WHERE}: training sequences of 1 step, wants one with at least 2 to learn the next`);
  const usual = [128, 64, 32].find((size) => longest >= 4 * size) ?? 16;
  const level = scaleOf(
    train.flatMap(({ values }) => values),
    features,
  );
  return {
    ...network,
    output,
    features,
    horizon,
    context: isNext ? wholeNumber(WHERE, "context", options.context ?? usual, 1) : 0,
    level,
    change: isNext ? scaleOf(changes(train, 1), features) : null,
    target: targetScale(output, train, features, horizon),
  };
}

function targetScale(
  output: NumberOutput,
  train: readonly NumberSequence[],
  features: number,
  horizon: number,
): NumberModelConfig["target"] {
  if (output === "class") return { mean: [], deviation: [] };
  if (output === "value") {
    const { target } = train[0]!;
    const columns = Array.isArray(target) ? target.length : 1;
    return scaleOf(
      train.map((example, i) => targetNumbers(WHERE, example, i, columns)),
      columns,
    );
  }
  const scales = Array.from({ length: horizon }, (_, k) => scaleOf(changes(train, k + 1), features));
  return { mean: scales.flatMap(({ mean }) => mean), deviation: scales.flatMap(({ deviation }) => deviation) };
}

/** Without dev the end of each long sequence is kept back; `seen` steps before it are read with it. */
function holdOut({ train, dev }: NumberData): NumberData & { seen: readonly number[] } {
  const long = train.filter(({ values }) => values.length >= LONG);
  if (dev.length > 0 || long.length === 0) return { train, dev, seen: [] };
  const kept = ({ values }: NumberSequence) => values.length - Math.max(1, Math.floor(values.length * HELD));
  return {
    train: train.map((sequence) => (sequence.values.length < LONG ? sequence : { values: sequence.values.slice(0, kept(sequence)) })),
    dev: long,
    seen: long.map((sequence) => kept(sequence) - 1),
  };
}

/** Classes of the training, sorted. @throws ConfigError for fewer than two, a sequence without one, and a dev class that is none of them */
function labelsOf({ train, dev }: NumberData): string[] {
  const missing = [...train, ...dev].find(({ target }) => typeof target !== "string" && typeof target !== "number");
  if (missing !== undefined)
    throw new ConfigError(`${WHERE}: target ${JSON.stringify(missing.target)} of output class, wants a class of each sequence`);
  const labels = [...new Set(train.map(({ target }) => String(target)))].sort();
  if (labels.length < 2) throw new ConfigError(`${WHERE}: the training data have ${labels.length} class, wants at least 2`);
  const unseen = dev.find(({ target }) => !labels.includes(String(target)));
  if (unseen !== undefined)
    throw new ConfigError(`${WHERE}: dev class ${JSON.stringify(unseen.target)} is not among the ${labels.length} training classes`);
  return labels;
}

/**
 * @throws ConfigError on a bad option, sequences without steps or with unlike features or targets, and numbers that are not finite
 */
export async function trainNumberSequence(
  engine: Engine,
  data: NumberData,
  options: TrainNumberOptions = {},
): Promise<{ model: NumberSequenceModel; result: FitResult }> {
  checkOptions(WHERE, options, KEYS);
  const features = featuresOf(WHERE, data.train);
  const checked = {
    train: checkSequences(WHERE, "training", data.train, features),
    dev: checkSequences(WHERE, "dev", data.dev, features),
  };
  const output = oneOf(WHERE, "output", options.output ?? outputOf(WHERE, checked.train), ["class", "value", "next"]);
  const parts = output === "next" ? holdOut(checked) : { ...checked, seen: [] };
  const config = configOf(options, output, parts.train, features);
  const labels = output === "class" ? labelsOf(parts) : [];
  const steps = parts.train.reduce((all, { values }) => all + values.length, 0);
  const examples = output === "next" ? Math.max(parts.train.length, Math.ceil(steps / config.context)) : parts.train.length;
  const plan = planTraining(WHERE, options, sizeDefaults(examples));
  const model = new NumberSequenceModel(engine, config, labels);
  try {
    const evaluate = () => (parts.dev.length === 0 ? undefined : scoreOf(model, parts.dev, parts.seen));
    const learn = <Batch>(task: TrainedTask<Batch>) =>
      trainNetwork(engine, model.network, { ...task, evaluate, save: () => model.save(), rows: (from) => rowNames(from, model) }, plan);
    const result = await (output === "next"
      ? learn(nextTask(model, parts.train, plan.batchSize))
      : learn(wholeTask(model, parts.train, plan.batchSize)));
    return { model, result };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** What the rows of the output stand for in another model's file and in this one, where they are classes. */
function rowNames({ labels: from = [] }: ModelDescription, { config, labels: to }: NumberSequenceModel): Rows {
  return config.output === "class" ? { "output.weight": { from, to }, "output.bias": { from, to } } : {};
}

/** Accuracy, or the share of the root mean squared error that the model takes off what was known before. */
function scoreOf(model: NumberSequenceModel, dev: readonly NumberSequence[], seen: readonly number[]): number {
  if (model.config.output === "class") return model.evaluate(dev).accuracy!;
  const { truth, predicted, before } = model.errors(dev, seen);
  const size = (guess: readonly number[]) => Math.sqrt(truth.reduce((all, value, i) => all + (value - guess[i]!) * (value - guess[i]!), 0));
  const [error, reference] = [size(predicted), size(before)];
  return reference === 0 ? -error : 1 - error / reference;
}

/** One output a sequence. */
function wholeTask(model: NumberSequenceModel, train: readonly NumberSequence[], batchSize: number): TrainedTask<readonly number[]> {
  const { engine, config, labels, network } = model;
  const { mean, deviation } = config.target;
  const inputs = train.map(({ values }) => model.encode(values as readonly (readonly number[])[]));
  const lengths = inputs.map(({ length }) => length);
  const classes = config.output === "class" ? Int32Array.from(train, ({ target }) => labels.indexOf(String(target))) : null;
  const numbers = classes === null ? train.map((example, i) => targetNumbers(WHERE, example, i, mean.length)) : [];
  return {
    batches: epochBatches(engine, lengths, batchSize),
    count: (rows) => rows.length,
    loss: (rows) => {
      const padded = padNumbers(
        rows.map((row) => inputs[row]!),
        network.shape.inputs,
      );
      const scores = network.forward(padded);
      if (classes !== null) {
        const targets = Int32Array.from(rows, (row) => classes[row]!);
        return crossEntropy(scores, tensor(engine, targets));
      }
      const targets = Float32Array.from(rows.flatMap((row) => numbers[row]!.map((value, i) => (value - mean[i]!) / deviation[i]!)));
      return mseLoss(scores, tensor(engine, targets, [rows.length, mean.length]));
    },
  };
}

/** Of a step the scaled changes to those that follow, NaN past the end: f32 [T, horizon · features]. */
function changesOf({ horizon, features, target }: NumberModelConfig, values: readonly (readonly number[])[]): Float32Array {
  const width = horizon * features;
  const found = new Float32Array(values.length * width).fill(Number.NaN);
  for (let t = 0; t < values.length; t++) {
    for (let k = 0; k < horizon && t + 1 + k < values.length; k++) {
      for (let f = 0; f < features; f++) {
        const at = k * features + f;
        found[t * width + at] = (values[t + 1 + k]![f]! - values[t]![f]! - target.mean[at]!) / target.deviation[at]!;
      }
    }
  }
  return found;
}

interface Piece {
  readonly inputs: Float32Array;
  /** NaN where nothing is known. */
  readonly targets: Float32Array;
}

/** An output a step, on pieces that begin elsewhere in every epoch. */
function nextTask(model: NumberSequenceModel, train: readonly NumberSequence[], batchSize: number): TrainedTask<readonly Piece[]> {
  const { engine, config, network } = model;
  const { inputs: width, outputs } = network.shape;
  const sequences = train.filter(({ values }) => values.length > 1).map(({ values }) => values as readonly (readonly number[])[]);
  const inputs = sequences.map((values) => model.encode(values));
  const targets = sequences.map((values) => changesOf(config, values));
  // The last step has nothing behind it.
  const lengths = sequences.map(({ length }) => length - 1);
  return {
    batches: (epoch) => {
      const stream = shuffling(engine, epoch);
      const pieces = windowsOf(lengths, config.context, config.context, stream.nextInt(config.context)).map(
        ({ sequence, start, length }) => ({
          inputs: inputs[sequence]!.subarray(start * width, (start + length) * width),
          targets: targets[sequence]!.subarray(start * outputs, (start + length) * outputs),
        }),
      );
      const rows = bucketBatches(
        pieces.map((piece) => piece.inputs.length),
        { batchSize, stream },
      );
      return rows.map((batch) => batch.map((row) => pieces[row]!));
    },
    count: (pieces) => pieces.length,
    weight: (pieces) =>
      pieces.reduce((all, piece) => all + piece.targets.reduce((known, value) => known + Number(!Number.isNaN(value)), 0), 0),
    loss: (pieces) =>
      maskedLoss(
        engine,
        network.forward(
          padNumbers(
            pieces.map((piece) => piece.inputs),
            width,
          ),
        ),
        pieces,
      ),
  };
}

/** Mean squared error over what is known. @param scores f32 [B, T, outputs] */
function maskedLoss(engine: Engine, scores: Tensor, pieces: readonly Piece[]): Tensor {
  const [batch, time, outputs] = scores.shape as [number, number, number];
  const targets = new Float32Array(batch * time * outputs);
  const mask = new Float32Array(targets.length);
  let known = 0;
  pieces.forEach((piece, row) => {
    piece.targets.forEach((value, i) => {
      if (Number.isNaN(value)) return;
      const at = row * time * outputs + i;
      targets[at] = value;
      mask[at] = 1;
      known++;
    });
  });
  const error = mul(sub(scores, tensor(engine, targets, scores.shape)), tensor(engine, mask, scores.shape));
  return affine(sum(mul(error, error)), 1 / known, 0);
}
