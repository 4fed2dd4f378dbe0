/** From data and options to a fresh classifier and the plan of its training. */
import { type Engine, PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import { flag, inRange, oneOf, wholeNumber } from "../options.js";
import type { LabelledText } from "../text/examples.js";
import { createTokenizer, Tokenizer } from "../text/tokenizer.js";
import { trainTokenizer } from "../text/train-tokenizer.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { chooseLowercase } from "./choose-case.js";
import { UNCALIBRATED } from "./classifier-config.js";
import { networkFor, ngramsFor, readsCharacters, shapeOf, type TextShape, usualLength } from "./classifier-defaults.js";
import type { TrainClassifierOptions } from "./classifier-options.js";
import { languageStart } from "./language-start.js";
import { chooseKeys } from "./naive-bayes.js";
import { checkNgramOptions, type NgramOptions } from "./ngrams.js";
import { SequenceClassifier } from "./sequence-classifier.js";
import { classIdsOf, classWeightsOf, type Examples, labelsOf, oversample } from "./targets.js";
import { checkTextNetwork, type TextNetworkConfig } from "./text-network.js";
import { placeVectors, vectorLength } from "./token-vectors.js";
import { planTraining, type TrainingPlan } from "./training.js";

const WHERE = "trainSequenceClassifier";

export interface ClassifierData {
  readonly train: readonly LabelledText[];
  readonly dev: readonly LabelledText[];
}

export interface ClassifierPlan {
  readonly classifier: SequenceClassifier;
  readonly train: Examples;
  readonly dev: Examples;
  readonly classes: number;
  readonly multiLabel: boolean;
  /** How much each class counts, or null for all the same. */
  readonly classWeights: Float32Array | null;
  readonly tokenDropout: number;
  readonly training: TrainingPlan;
}

/** @throws ConfigError on a bad option, or labels that do not go with it */
export function planClassifier(engine: Engine, data: ClassifierData, given: TrainClassifierOptions): ClassifierPlan {
  const language = languageStart(given.init);
  // Beside the language model's encoder stands a bag, as beside the one of "auto".
  const options: TrainClassifierOptions = language === undefined ? given : { ...language, bag: true, ...given };
  const encoder = oneOf(WHERE, "encoder", options.encoder ?? "auto", ["auto", "bag", "window", "rnn", "lstm", "gru"]);
  const multiLabel = flag(WHERE, "multiLabel", options.multiLabel ?? data.train.some(({ label }) => typeof label !== "string"));
  const labels = readLabels(data.train, multiLabel);
  const examples = (from: readonly LabelledText[]): Examples => ({
    texts: from.map(({ text }) => text),
    targets: classIdsOf(WHERE, labels, from, multiLabel),
  });
  const [own, dev] = [examples(data.train), examples(data.dev)];
  const classWeights = classWeightsOf(WHERE, labels, own.targets, options.classWeights);
  const train = flag(WHERE, "oversample", options.oversample ?? false) ? repeated(engine, own, labels.length, multiLabel) : own;
  const shape = shapeOf(own.texts);
  const lowercase = rulesOf(options.tokenizer)?.lowercase ?? chooseLowercase(engine, own, dev, labels.length, multiLabel);
  const bag = readBag(options, encoder === "auto" || encoder === "bag", { ...ngramsFor(shape), lowercase });
  const reader = encoder === "bag" ? null : planReader(options, encoder === "auto" ? "gru" : encoder, shape, lowercase, own.texts);
  const tokenDropout = inRange(WHERE, "tokenDropout", options.tokenDropout ?? 0.1, 0, 1);
  const planned = planTraining(WHERE, options, networkFor(shape, reader?.letters ?? false).training);
  const keys = bag === null ? [] : chooseKeys(bag, own.texts, labels.length);
  const classifier = new SequenceClassifier(engine, {
    config: {
      network: reader?.config ?? null,
      bag,
      multiLabel,
      maxLength: reader?.maxLength ?? Number.MAX_SAFE_INTEGER,
      ...(bag !== null && reader !== null ? UNCALIBRATED : { networkShare: reader === null ? 0 : 1, temperature: 1 }),
    },
    tokenizer: reader?.tokenizer ?? createTokenizer({ type: "words", lowercase }),
    vocabulary: reader?.vocabulary ?? Vocabulary.build([]),
    labels,
    characters: reader?.characters,
    ngrams: keys.length,
  });
  classifier.bag?.keys.assign(keys);
  if (reader !== null) startVectors(classifier, reader.letters, options);
  const frozen = flag(WHERE, "freezeVectors", options.freezeVectors ?? false) ? ["embedding."] : [];
  const training = { ...planned, freeze: [...planned.freeze, ...frozen] };
  return { classifier, train, dev, classes: labels.length, multiLabel, classWeights, tokenDropout, training };
}

const rulesOf = (tokenizer: TrainClassifierOptions["tokenizer"]) => (tokenizer instanceof Tokenizer ? tokenizer.options : tokenizer);

function readLabels(train: readonly LabelledText[], multiLabel: boolean): string[] {
  const labels = [...new Set(train.flatMap(labelsOf))].sort();
  const least = multiLabel ? 1 : 2;
  if (labels.length < least) throw new ConfigError(`${WHERE}: the training data have ${labels.length} labels, wants at least ${least}`);
  return labels;
}

function readBag({ bag }: TrainClassifierOptions, fallback: boolean, defaults: NgramOptions): NgramOptions | null {
  if (bag === false || (bag === undefined && !fallback)) return null;
  return checkNgramOptions(WHERE, { ...defaults, ...(typeof bag === "object" ? bag : {}) });
}

function repeated(engine: Engine, { texts, targets }: Examples, classes: number, multiLabel: boolean): Examples {
  if (multiLabel) throw new ConfigError(`${WHERE}: oversample with several labels a text, wants classWeights`);
  const rows = oversample(targets, classes, new Stream(streamKey(engine.seed, PURPOSE.sample, 0, 0)));
  return { texts: rows.map((row) => texts[row]!), targets: rows.map((row) => targets[row]!) };
}

/** What the network is and reads. */
interface Reader {
  readonly config: TextNetworkConfig;
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Vocabulary;
  readonly characters: Vocabulary | undefined;
  readonly maxLength: number;
  /** Whether its tokens are characters. */
  readonly letters: boolean;
}

function planReader(
  options: TrainClassifierOptions,
  encoder: TextNetworkConfig["encoder"],
  shape: TextShape,
  lowercase: boolean,
  texts: readonly string[],
): Reader {
  const { vectors } = options;
  const fallback = vectors === undefined && readsCharacters(shape) ? "characters" : "words";
  const input = oneOf(WHERE, "input", options.input ?? fallback, ["words", "characters", "both"]);
  const tokenizer = trainTokenizer(options.tokenizer ?? { type: input === "characters" ? "characters" : "words", lowercase }, texts);
  const letters = tokenizer.options.type === "characters" || tokenizer.options.type === "bytes";
  const tokens = texts.map((text) => tokenizer.encode(text));
  const minCount = wholeNumber(WHERE, "minCount", options.minCount ?? 2, 1);
  const frequent = Vocabulary.build(tokens, { minCount });
  const known = (token: string) => vectors!.has(token) || frequent.encode([token])[0] !== UNKNOWN_ID;
  const vocabulary = vectors === undefined ? frequent : Vocabulary.build(tokens.map((own) => own.filter(known)));
  const both = options.input === "both" || (options.characterDim ?? 0) > 0;
  const alphabet = both ? createTokenizer({ ...tokenizer.options, type: "characters" }) : undefined;
  const usual = usualLength(tokens.map(({ length }) => length));
  const own = networkFor(shape, letters).config;
  const config: TextNetworkConfig = {
    numLayers: options.numLayers ?? own.numLayers,
    bidirectional: options.bidirectional ?? own.bidirectional,
    pooling: options.pooling ?? own.pooling,
    hiddenSize: options.hiddenSize ?? own.hiddenSize,
    embeddingDim: dimOf(options, own.embeddingDim),
    dropout: options.dropout ?? own.dropout,
    encoder,
    ...(encoder === "window" ? { window: options.window ?? Math.min(32, usual) } : {}),
    ...(both ? { characterDim: options.characterDim ?? 24 } : {}),
  };
  checkTextNetwork(config);
  return {
    config,
    tokenizer,
    vocabulary,
    characters:
      alphabet &&
      Vocabulary.build(
        texts.map((text) => alphabet.encode(text)),
        { minCount },
      ),
    maxLength: wholeNumber(WHERE, "maxLength", options.maxLength ?? usual, 1),
    letters,
  };
}

/** Length of the vectors that tokens start with. @throws ConfigError as vectorLength, or when there are none */
function dimOf({ vectors, embeddingDim }: TrainClassifierOptions, fallback: number): number {
  if (vectors === undefined) return embeddingDim ?? fallback;
  if (vectors.size === 0) throw new ConfigError(`${WHERE}: vectors are none, wants at least 1`);
  return vectorLength(WHERE, vectors, embeddingDim);
}

/** Words start with small vectors, so that rare ones say little; those that are given go into the embedding's rows. */
function startVectors({ network, parts }: SequenceClassifier, letters: boolean, { vectors }: TrainClassifierOptions): void {
  const { weight } = network!.embedding;
  if (!letters) weight.assign((weight.data() as Float32Array).map((value) => 0.1 * value));
  if (vectors !== undefined) placeVectors(weight, parts.vocabulary.names, vectors);
}
