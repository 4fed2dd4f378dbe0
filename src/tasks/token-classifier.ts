/** A trained tagger: sentences or texts in, a tag for every token out, entities with their places; one file to keep it in. */
import { argMax } from "../decode/arg-max.js";
import type { Engine } from "../engine/engine.js";
import { FormatError } from "../errors.js";
import type { PlainJson } from "../io/model-file.js";
import { softmax } from "../ops/softmax.js";
import { blank, noGrad } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { bucketBatches } from "../text/batching.js";
import type { TaggedTokens } from "../text/examples.js";
import { spansOf } from "../text/tagging-schemes.js";
import { tokenSpans } from "../text/token-spans.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { Lexicon, type TokenBatch, type WordIds } from "./lexicon.js";
import { decodeNetwork, encodeNetwork } from "./network-file.js";
import { type TagMetrics, tagMetrics } from "./tag-metrics.js";
import { countTokenParameters, TokenNetwork, type TokenNetworkConfig } from "./token-network.js";

export interface TagOptions {
  /** Sentences that are tagged at once. Default 128. */
  readonly batchSize?: number;
  /** Ask for the probabilities of all tags too. Default false. */
  readonly probabilities?: boolean;
}

export interface TaggedSentence {
  readonly tags: readonly string[];
  /** Where they were asked for: of each token the probability of every tag, in the order of `labels`; of a CRF its marginals. */
  readonly probabilities?: readonly Float32Array[];
  /** Of the sentence, where training had labels of sentences, and its probability. */
  readonly label?: string;
  readonly labelProbability?: number;
}

/** A token of a text, with its place in code units: text.slice(start, end). */
export interface TextToken {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly tag: string;
  readonly probabilities?: Float32Array;
}

export interface Entity {
  readonly type: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface TaggedText {
  readonly tokens: readonly TextToken[];
  /** The spans that the tags mark; none where the tags mark no spans. */
  readonly entities: readonly Entity[];
  readonly label?: string;
  readonly labelProbability?: number;
}

const TASK = "token-classifier";

export class TokenClassifier {
  readonly network: TokenNetwork;

  /** @param labels names of the tags @param sentenceLabels what whole sentences are labelled with; none where they are not */
  constructor(
    readonly engine: Engine,
    readonly config: TokenNetworkConfig,
    readonly tokenizer: Tokenizer,
    readonly lexicon: Lexicon,
    readonly labels: readonly string[],
    readonly sentenceLabels: readonly string[] = [],
  ) {
    this.network = new TokenNetwork(engine, config, lexicon, labels, sentenceLabels.length);
  }

  /** Ids of a sentence's words; a sentence without any becomes one unknown word, for a sequence has at least one step. */
  encode(tokens: readonly string[]): WordIds[] {
    return tokens.length === 0 ? [this.lexicon.idsOf("")] : tokens.map((token) => this.lexicon.idsOf(token));
  }

  /** Tags of sentences that are split into tokens, in their order. */
  tag(sentences: readonly (readonly string[])[], options: TagOptions = {}): TaggedSentence[] {
    const { batchSize = 128, probabilities = false } = options;
    const encoded = sentences.map((tokens) => this.encode(tokens));
    const lengths = encoded.map((words) => words.length);
    const results = new Array<TaggedSentence>(sentences.length);
    for (const rows of bucketBatches(lengths, { batchSize })) {
      const batch = this.lexicon.batch(rows.map((row) => encoded[row]!));
      const found = this.engine.step(() => noGrad(this.engine, () => this.#tagBatch(batch, probabilities)));
      rows.forEach((row, i) => {
        results[row] = sentences[row]!.length > 0 ? found[i]! : { ...found[i]!, tags: [], ...(probabilities ? { probabilities: [] } : {}) };
      });
    }
    return results;
  }

  /** Splits texts by the model's tokenizer, tags the tokens and finds the entities that the tags mark, with their places in the text. */
  predict(texts: readonly string[], options: TagOptions = {}): TaggedText[] {
    const spans = texts.map((text) => tokenSpans(this.tokenizer, text));
    const sentences = this.tag(
      spans.map((tokens) => tokens.map(({ token }) => token)),
      options,
    );
    return sentences.map(({ tags, probabilities, ...sentence }, i) => {
      const text = texts[i]!;
      const tokens = spans[i]!.map(({ start, end }, t) => {
        const token = { text: text.slice(start, end), start, end, tag: tags[t]! };
        return probabilities === undefined ? token : { ...token, probabilities: probabilities[t]! };
      });
      const entities = this.#spansOf(tags).map(({ type, start, end }) => {
        const [from, to] = [tokens[start]!.start, tokens[end - 1]!.end];
        return { type, text: text.slice(from, to), start: from, end: to };
      });
      return { tokens, entities, ...sentence };
    });
  }

  /**
   * Share of tags that are right; where the tags mark spans also precision, recall and F1 of these, micro-averaged, an entity being right
   * when its ends and its type are; where sentences have labels the share of those too.
   */
  evaluate(examples: readonly TaggedTokens[], options: Pick<TagOptions, "batchSize"> = {}): TagMetrics {
    const sentences = this.tag(
      examples.map(({ tokens }) => tokens),
      options,
    );
    return tagMetrics(examples, sentences, this.config.scheme, this.sentenceLabels.length > 0);
  }

  #spansOf(tags: readonly string[]): ReturnType<typeof spansOf> {
    return this.config.scheme === null ? [] : spansOf(tags);
  }

  #tagBatch(batch: TokenBatch, wanted: boolean): TaggedSentence[] {
    const { scores, labelScores } = this.network.forward(batch);
    const { crf } = this.network;
    const options = { lengths: batch.lengths };
    const paths = crf === null ? bestTags(scores, batch) : crf.decode(scores, options).map(({ tags }) => tags);
    const all = !wanted ? null : (crf === null ? softmax(scores) : crf.marginals(scores, options)).data();
    const ofLabels = labelScores === null ? null : softmax(labelScores).data();
    const count = this.labels.length;
    return paths.map((path, row) => {
      const tags = path.map((tag) => this.labels[tag]!);
      const first = row * batch.time;
      const probabilities =
        all === null ? {} : { probabilities: path.map((_, t) => all.slice((first + t) * count, (first + t + 1) * count) as Float32Array) };
      return { tags, ...probabilities, ...this.#labelOf(ofLabels, row) };
    });
  }

  #labelOf(probabilities: ArrayLike<number> | null, row: number): Pick<TaggedSentence, "label" | "labelProbability"> {
    if (probabilities === null) return {};
    const count = this.sentenceLabels.length;
    const best = argMax(probabilities, row * count, count);
    return { label: this.sentenceLabels[best]!, labelProbability: probabilities[row * count + best]! };
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    return encodeNetwork(this.engine, this.network, {
      task: TASK,
      config: { ...this.config, sentenceLabels: [...this.sentenceLabels] } as { [key: string]: PlainJson },
      tokenizer: { ...this.tokenizer.toJSON() },
      vocabulary: this.lexicon.toJSON(),
      labels: [...this.labels],
    });
  }

  /**
   * Reads what save() wrote.
   * @throws FormatError when the file is damaged or holds another task
   */
  static load(engine: Engine, bytes: Uint8Array): TokenClassifier {
    const { model, values } = decodeNetwork("TokenClassifier.load", TASK, bytes);
    const { sentenceLabels, ...config } = model.config as unknown as TokenNetworkConfig & { sentenceLabels: string[] };
    if (!(Array.isArray(sentenceLabels) && sentenceLabels.every((label) => typeof label === "string")))
      throw new FormatError("TokenClassifier.load: sentenceLabels are no list of strings, wants one");
    const lexicon = Lexicon.fromJSON(model.vocabulary);
    values.check(countTokenParameters(config, lexicon, model.labels.length, sentenceLabels.length));
    const tokenizer = createTokenizer(model.tokenizer as unknown as TokenizerOptions);
    const tagger = blank(engine, () => new TokenClassifier(engine, config, tokenizer, lexicon, model.labels, sentenceLabels));
    return values.into(tagger, tagger.network);
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** The tag of the highest score at each token. */
function bestTags(scores: Tensor, { lengths, time }: TokenBatch): number[][] {
  const values = scores.data();
  const count = scores.shape[2]!;
  return Array.from(lengths, (length, row) => Array.from({ length }, (_, t) => argMax(values, (row * time + t) * count, count)));
}
