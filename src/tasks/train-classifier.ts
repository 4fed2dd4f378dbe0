/** Training of a sequence classifier from labelled texts. */
import { type Engine, PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { checkOptions, inRange } from "../options.js";
import { tensor } from "../tensor/create.js";
import { bucketBatches, padBatch } from "../text/batching.js";
import type { LabelledText } from "../text/examples.js";
import { createTokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import type { FitResult } from "../train/fit.js";
import { accuracy } from "../train/metrics.js";
import { SequenceClassifier } from "./sequence-classifier.js";
import type { SequenceNetworkConfig } from "./sequence-network.js";
import { planTraining, TRAINING_KEYS, type TrainedTask, type TrainingOptions, trainNetwork } from "./training.js";

export interface TrainClassifierOptions extends Partial<SequenceNetworkConfig>, TrainingOptions {
  /** Default: characters, NFC, as they are. */
  readonly tokenizer?: TokenizerOptions;
  /** Tokens seen less often become unknown. Default 2. */
  readonly minCount?: number;
  /** Share of the tokens that training takes for unknown ones, so that those mean something later. Default 0.1. */
  readonly tokenDropout?: number;
}

const KEYS = [
  "encoder",
  "embeddingDim",
  "hiddenSize",
  "numLayers",
  "bidirectional",
  "pooling",
  "dropout",
  "tokenizer",
  "minCount",
  "tokenDropout",
  ...TRAINING_KEYS,
] as const;

/** Batch 32, 10 epochs, peak rate 0.015. */
const DEFAULTS = { batchSize: 32, epochs: 10, lr: 0.015 };

/**
 * @param data training examples, and dev examples by which the best weights are chosen
 * @throws ConfigError on a bad option or fewer than two labels
 */
export async function trainSequenceClassifier(
  engine: Engine,
  data: { readonly train: readonly LabelledText[]; readonly dev: readonly LabelledText[] },
  options: TrainClassifierOptions = {},
): Promise<{ classifier: SequenceClassifier; result: FitResult }> {
  const where = "trainSequenceClassifier";
  checkOptions(where, options, KEYS);
  const labels = [...new Set(data.train.map(({ label }) => label as string))].sort();
  if (labels.length < 2) throw new ConfigError(`${where}: the training data have ${labels.length} labels, wants at least 2`);
  const unseen = data.dev.find(({ label }) => !labels.includes(label as string));
  if (unseen !== undefined)
    throw new ConfigError(`${where}: dev label ${JSON.stringify(unseen.label)} is not among the ${labels.length} training labels`);
  const plan = planTraining(where, options, DEFAULTS);
  const tokenDropout = inRange(where, "tokenDropout", options.tokenDropout ?? 0.1, 0, 1);
  const config: SequenceNetworkConfig = {
    encoder: options.encoder ?? "gru",
    embeddingDim: options.embeddingDim ?? 32,
    hiddenSize: options.hiddenSize ?? 64,
    numLayers: options.numLayers ?? 1,
    bidirectional: options.bidirectional ?? true,
    pooling: options.pooling ?? "mean",
    dropout: options.dropout ?? 0.2,
  };
  const tokenizer = createTokenizer(options.tokenizer ?? { type: "characters", normalization: "NFC", lowercase: false });
  const tokens = data.train.map(({ text }) => tokenizer.encode(text));
  const vocabulary = Vocabulary.build(tokens, { minCount: options.minCount ?? 2 });
  const classifier = new SequenceClassifier(engine, config, tokenizer, vocabulary, labels);
  const encode = (examples: readonly LabelledText[]) =>
    examples.map(({ text, label }) => ({ ids: classifier.encode(text), target: labels.indexOf(label as string) }));
  const train = encode(data.train);
  const dev = encode(data.dev);
  const lengths = train.map(({ ids }) => ids.length);
  const corrupt = (ids: Int32Array, stream: Stream) =>
    tokenDropout === 0 ? ids : ids.map((id) => (stream.nextFloat() < tokenDropout ? UNKNOWN_ID : id));
  const task: TrainedTask<readonly number[]> = {
    batches: (epoch) =>
      bucketBatches(lengths, { batchSize: plan.batchSize, stream: new Stream(streamKey(engine.seed, PURPOSE.shuffle, epoch, 0)) }),
    count: (rows) => rows.length,
    loss: (rows, step) => {
      const stream = new Stream(streamKey(engine.seed, PURPOSE.corrupt, step, 0));
      const logits = classifier.network.forward(padBatch(rows.map((row) => corrupt(train[row]!.ids, stream))));
      return crossEntropy(
        logits,
        tensor(
          engine,
          Int32Array.from(rows, (row) => train[row]!.target),
        ),
      );
    },
    evaluate: () => {
      if (dev.length === 0) return undefined;
      const predicted = classifier.predictIds(dev.map(({ ids }) => ids));
      return accuracy(
        dev.map(({ target }) => target),
        predicted.map(({ label }) => labels.indexOf(label)),
      );
    },
    save: () => classifier.save(),
    rows: ({ vocabulary: tokens, labels: classes = [] }) => {
      const words = { from: Vocabulary.fromJSON(tokens).names, to: vocabulary.names };
      const outputs = { from: classes, to: labels };
      return { "embedding.weight": words, "output.weight": outputs, "output.bias": outputs };
    },
  };
  try {
    return { classifier, result: await trainNetwork(engine, classifier.network, task, plan) };
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}
