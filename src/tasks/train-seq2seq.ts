/** Training of an encoder-decoder from pairs of texts. */
import type { Engine } from "../engine/engine.js";
import type { Stream } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { max } from "../ops/reduce.js";
import { checkOptions, inRange, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import { noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { padBatch } from "../text/batching.js";
import type { TextPair } from "../text/examples.js";
import type { TokenizerOptions } from "../text/tokenizer.js";
import { trainTokenizer } from "../text/train-tokenizer.js";
import { Vocabulary } from "../text/vocabulary.js";
import type { FitResult } from "../train/fit.js";
import { corrupting, epochBatches, spread } from "./draws.js";
import type { RowNames } from "./fine-tuning.js";
import { guessUnits } from "./guess-units.js";
import { featureSymbols, Seq2Seq, type Seq2SeqConfig, type TextSide } from "./seq2seq.js";
import { planTraining, TRAINING_KEYS, type TrainedTask, type TrainingOptions, trainNetwork } from "./training.js";

export interface TrainSeq2SeqOptions extends Partial<Seq2SeqConfig>, TrainingOptions {
  /** Default: guessed from the texts of each side, see guessUnits. NFC, as they are. */
  readonly sourceTokenizer?: TokenizerOptions;
  readonly targetTokenizer?: TokenizerOptions;
  /** Tokens seen less often become unknown. Default 1, of words 2. */
  readonly minCount?: number;
  /** Share of a target's probability spread over all tokens. Default 0.1. Szegedy et al. 2016. */
  readonly labelSmoothing?: number;
  /** Probability with which the decoder reads what it would have written instead of the target. Default 0. Bengio et al. 2015; in two passes, Mihaylova and Martins 2019. */
  readonly scheduledSampling?: number;
}

const WHERE = "trainSeq2Seq";
const CONFIG_KEYS = [
  "cell",
  "attention",
  "attentionSize",
  "inputFeeding",
  "embeddingDim",
  "hiddenSize",
  "numLayers",
  "bidirectional",
  "dropout",
  "maxLength",
] as const satisfies readonly (keyof Seq2SeqConfig)[];
const KEYS = [
  ...CONFIG_KEYS,
  "sourceTokenizer",
  "targetTokenizer",
  "minCount",
  "labelSmoothing",
  "scheduledSampling",
  ...TRAINING_KEYS,
] as const;

/** Dev sources decoded at an evaluation. */
const DEV_SAMPLE = 500;

function sideOf(
  texts: readonly string[],
  options: TokenizerOptions,
  minCount: number | undefined,
  more: readonly string[][] = [],
): TextSide {
  const tokenizer = trainTokenizer(options, texts);
  const cut = texts.map((text) => tokenizer.encode(text));
  const least = wholeNumber(WHERE, "minCount", minCount ?? (tokenizer.options.type === "words" ? 2 : 1), 1);
  const known = Vocabulary.build(cut, { minCount: least }).tokens;
  return { tokenizer, vocabulary: Vocabulary.fromJSON([...new Set([...known, ...more.flat()])]) };
}

interface Example {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

/** Multiplications and additions of a whole training that the default number of epochs comes to: more for more data. */
const work = (examples: number): number => 2e13 + 2.2e13 * Math.min(1, examples / 100_000);

function planOf(options: TrainSeq2SeqOptions, examples: readonly Example[], { hiddenSize, embeddingDim }: Seq2SeqConfig, outputs: number) {
  const length = (side: keyof Example) => examples.reduce((sum, example) => sum + example[side].length + 1, 0);
  const cell = 8 * hiddenSize * (embeddingDim + hiddenSize);
  const perEpoch = 3 * (2 * cell * length("source") + (cell + 6 * hiddenSize * hiddenSize + 2 * hiddenSize * outputs) * length("target"));
  const epochs = Math.min(60, Math.max(4, Math.round(work(examples.length) / perEpoch)));
  return planTraining(WHERE, options, { batchSize: examples.length < 2000 ? 16 : 64, epochs, lr: 0.003, patience: 10 });
}

/** Whether texts are sentences: they want wider networks, and are judged by BLEU. */
const isSentences = (unit: TokenizerOptions["type"]): boolean => unit === "words" || unit === "subwords";

function configOf(options: TrainSeq2SeqOptions, pairs: number, unit: TokenizerOptions["type"], longest: number): Seq2SeqConfig {
  const isLarge = isSentences(unit);
  const known = Object.fromEntries(CONFIG_KEYS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
  return {
    cell: "lstm",
    attention: "general",
    embeddingDim: isLarge ? 192 : 64,
    hiddenSize: pairs < 2000 ? 96 : pairs < 40_000 && !isLarge ? 128 : 256,
    dropout: pairs < 40_000 || isLarge ? 0.3 : 0.2,
    bidirectional: true,
    maxLength: 2 * longest + 10,
    ...known,
  };
}

/**
 * @param data pairs of training, and of dev, by which the best weights are chosen: by BLEU of sentences, else by exact match and error rate
 * @throws ConfigError on a bad option or when there are no training pairs
 */
export async function trainSeq2Seq(
  engine: Engine,
  data: { readonly train: readonly TextPair[]; readonly dev: readonly TextPair[] },
  options: TrainSeq2SeqOptions = {},
): Promise<{ model: Seq2Seq; result: FitResult }> {
  checkOptions(WHERE, options, KEYS);
  const pairs = data.train.flatMap((pair) => pair.targets.map((target) => ({ ...pair, target })));
  if (pairs.length === 0) throw new ConfigError(`${WHERE}: there are no training pairs, wants at least 1`);
  const [sources, targets] = [pairs.map(({ source }) => source), pairs.map(({ target }) => target)];
  const targetUnit = options.targetTokenizer?.type ?? guessUnits(targets);
  const features = pairs.map((pair) => featureSymbols(pair.features ?? ""));
  const source = sideOf(sources, options.sourceTokenizer ?? { type: guessUnits(sources, targetUnit) }, options.minCount, features);
  const target = sideOf(targets, options.targetTokenizer ?? { type: targetUnit }, options.minCount);
  const lengths = targets.map((text) => target.tokenizer.encode(text).length);
  const config = configOf(
    options,
    pairs.length,
    target.tokenizer.options.type,
    lengths.reduce((longest, length) => Math.max(longest, length), 1),
  );
  const model = new Seq2Seq(engine, config, source, target);
  try {
    const examples = pairs.map(
      (pair): Example => ({ source: model.encodeSource(pair), target: target.vocabulary.encode(target.tokenizer.encode(pair.target)) }),
    );
    const plan = planOf(options, examples, config, target.vocabulary.size);
    const task = seq2seqTask(model, examples, spread(data.dev, DEV_SAMPLE), plan.batchSize, options);
    return { model, result: await trainNetwork(engine, model.network, task, plan) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function seq2seqTask(
  model: Seq2Seq,
  examples: readonly Example[],
  dev: readonly TextPair[],
  batchSize: number,
  options: TrainSeq2SeqOptions,
): TrainedTask<readonly number[]> {
  const { engine } = model;
  const labelSmoothing = inRange(WHERE, "labelSmoothing", options.labelSmoothing ?? 0.1, 0, 1);
  const scheduledSampling = inRange(WHERE, "scheduledSampling", options.scheduledSampling ?? 0, 0, 1);
  const lengths = examples.map(({ source, target }) => source.length + target.length);
  const byBleu = isSentences(model.target.tokenizer.options.type);
  return {
    batches: epochBatches(engine, lengths, batchSize),
    count: (rows) => rows.length,
    weight: (rows) => rows.reduce((sum, row) => sum + examples[row]!.target.length + 1, 0),
    loss: (rows, step) => {
      const stream = corrupting(engine, step);
      const own = rows.map((row) => examples[row]!);
      return lossOf(model, own, labelSmoothing, scheduledSampling === 0 ? null : { p: scheduledSampling, stream });
    },
    evaluate: () => {
      if (dev.length === 0) return undefined;
      const { exactMatch, tokenErrorRate, bleu } = model.evaluate(dev, { search: "greedy", batchSize: 64 });
      return byBleu ? bleu / 100 : (exactMatch + 1 - Math.min(1, tokenErrorRate)) / 2;
    },
    save: () => model.save(),
    rows: (from) => {
      // Behind the target's tokens stand start and end.
      const all = (name: "source" | "target", { names }: Vocabulary) => (name === "source" ? names : [...names, -1, -2]);
      const names = (name: "source" | "target"): RowNames => ({
        from: all(name, Vocabulary.fromJSON((from.vocabulary as { [key: string]: unknown } | null)?.[name])),
        to: all(name, model[name].vocabulary),
      });
      return {
        "src_embed.weight": names("source"),
        "tgt_embed.weight": names("target"),
        "out.weight": names("target"),
        "out.bias": names("target"),
      };
    },
  };
}

/** Mean loss of the tokens and ends of the targets, which the decoder reads as they are (teacher forcing), or mixed with its own. */
function lossOf(
  { engine, network, startId, endId }: Seq2Seq,
  examples: readonly Example[],
  labelSmoothing: number,
  mixing: { readonly p: number; readonly stream: Stream } | null,
): Tensor {
  const source = padBatch(examples.map((example) => example.source));
  const read = padBatch(examples.map(({ target }) => Int32Array.of(startId, ...target)));
  const wanted = padBatch(examples.map(({ target }) => Int32Array.of(...target, endId)));
  const shape = [read.batch, read.time];
  const forward = (ids: Int32Array) =>
    network.forward(tensor(engine, source.ids, [source.batch, source.time]), source.lengths, tensor(engine, ids, shape)).logits;
  const written = () => noGrad(engine, () => max(forward(read.ids), 2).indices.data());
  const ids = mixing === null ? read.ids : mix(read.ids, read.time, written(), mixing);
  return crossEntropy(forward(ids), tensor(engine, wanted.ids, shape), { ignoreIndex: 0, labelSmoothing });
}

/** What the decoder reads: with probability p what it wrote at the step before, but where a target starts or has ended. */
function mix(ids: Int32Array, time: number, written: ArrayLike<number>, { p, stream }: { p: number; stream: Stream }): Int32Array {
  return ids.map((id, i) => {
    const isDrawn = stream.nextFloat() < p;
    return isDrawn && id !== 0 && i % time > 0 ? written[i - 1]! : id;
  });
}
