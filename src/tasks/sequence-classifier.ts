/** A trained sequence classifier: text in, labels with probabilities out; one file to keep it in. */
import type { Engine } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import { decodeModelFile, encodeModelFile } from "../io/model-file.js";
import { toStateEntries } from "../io/state-dict.js";
import { softmax } from "../ops/softmax.js";
import { noGrad } from "../tensor/tape.js";
import { bucketBatches, padBatch } from "../text/batching.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { VERSION } from "../version.js";
import { countParameters, type PaddedBatch, SequenceNetwork, type SequenceNetworkConfig } from "./sequence-network.js";

export interface Prediction {
  readonly label: string;
  readonly probability: number;
  /** Of every label, in the order of `labels`. */
  readonly probabilities: Float32Array;
}

const TASK = "sequence-classifier";

export class SequenceClassifier {
  readonly network: SequenceNetwork;

  constructor(
    readonly engine: Engine,
    readonly config: SequenceNetworkConfig,
    readonly tokenizer: Tokenizer,
    readonly vocabulary: Vocabulary,
    readonly labels: readonly string[],
  ) {
    this.network = new SequenceNetwork(engine, config, vocabulary.size, labels.length);
  }

  /** Ids of a text; a text without tokens becomes one unknown token, for a sequence has at least one step. */
  encode(text: string): Int32Array {
    const ids = this.vocabulary.encode(this.tokenizer.encode(text));
    return ids.length === 0 ? Int32Array.of(UNKNOWN_ID) : ids;
  }

  /** Labels with probabilities, in the order of the texts. */
  predict(texts: readonly string[], { batchSize = 64 }: { readonly batchSize?: number } = {}): Prediction[] {
    return this.predictIds(
      texts.map((text) => this.encode(text)),
      batchSize,
    );
  }

  /** As predict, of encoded texts. */
  predictIds(sequences: readonly Int32Array[], batchSize = 64): Prediction[] {
    const predictions = new Array<Prediction>(sequences.length);
    for (const rows of bucketBatches(
      sequences.map((ids) => ids.length),
      { batchSize },
    )) {
      const probabilities = this.#probabilities(padBatch(rows.map((row) => sequences[row]!)));
      rows.forEach((row, i) => {
        const own = probabilities.slice(i * this.labels.length, (i + 1) * this.labels.length);
        const best = own.reduce((top, p, j) => (p > own[top]! ? j : top), 0);
        predictions[row] = { label: this.labels[best]!, probability: own[best]!, probabilities: own };
      });
    }
    return predictions;
  }

  #probabilities(batch: PaddedBatch): Float32Array {
    return this.engine.step(() => noGrad(this.engine, () => softmax(this.network.forward(batch)).data() as Float32Array));
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    const tensors = Array.from(this.network.namedParameters(), ([name, parameter]) => ({
      name,
      dtype: "F32" as const,
      shape: parameter.shape,
      data: parameter.data() as Float32Array,
    }));
    const { info } = this.engine;
    return encodeModelFile({
      tensors,
      model: {
        task: TASK,
        config: { ...this.config },
        tokenizer: { ...this.tokenizer.toJSON() },
        vocabulary: this.vocabulary.toJSON(),
        labels: [...this.labels],
        numerics: info.numerics,
        build: info.build,
        library: VERSION,
      },
    });
  }

  /**
   * Reads what save() wrote.
   * @throws FormatError when the file is damaged or holds another task
   */
  static load(engine: Engine, bytes: Uint8Array): SequenceClassifier {
    const { tensors, model } = decodeModelFile(bytes);
    if (model.task !== TASK)
      throw new FormatError(`SequenceClassifier.load: the file holds task ${JSON.stringify(model.task)}, wants ${TASK}`);
    const { tokenizer, vocabulary, labels } = model;
    if (tokenizer === undefined || vocabulary === undefined || labels === undefined || labels.length === 0) {
      throw new FormatError("SequenceClassifier.load: the file lacks tokenizer, vocabulary or labels, wants all three");
    }
    const words = Vocabulary.fromJSON(vocabulary);
    const config = model.config as unknown as SequenceNetworkConfig;
    const values = toStateEntries(tensors);
    const found = Array.from(values.values()).reduce((sum, { data }) => sum + data.length, 0);
    const wanted = countParameters(config, words.size, labels.length);
    if (found !== wanted)
      throw new FormatError(`SequenceClassifier.load: the file has ${found} parameters, wants ${wanted} for its configuration`);
    const classifier = new SequenceClassifier(engine, config, createTokenizer(tokenizer as unknown as TokenizerOptions), words, labels);
    try {
      classifier.network.loadStateDict(values);
    } catch (error) {
      classifier.dispose();
      throw error;
    }
    return classifier;
  }

  dispose(): void {
    this.network.dispose();
  }
}
