/** A trained language model: probabilities of texts, and texts from them; one file to keep it in. */
import { SAMPLING_KEYS, Sampler, type SamplingOptions } from "../decode/sampling.js";
import { type Engine, PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { exp } from "../engine/scalar.js";
import type { HiddenState, LSTMState } from "../nn/recurrent.js";
import { stepsWithin } from "../ops/lengths.js";
import { logSoftmax } from "../ops/softmax.js";
import { checkOptions, wholeNumber } from "../options.js";
import { keep, tensor } from "../tensor/create.js";
import type { Shape } from "../tensor/shape.js";
import { noGrad } from "../tensor/tape.js";
import { bucketBatches, padBatch } from "../text/batching.js";
import { TextWriter } from "../text/text-writer.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "../text/tokenizer.js";
import { UNKNOWN_ID, Vocabulary } from "../text/vocabulary.js";
import { nextTurn } from "../train/breathe.js";
import { Completion } from "./completion.js";
import { countLanguageParameters, LANGUAGE_MODEL, LanguageNetwork, type LanguageNetworkConfig } from "./language-network.js";
import { decodeTextNetwork, encodeNetwork } from "./network-file.js";

/** What stands before the first token of a text or line, and ends lines: the id of padding, which nothing else uses here. */
export const START_ID = 0;
const WHERE = "LanguageModel";
/** Steps of one pass when a text is scored, and lines of one. */
const CHUNK = 256;
const LINES = 64;
/** Milliseconds of work between turns of the event loop. */
const SLICE_MS = 12;

export interface GenerateOptions extends SamplingOptions {
  /** What the text goes on from; it is not part of what comes. Default "". */
  readonly prompt?: string;
  /** Tokens at most. Default 200. */
  readonly maxTokens?: number;
  /** Ends before the first of these. */
  readonly stop?: readonly string[];
  /** Names the draws: the same seed, the same text. Default the engine's. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

export interface TextScore {
  readonly tokens: number;
  /** Characters (code points) of the text as the tokenizer normalises it. */
  readonly characters: number;
  /** Mean negative natural logarithm of a token's probability. */
  readonly nats: number;
  readonly bitsPerCharacter: number;
  /** e^nats. */
  readonly perplexity: number;
}

export class LanguageModel {
  readonly network: LanguageNetwork;

  constructor(
    readonly engine: Engine,
    readonly config: LanguageNetworkConfig,
    readonly tokenizer: Tokenizer,
    readonly vocabulary: Vocabulary,
  ) {
    this.network = new LanguageNetwork(engine, config, vocabulary.size);
  }

  encode(text: string): Int32Array {
    return this.vocabulary.encode(this.tokenizer.encode(text));
  }

  /**
   * How probable a text is, read from its start in one go, or line by line where the model was made for lines; their ends count as tokens.
   * @param streams parts that are read side by side, each from a state of zeros: faster, and a little worse at their starts. Default 1.
   * All numbers are NaN of a text without tokens.
   */
  score(text: string, { streams = 1 }: { readonly streams?: number } = {}): TextScore {
    wholeNumber(`${WHERE}.score`, "streams", streams, 1);
    return fromStart((place) => this.#score(text, streams, place));
  }

  /**
   * As score, of each of some texts that follow one another: the next is read on from where the one before it ended. A model of lines counts
   * one that a text leaves open with the text where it ends.
   */
  scoreAll(texts: readonly string[]): TextScore[] {
    const parts = this.config.lines ? wholeLines(texts) : texts;
    return fromStart((place) => parts.map((text) => this.#score(text, 1, place)));
  }

  #score(text: string, streams: number, place: Place): TextScore {
    const sequences = this.config.lines ? endedLines(text, (line) => this.encode(line)) : [this.encode(text)];
    const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
    const sum = this.config.lines
      ? this.#ofLines(sequences)
      : this.#logProbability(sequences[0]!, Math.max(1, Math.min(streams, tokens)), place);
    const characters = [...this.tokenizer.normalize(text)].length;
    const nats = -sum / tokens;
    return { tokens, characters, nats, bitsPerCharacter: -sum / Math.LN2 / characters, perplexity: exp(nats) };
  }

  /** Sum over all tokens of some lines. */
  #ofLines(lines: readonly Int32Array[]): number {
    let sum = 0;
    const lengths = lines.map(({ length }) => length);
    for (const rows of bucketBatches(lengths, { batchSize: LINES })) {
      const { ids, lengths: own, batch, time } = padBatch(rows.map((row) => lines[row]!));
      const real = stepsWithin(own, time);
      const state = this.#pass(behindStart(ids, time), [batch, time], null, (logProbabilities) => {
        ids.forEach((id, i) => {
          if (real[i] === 1) sum += logProbabilities[i * this.vocabulary.size + id]!;
        });
      });
      disposeState(state);
    }
    return sum;
  }

  /** Sum over all tokens, read on from a place; several streams begin at the start. */
  #logProbability(ids: Int32Array, streams: number, place: Place): number {
    const length = Math.ceil(ids.length / streams);
    let sum = 0;
    for (let start = 0; start < length; start += CHUNK) {
      const time = Math.min(CHUNK, length - start);
      const [inputs, targets] = [new Int32Array(streams * time), new Int32Array(streams * time)];
      for (let row = 0; row < streams; row++) {
        for (let t = 0; t < time; t++) {
          const at = row * length + start + t;
          inputs[row * time + t] = at === 0 ? place.before : (ids[at - 1] ?? START_ID);
          targets[row * time + t] = ids[at] ?? -1;
        }
      }
      place.state = this.#pass(inputs, [streams, time], place.state, (logProbabilities) => {
        targets.forEach((target, i) => {
          if (target >= 0) sum += logProbabilities[i * this.vocabulary.size + target]!;
        });
      });
    }
    place.before = ids.at(-1) ?? place.before;
    return sum;
  }

  /** Shows the log-probabilities after each of the ids, [B, T, V]. @returns the state that the next pass starts with */
  #pass(ids: Int32Array, shape: Shape, before: HiddenState | null, show: (logProbabilities: Float32Array) => void): HiddenState {
    let after = before;
    this.engine.step(() =>
      noGrad(this.engine, () => {
        const { logits, state } = this.network.forward(tensor(this.engine, ids, shape), before);
        show(logSoftmax(logits).data() as Float32Array);
        after = carry(state, before);
      }),
    );
    return after!;
  }

  /** A warm state for completing as someone types; dispose of it afterwards. */
  completion(): Completion {
    return new Completion(this.network);
  }

  /**
   * Writes on, token by token; strings come as soon as no stop string can begin in them. Unknown tokens are never written. A model of lines
   * writes one after the other, the first one on from the prompt's last.
   * @throws ConfigError on a bad option
   */
  async *generate(options: GenerateOptions = {}): AsyncGenerator<string, void, undefined> {
    const where = `${WHERE}.generate`;
    const { prompt = "", maxTokens = 200, stop = [], seed = this.engine.seed, signal, ...sampling } = options;
    checkOptions(where, sampling, SAMPLING_KEYS);
    wholeNumber(where, "maxTokens", maxTokens, 0);
    wholeNumber(where, "seed", seed, 0);
    const { lines } = this.config;
    const sampler = new Sampler(where, sampling);
    const stream = new Stream(streamKey(seed, PURPOSE.sample, 0, 0));
    const pieces = new StopFilter(stop.filter((text) => text !== ""));
    let writer = new TextWriter(this.tokenizer.options.type);
    const { tokens } = this.vocabulary;
    const first = this.vocabulary.size - tokens.length;
    const completion = this.completion();
    try {
      const seen = new Set<number>();
      let scores = completion.feed(START_ID);
      for (const id of this.encode(lines ? prompt.slice(prompt.lastIndexOf("\n") + 1) : prompt)) {
        scores = completion.feed(id);
        seen.add(id);
      }
      let sliceEnd = performance.now() + SLICE_MS;
      for (let i = 0; i < maxTokens && !signal?.aborted && tokens.length > 0; i++) {
        scores[UNKNOWN_ID] = Number.NEGATIVE_INFINITY;
        if (!lines) scores[START_ID] = Number.NEGATIVE_INFINITY;
        const id = sampler.choose(scores, seen, stream.nextFloat());
        const hasEnded = id === START_ID;
        if (!hasEnded) seen.add(id);
        const text = pieces.push(hasEnded ? `${writer.end()}\n` : writer.push(tokens[id - first]!));
        if (text !== "") yield text;
        if (pieces.hasStopped) return;
        if (hasEnded) {
          completion.reset();
          writer = new TextWriter(this.tokenizer.options.type);
        }
        scores = completion.feed(id);
        if (performance.now() < sliceEnd) continue;
        await nextTurn();
        sliceEnd = performance.now() + SLICE_MS;
      }
      const rest = pieces.push(writer.end()) + pieces.end();
      if (rest !== "") yield rest;
    } finally {
      completion.dispose();
    }
  }

  /** The whole model as bytes of one safetensors file. */
  save(): Uint8Array {
    return encodeNetwork(this.engine, this.network, {
      task: LANGUAGE_MODEL,
      config: { ...this.config },
      tokenizer: { ...this.tokenizer.toJSON() },
      vocabulary: this.vocabulary.toJSON(),
    });
  }

  /**
   * Reads what save() wrote.
   * @throws FormatError when the file is damaged or holds another task
   */
  static load(engine: Engine, bytes: Uint8Array): LanguageModel {
    const { model, values } = decodeTextNetwork(`${WHERE}.load`, LANGUAGE_MODEL, bytes);
    const config = model.config as unknown as LanguageNetworkConfig;
    const vocabulary = Vocabulary.fromJSON(model.vocabulary);
    // A tied weight stands in the file once or twice.
    const wanted = countLanguageParameters(config, vocabulary.size);
    const twice = config.tied ? vocabulary.size * config.embeddingDim : 0;
    values.check(wanted, wanted - twice);
    const loaded = new LanguageModel(engine, config, createTokenizer(model.tokenizer as unknown as TokenizerOptions), vocabulary);
    return values.into(loaded, loaded.network);
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** Where the next text is read on: the state there, and the token before it. */
interface Place {
  state: HiddenState | null;
  before: number;
}

function fromStart<T>(read: (place: Place) => T): T {
  const place: Place = { state: null, before: START_ID };
  try {
    return read(place);
  } finally {
    if (place.state !== null) disposeState(place.state);
  }
}

/** As many texts, together the same, with each line in the one where it ends. */
function wholeLines(texts: readonly string[]): string[] {
  let open = "";
  return texts.map((text, i) => {
    const all = open + text;
    const end = i === texts.length - 1 ? all.length : all.lastIndexOf("\n") + 1;
    open = all.slice(end);
    return all.slice(0, end);
  });
}

/** Of each line its ids and the end. A last line break ends no further line. */
export function endedLines(text: string, encode: (line: string) => Int32Array): Int32Array[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const ids = encode(line);
    const ended = new Int32Array(ids.length + 1).fill(START_ID);
    ended.set(ids);
    return ended;
  });
}

/** What is read before each of some ids, [B, T]: the ids a step later, and what stands before the first. */
export const behindStart = (ids: Int32Array, time: number): Int32Array => ids.map((_, i) => (i % time === 0 ? START_ID : ids[i - 1]!));

/** The state as it goes on to the next batch: in memory of its own, without history, in the place of the one before. */
export function carry(next: HiddenState, before: HiddenState | null): HiddenState {
  const h = keep(next.h, before?.h);
  if (!("c" in next)) return { h };
  const state: LSTMState = { h, c: keep((next as LSTMState).c, (before as LSTMState | null)?.c) };
  return state;
}

export function disposeState(state: HiddenState): void {
  for (const part of Object.values(state)) part.dispose();
}

/** Cuts a growing text before the first stop string, and holds back what may become one. */
class StopFilter {
  hasStopped = false;
  #held = "";

  constructor(private readonly stops: readonly string[]) {}

  push(piece: string): string {
    if (this.hasStopped) return "";
    const text = this.#held + piece;
    const found = this.stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.hasStopped = true;
      this.#held = "";
      return text.slice(0, Math.min(...found));
    }
    let keepFrom = text.length;
    for (const stop of this.stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
        if (!text.endsWith(stop.slice(0, length))) continue;
        keepFrom = Math.min(keepFrom, text.length - length);
        break;
      }
    }
    this.#held = text.slice(keepFrom);
    return text.slice(0, keepFrom);
  }

  /** What was held back. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}
