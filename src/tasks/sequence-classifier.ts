/** A trained sequence classifier: text in, labels with probabilities out; one file to keep it in. */
import type { Engine } from "../engine/engine.js";
import { Module } from "../nn/module.js";
import { add } from "../ops/arithmetic.js";
import type { Parameter } from "../ops/init.js";
import { softmax } from "../ops/softmax.js";
import { sigmoid } from "../ops/unary.js";
import { checkOptions } from "../options.js";
import type { Tensor } from "../tensor/tensor.js";
import { bucketBatches, padBatch } from "../text/batching.js";
import type { LabelledText } from "../text/examples.js";
import { createTokenizer, type Tokenizer } from "../text/tokenizer.js";
import { Vocabulary } from "../text/vocabulary.js";
import { readConfig, type SequenceClassifierConfig, writeConfig } from "./classifier-config.js";
import { decodeClassifier, encodeClassifier } from "./classifier-file.js";
import type { ExplainOptions, Explanation } from "./explain.js";
import { labelMetrics, severalLabels } from "./label-metrics.js";
import { NgramBag } from "./ngram-bag.js";
import { type Prediction, predictionsOf } from "./prediction.js";
import { idsOf } from "./recurrent-classifier.js";
import { scoreBatches } from "./scores.js";
import { scaled } from "./sequence-network.js";
import { labelsOf } from "./targets.js";
import { countWeights, TextNetwork } from "./text-network.js";

/** Everything but weights. */
export interface SequenceClassifierParts {
  readonly config: SequenceClassifierConfig;
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Vocabulary;
  readonly labels: readonly string[];
  /** Of characters, where the network reads them beside the tokens. */
  readonly characters?: Vocabulary | undefined;
  /** How many n-grams the bag knows. Default 0. */
  readonly ngrams?: number | undefined;
}

/** A text as the parts of a classifier read it. */
export interface EncodedText {
  readonly ids: Int32Array;
  readonly characters: Int32Array;
  /** Rows of the bag. */
  readonly rows: Int32Array;
}

const NONE = new Int32Array(0);

/** Network and bag as one: the network's names stand alone, those of the bag after `bag.`. */
class ClassifierModule extends Module {
  constructor(
    private readonly network: TextNetwork | null,
    private readonly bag: NgramBag | null,
  ) {
    super();
  }

  override *namedParameters(prefix = ""): Iterable<[string, Parameter]> {
    if (this.network !== null) yield* this.network.namedParameters(prefix);
    if (this.bag !== null) yield* this.bag.namedParameters(`${prefix}bag.`);
  }

  override *namedModules(prefix = ""): Iterable<[string, Module]> {
    if (this.network !== null) yield* this.network.namedModules(prefix);
    if (this.bag !== null) yield* this.bag.namedModules(prefix === "" ? "bag" : `${prefix}.bag`);
  }
}

export class SequenceClassifier {
  /** All parameters, by their names in a model file. */
  readonly module: Module;
  readonly network: TextNetwork | null;
  readonly bag: NgramBag | null;
  /** Cuts what the network reads as characters beside the tokens. */
  readonly characterTokenizer: Tokenizer | undefined;

  constructor(
    readonly engine: Engine,
    public parts: SequenceClassifierParts,
  ) {
    const { config, tokenizer, vocabulary, labels, characters, ngrams = 0 } = parts;
    const { network, bag } = config;
    this.network = network === null ? null : new TextNetwork(engine, network, vocabulary.size, labels.length, characters?.size);
    this.bag = bag === null ? null : new NgramBag(engine, bag, ngrams, labels.length);
    this.module = new ClassifierModule(this.network, this.bag);
    this.characterTokenizer = characters && createTokenizer({ ...tokenizer.options, type: "characters" });
  }

  get config(): SequenceClassifierConfig {
    return this.parts.config;
  }

  get vocabulary(): Vocabulary {
    return this.parts.vocabulary;
  }

  get labels(): readonly string[] {
    return this.parts.labels;
  }

  encode(text: string): EncodedText {
    const { config, tokenizer, vocabulary, characters } = this.parts;
    return {
      ids: this.network === null ? NONE : idsOf(vocabulary, tokenizer.encode(text), config.maxLength),
      characters: characters === undefined ? NONE : idsOf(characters, this.characterTokenizer!.encode(text), 4 * config.maxLength),
      rows: this.bag?.encode(text) ?? NONE,
    };
  }

  /** Labels with probabilities, in the order of the texts. */
  predict(texts: readonly string[], { batchSize = 64 }: { readonly batchSize?: number } = {}): Prediction[] {
    return this.predictEncoded(
      texts.map((text) => this.encode(text)),
      batchSize,
    );
  }

  /** As predict, of encoded texts. */
  predictEncoded(texts: readonly EncodedText[], batchSize = 64): Prediction[] {
    const { labels, config } = this.parts;
    const squash = config.multiLabel ? sigmoid : softmax;
    const predictions = predictionsOf(
      this.scores(texts, (batch) => squash(this.logits(batch)), batchSize),
      labels,
    );
    if (!config.multiLabel) return predictions;
    return predictions.map((prediction) => {
      const { probabilities } = prediction;
      const said = Array.from(labels.keys()).filter((i) => probabilities[i]! >= 0.5);
      return { ...prediction, labels: said.sort((a, b) => probabilities[b]! - probabilities[a]!).map((i) => labels[i]!) };
    });
  }

  /** What `fn` gives for every text, f32 [texts, labels] row-major; it runs over batches of texts of like length. */
  scores(texts: readonly EncodedText[], fn: (batch: readonly EncodedText[]) => Tensor, batchSize = 64): Float32Array {
    const lengths = texts.map(({ ids, rows }) => (this.network === null ? rows : ids).length);
    const batches = bucketBatches(lengths, { batchSize });
    return scoreBatches(this.engine, batches, this.labels.length, (batch) => fn(batch.map((i) => texts[i]!)));
  }

  /** Logits of both parts, mixed and tempered, f32 [B, labels]. */
  logits(batch: readonly EncodedText[]): Tensor {
    const { networkShare, temperature } = this.parts.config;
    const bag = this.bag && scaled(this.bagLogits(batch), (1 - networkShare) / temperature);
    const network = this.network && scaled(this.networkLogits(batch), networkShare / temperature);
    return bag === null || network === null ? (bag ?? network)! : add(bag, network);
  }

  bagLogits(batch: readonly EncodedText[]): Tensor {
    return this.bag!.forward(batch.map(({ rows }) => rows));
  }

  networkLogits(batch: readonly EncodedText[]): Tensor {
    const network = this.network!;
    const letters = network.characters === null ? undefined : padBatch(batch.map(({ characters }) => characters));
    return network.forward(padBatch(batch.map(({ ids }) => ids)), undefined, letters);
  }

  /** Sets how much network and bag count, and how sure they are. */
  calibrate(shares: Pick<SequenceClassifierConfig, "networkShare" | "temperature">): void {
    this.parts = { ...this.parts, config: { ...this.parts.config, ...shares } };
  }

  /**
   * Accuracy and macro F1 over labels; of several labels a text micro F1, macro F1 and the share of texts with all labels right.
   * @param examples whose labels may be ones that the classifier does not know: it cannot be right there
   */
  evaluate(examples: readonly LabelledText[], { batchSize = 64 }: { readonly batchSize?: number } = {}): Record<string, number> {
    const truth = examples.map(labelsOf);
    const said = this.predict(
      examples.map(({ text }) => text),
      { batchSize },
    ).map(({ label, labels }) => labels ?? [label]);
    if (this.config.multiLabel) return severalLabels(this.labels, truth, said).metrics;
    const first = (lists: readonly (readonly string[])[]) => lists.map(([label]) => label!);
    return labelMetrics(this.labels, first(truth), first(said));
  }

  /**
   * What each token of a text adds to a label's logit: exact for the bag, each n-gram's weight shared out evenly to its characters;
   * gradient x input for the network.
   * @throws ConfigError on a bad option or an unknown label; StateError with an engine of the inference entry, unless there is a bag alone
   */
  async explain(text: string, options: ExplainOptions = {}): Promise<Explanation> {
    return (await import("./explain.js")).explain(this, text, options);
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    const { config, tokenizer, vocabulary, labels, characters } = this.parts;
    const tokens = vocabulary.toJSON();
    const file = {
      config: writeConfig(config),
      tokenizer,
      vocabulary: characters === undefined ? tokens : { tokens, characters: characters.toJSON() },
      labels,
    };
    return encodeClassifier(this.engine, this.module, file);
  }

  /**
   * Reads what save() wrote.
   * @param options.tokenizer the one of `fromHuggingFace` that it was trained with, if it was: its rules are not in the file
   * @throws FormatError when the file is damaged or holds another task; ConfigError when such a tokenizer is missing
   */
  static load(engine: Engine, bytes: Uint8Array, options: { readonly tokenizer?: Tokenizer } = {}): SequenceClassifier {
    checkOptions("SequenceClassifier.load", options, ["tokenizer"]);
    const { config: stored, tokenizer, vocabulary, labels, values } = decodeClassifier(bytes, options.tokenizer);
    const config = readConfig(stored);
    const { network, bag } = config;
    const [words, characters] = Array.isArray(vocabulary) ? [vocabulary] : Object.values(vocabulary ?? {});
    const letters = characters === undefined ? undefined : Vocabulary.fromJSON(characters);
    const parts = { config, tokenizer, vocabulary: Vocabulary.fromJSON(words), labels, characters: letters };
    const ngrams = values.entries.get("bag.keys")?.shape[0];
    const inBag = bag === null ? 0 : ngrams! + (ngrams! + 1) * labels.length;
    values.check(inBag + (network === null ? 0 : countWeights(network, parts.vocabulary.size, labels.length, letters?.size)));
    const classifier = new SequenceClassifier(engine, { ...parts, ngrams });
    return values.into(classifier, classifier.module);
  }

  dispose(): void {
    this.module.dispose();
  }
}
