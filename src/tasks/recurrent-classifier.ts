/** A sequence classifier of recurrent layers alone, as small as it gets, for the inference entry: reads what SequenceClassifier saves. */
import type { Engine } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import { softmax } from "../ops/softmax.js";
import { inRange, wholeNumber } from "../options.js";
import { bucketBatches, padBatch } from "../text/batching.js";
import type { Tokenizer } from "../text/tokenizer.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { decodeClassifier, encodeClassifier } from "./classifier-file.js";
import { type Prediction, predictionsOf } from "./prediction.js";
import { scoreBatches } from "./scores.js";
import { countParameters, SequenceNetwork, type SequenceNetworkConfig, scaled } from "./sequence-network.js";

/** Ids of a text; one without tokens becomes one unknown token, for a sequence has at least one step. */
export const idsOf = (vocabulary: Vocabulary, tokens: readonly string[], most?: number): Int32Array =>
  tokens.length === 0 ? Int32Array.of(UNKNOWN_ID) : vocabulary.encode(tokens.slice(0, most));

export interface RecurrentClassifierConfig extends SequenceNetworkConfig {
  /** Tokens of a text that are read. Default all. */
  readonly maxLength?: number;
  /** Divides the logits. Default 1. */
  readonly temperature?: number;
}

function layersOf({ maxLength = 1, temperature = 1, ...layers }: RecurrentClassifierConfig): SequenceNetworkConfig {
  wholeNumber("SequenceClassifier", "maxLength", maxLength, 1);
  inRange("SequenceClassifier", "temperature", temperature, Number.MIN_VALUE, Number.MAX_VALUE);
  return layers;
}

export class RecurrentClassifier {
  readonly network: SequenceNetwork;

  constructor(
    readonly engine: Engine,
    readonly config: RecurrentClassifierConfig,
    readonly tokenizer: Tokenizer,
    readonly vocabulary: Vocabulary,
    readonly labels: readonly string[],
  ) {
    this.network = new SequenceNetwork(engine, layersOf(config), vocabulary.size, labels.length);
  }

  encode(text: string): Int32Array {
    return idsOf(this.vocabulary, this.tokenizer.encode(text), this.config.maxLength);
  }

  /** Labels with probabilities, in the order of the texts. */
  predict(texts: readonly string[], { batchSize = 64 }: { readonly batchSize?: number } = {}): Prediction[] {
    const sequences = texts.map((text) => this.encode(text));
    const { config, labels, network } = this;
    const lengths = sequences.map((ids) => ids.length);
    const probabilities = scoreBatches(this.engine, bucketBatches(lengths, { batchSize }), labels.length, (rows) => {
      const logits = network.forward(padBatch(rows.map((row) => sequences[row]!)));
      return softmax(scaled(logits, 1 / (config.temperature ?? 1)));
    });
    return predictionsOf(probabilities, labels);
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    const { config, tokenizer, vocabulary, labels } = this;
    const file = { config: { ...config }, tokenizer, vocabulary: vocabulary.toJSON(), labels };
    return encodeClassifier(this.engine, this.network, file);
  }

  /**
   * Reads what a SequenceClassifier of a recurrent encoder without more saved.
   * @throws FormatError when the file is damaged or holds another task; ConfigError for one that wants the entry recurra/tasks
   */
  static load(engine: Engine, bytes: Uint8Array): RecurrentClassifier {
    const { config, tokenizer, vocabulary, labels, values } = decodeClassifier(bytes);
    const words = Vocabulary.fromJSON(vocabulary);
    const own = config as unknown as RecurrentClassifierConfig;
    if ("bag" in config || "multiLabel" in config)
      throw new FormatError("SequenceClassifier.load: a bag of n-grams or several labels a text, wants recurra/tasks");
    values.check(countParameters(layersOf(own), words.size, labels.length));
    const classifier = new RecurrentClassifier(engine, own, tokenizer, words, labels);
    return values.into(classifier, classifier.network);
  }

  dispose(): void {
    this.network.dispose();
  }
}
