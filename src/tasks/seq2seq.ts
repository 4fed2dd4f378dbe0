/** A trained encoder-decoder: one sequence of symbols in, another one of any length out; one file to keep it in. */
import { argMax } from "../decode/arg-max.js";
import { BEAM_KEYS, type BeamOptions, beamSearch } from "../decode/beam.js";
import type { DecodedSequence, SearchOptions } from "../decode/next-tokens.js";
import { type Choose, greedy, rollOut } from "../decode/rollout.js";
import { SAMPLING_KEYS, Sampler, type SamplingOptions } from "../decode/sampling.js";
import { type Engine, PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { ConfigError, FormatError } from "../errors.js";
import { EncoderDecoder, type EncoderDecoderOptions } from "../nn/encoder-decoder.js";
import { checkOptions, flag, wholeNumber } from "../options.js";
import { padBatch } from "../text/batching.js";
import type { TextPair } from "../text/examples.js";
import { writeText } from "../text/text-writer.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { bleu } from "../train/bleu.js";
import { chrf } from "../train/chrf.js";
import { sequenceScore } from "../train/edit-distance.js";
import { decodeTextNetwork, encodeNetwork } from "./network-file.js";
import { EncoderDecoderTokens } from "./seq2seq-search.js";

export interface Seq2SeqConfig extends Omit<EncoderDecoderOptions, "srcVocab" | "tgtVocab"> {
  /** Tokens of an output at most, where a call says nothing else. */
  readonly maxLength: number;
}

/** How one side's texts become ids. */
export interface TextSide {
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Vocabulary;
}

/** A source, and further symbols of it where the model was trained with them. */
export type Seq2SeqInput = string | Pick<TextPair, "source" | "features">;

export interface TransduceOptions extends Omit<BeamOptions, "prefixes">, SamplingOptions {
  /** Default "beam". */
  readonly search?: "beam" | "greedy" | "sample";
  /** Default what the model was made with: twice the longest target of training, and 10. */
  readonly maxLength?: number;
  /** What each output starts with. */
  readonly prefixes?: readonly string[];
  /** Sources that are searched at the same time. Default 32. */
  readonly batchSize?: number;
  /** Names the draws of search "sample". Default the engine's. */
  readonly seed?: number;
  /** Write the source's token that an unknown one attends to most in its place; without attention none is ever written. Default true. */
  readonly replaceUnknown?: boolean;
}

export interface Transduced {
  readonly text: string;
  readonly tokens: readonly string[];
  readonly logProbability: number;
  /** What a beam ranks by. */
  readonly score: number;
  /** Whether the model ended it; else it was cut at maxLength. */
  readonly ended: boolean;
  /** The source's tokens, and for each token (and the end, where there is one) the weights over them; empty without attention. */
  readonly source: readonly string[];
  readonly attention: readonly Float32Array[];
}

export interface Seq2SeqMetrics {
  readonly exactMatch: number;
  /** Of the target's tokens, but of whole words where those are subwords. */
  readonly tokenErrorRate: number;
  readonly bleu: number;
  readonly chrf: number;
}

const TASK = "seq2seq";
const WHERE = "Seq2Seq";
const KEYS = ["search", "maxLength", "batchSize", "seed", "replaceUnknown", "prefixes", ...BEAM_KEYS, ...SAMPLING_KEYS] as const;

export class Seq2Seq {
  readonly network: EncoderDecoder;
  /** Of the decoder, behind the target's vocabulary. */
  readonly startId: number;
  readonly endId: number;

  constructor(
    readonly engine: Engine,
    readonly config: Seq2SeqConfig,
    readonly source: TextSide,
    readonly target: TextSide,
  ) {
    const { maxLength, ...network } = config;
    wholeNumber(WHERE, "maxLength", maxLength, 1);
    this.startId = target.vocabulary.size;
    this.endId = this.startId + 1;
    this.network = new EncoderDecoder(engine, { ...network, srcVocab: source.vocabulary.size, tgtVocab: this.endId + 1 });
  }

  /** Tokens that the encoder reads: those of the source, and each of the features between white space or ; , | as one symbol. */
  sourceTokens(input: Seq2SeqInput): string[] {
    const { source, features = "" } = typeof input === "string" ? { source: input } : input;
    return [...this.source.tokenizer.encode(source), ...featureSymbols(features)];
  }

  /** Ids of the encoder's tokens; of a source without any one unknown, for a sequence has at least one step. */
  encodeSource(input: Seq2SeqInput): Int32Array {
    const ids = this.source.vocabulary.encode(this.sourceTokens(input));
    return ids.length === 0 ? Int32Array.of(UNKNOWN_ID) : ids;
  }

  /** The best output of each source, in their order. @throws ConfigError on a bad option */
  predict(inputs: readonly Seq2SeqInput[], options: TransduceOptions = {}): Transduced[] {
    return this.nBest(inputs, { ...options, nBest: 1 }).map(([best]) => best!);
  }

  /** The nBest best outputs of each source, the best first; searches other than "beam" give one. */
  nBest(inputs: readonly Seq2SeqInput[], options: TransduceOptions = {}): Transduced[][] {
    const where = `${WHERE}.predict`;
    checkOptions(where, options, KEYS);
    const batchSize = wholeNumber(where, "batchSize", options.batchSize ?? 32, 1);
    const replace = flag(where, "replaceUnknown", options.replaceUnknown ?? true) && this.network.attention !== null;
    const { prefixes } = options;
    if (prefixes !== undefined && prefixes.length !== inputs.length)
      throw new ConfigError(`${where}: ${prefixes.length} prefixes, wants ${inputs.length}, one for each source`);
    const search = this.#searchOf(where, options);
    const order = inputs.map((_, i) => i);
    const encoded = inputs.map((input) => this.encodeSource(input));
    order.sort((a, b) => encoded[a]!.length - encoded[b]!.length);
    const results = new Array<Transduced[]>(inputs.length);
    for (let first = 0; first < order.length; first += batchSize) {
      const rows = order.slice(first, first + batchSize);
      const forbidden = [0, this.startId, ...(replace ? [] : [UNKNOWN_ID])];
      const batch = padBatch(rows.map((row) => encoded[row]!));
      const tokens = new EncoderDecoderTokens(this.engine, this.network, batch, this.endId + 1, forbidden);
      try {
        const found = search(tokens, rows);
        rows.forEach((row, i) => {
          results[row] = found[i]!.map((text) => this.#written(text, inputs[row]!));
        });
      } finally {
        tokens.dispose();
      }
    }
    return results;
  }

  /** The search that options name, over the inputs of the given numbers. */
  #searchOf(where: string, options: TransduceOptions): (tokens: EncoderDecoderTokens, rows: readonly number[]) => DecodedSequence[][] {
    const { search = "beam", seed = this.engine.seed, prefixes } = options;
    const maxLength = wholeNumber(where, "maxLength", options.maxLength ?? this.config.maxLength, 0);
    const limits = (sources: number): SearchOptions => ({ sources, start: this.startId, end: this.endId, maxLength });
    const only = (keys: readonly string[]) => Object.fromEntries(Object.entries(options).filter(([key]) => keys.includes(key)));
    if (search === "beam") {
      const own = only(BEAM_KEYS);
      return (tokens, rows) =>
        beamSearch(
          tokens,
          limits(rows.length),
          prefixes === undefined ? own : { ...own, prefixes: rows.map((row) => this.#prefix(prefixes[row]!)) },
        );
    }
    const unused = BEAM_KEYS.find((key) => key !== "nBest" && options[key] !== undefined);
    if (unused !== undefined || prefixes !== undefined)
      throw new ConfigError(`${where}: ${unused ?? "prefixes"} with search "${search}", wants search "beam"`);
    if (search === "greedy") return (tokens, rows) => rollOut(tokens, limits(rows.length), greedy).map((text) => [text]);
    if (search !== "sample") throw new ConfigError(`${where}: search ${JSON.stringify(search)}, wants "beam", "greedy" or "sample"`);
    wholeNumber(where, "seed", seed, 0);
    const sampler = new Sampler(where, only(SAMPLING_KEYS));
    return (tokens, rows) => {
      // A stream for each input, whatever else is in the batch.
      const streams = rows.map((row) => new Stream(streamKey(seed, PURPOSE.sample, row, 0)));
      const choose: Choose = (scores, seen, source) => sampler.choose(scores, seen, streams[source]!.nextFloat());
      return rollOut(tokens, limits(rows.length), choose).map((text) => [text]);
    };
  }

  #prefix(text: string): number[] {
    return [...this.target.vocabulary.encode(this.target.tokenizer.encode(text))];
  }

  #written(found: DecodedSequence, input: Seq2SeqInput): Transduced {
    const { tokens: ids, logProbability, score, ended } = found;
    const source = this.sourceTokens(input);
    // Without what the batch's longer sources have.
    const attention = found.attention.map((weights) => weights.slice(0, Math.max(1, source.length)));
    const { vocabulary, tokenizer } = this.target;
    const tokens = ids.map((id, t) => (id === UNKNOWN_ID ? (source[argMax(attention[t]!)] ?? "") : String(vocabulary.names[id])));
    return { text: writeText(tokenizer.options.type, tokens), tokens, logProbability, score, ended, source, attention };
  }

  /** Metrics of the best outputs; all targets of a source count as right. */
  evaluate(pairs: readonly TextPair[], options: TransduceOptions = {}): Seq2SeqMetrics {
    return this.score(
      pairs,
      this.predict(pairs, options).map(({ text }) => text),
    );
  }

  /** Metrics of texts, whoever wrote them, one for each pair. */
  score(pairs: readonly TextPair[], texts: readonly string[]): Seq2SeqMetrics {
    const targets = pairs.map((pair) => pair.targets);
    const { options } = this.target.tokenizer;
    const counted = options.type === "subwords" ? createTokenizer({ ...options, type: "words" }) : this.target.tokenizer;
    const cut = (text: string) => counted.encode(text);
    const score = sequenceScore(
      texts.map(cut),
      targets.map((list) => list.map(cut)),
    );
    return { ...score, bleu: bleu(texts, targets).score, chrf: chrf(texts, targets).score };
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    const { source, target } = this;
    return encodeNetwork(this.engine, this.network, {
      task: TASK,
      config: { ...this.config },
      tokenizer: { source: { ...source.tokenizer.toJSON() }, target: { ...target.tokenizer.toJSON() } },
      vocabulary: { source: source.vocabulary.toJSON(), target: target.vocabulary.toJSON() },
    });
  }

  /**
   * Reads what save() wrote.
   * @throws FormatError when the file is damaged or holds another task
   */
  static load(engine: Engine, bytes: Uint8Array): Seq2Seq {
    const where = `${WHERE}.load`;
    const { model, values } = decodeTextNetwork(where, TASK, bytes);
    const side = (name: "source" | "target"): TextSide => {
      const [tokenizer, vocabulary] = [model.tokenizer[name], (model.vocabulary as { [key: string]: unknown } | null)?.[name]];
      return { tokenizer: createTokenizer(tokenizer as unknown as TokenizerOptions), vocabulary: Vocabulary.fromJSON(vocabulary) };
    };
    const config = model.config as unknown as Seq2SeqConfig;
    const [source, target] = [side("source"), side("target")];
    // An embedding is a part of a model: more numbers than the file has are not asked of the memory.
    const least = (source.vocabulary.size + target.vocabulary.size) * config.embeddingDim;
    if (!(least <= values.count))
      throw new FormatError(`${where}: the file has ${values.count} parameters, wants more than ${least} for its configuration`);
    const loaded = new Seq2Seq(engine, config, source, target);
    return values.into(loaded, loaded.network);
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** Symbols of a column of features, marked, so that none is taken for a token of a text. */
export const featureSymbols = (features: string): string[] => (features.match(/[^\s;,|]+/gu) ?? []).map((symbol) => `<${symbol}>`);
