/** Training of a language model from running text. */
import type { Engine } from "../engine/engine.js";
import { ConfigError } from "../errors.js";
import type { ModelDescription } from "../io/model-file.js";
import type { StateEntries } from "../io/state-dict.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import type { HiddenState, LSTMState } from "../nn/recurrent.js";
import { stepsWithin } from "../ops/lengths.js";
import { checkOptions, wholeNumber } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { StateDict } from "../tensor/state.js";
import type { Tensor } from "../tensor/tensor.js";
import { padBatch } from "../text/batching.js";
import type { Tokenizer, TokenizerOptions } from "../text/tokenizer.js";
import { trainTokenizer } from "../text/train-tokenizer.js";
import { Vocabulary } from "../text/vocabulary.js";
import type { FitResult } from "../train/fit.js";
import { epochBatches, shuffling } from "./draws.js";
import { behindStart, carry, disposeState, endedLines, LanguageModel, START_ID } from "./language-model.js";
import { checkLanguageConfig, LANGUAGE_KEYS, type LanguageNetworkConfig } from "./language-network.js";
import { planTraining, TRAINING_KEYS, type TrainedTask, type TrainingDefaults, type TrainingOptions, trainNetwork } from "./training.js";

export interface TrainLanguageModelOptions extends Partial<LanguageNetworkConfig>, TrainingOptions {
  /** Default: characters, NFC, as they are. */
  readonly tokenizer?: TokenizerOptions | Tokenizer;
  /** Tokens seen less often become unknown. Default 1 for characters and bytes, else 2. */
  readonly minCount?: number;
  /** Steps that gradients go back through; the state goes on. Default 64; of lines 512, and longer ones are cut. */
  readonly sequenceLength?: number;
}

const WHERE = "trainLanguageModel";
const KEYS = [...LANGUAGE_KEYS, "tokenizer", "minCount", "sequenceLength", ...TRAINING_KEYS] as const;
/** Multiplications and additions of a whole training that the default number of epochs comes to: more for more text. */
const work = (tokens: number): number => 1.6e13 * Math.min(1.4, Math.max(1, tokens / 1.2e6));
/** Steps of the optimizer that a text of few batches is passed over again for, at most 30 times; ten passes are enough for others. */
const STEPS = 1800;
const DEV_STREAMS = 16;
/** Tokens in a mini-batch of lines that the default size comes to. */
const LINE_TOKENS = 1024;
/** Target of a padded step. */
const IGNORED = -100;

/** Wider networks for more text; epochs by the work that they are. */
function configOf(options: TrainLanguageModelOptions, tokens: number, vocabulary: number): LanguageNetworkConfig {
  const isLarge = vocabulary > 1000;
  return checkLanguageConfig({
    cell: options.cell ?? "lstm",
    embeddingDim: options.embeddingDim ?? (isLarge ? 256 : 64),
    hiddenSize: options.hiddenSize ?? (tokens < 500_000 ? 256 : 384),
    numLayers: options.numLayers ?? 1,
    dropout: options.dropout ?? (isLarge ? 0.4 : 0.2),
    weightDropout: options.weightDropout ?? 0,
    tied: options.tied ?? isLarge,
    lines: options.lines ?? false,
  });
}

function epochsFor(
  { embeddingDim, hiddenSize, numLayers, tied }: LanguageNetworkConfig,
  tokens: number,
  vocabulary: number,
  batches: number,
): number {
  const cells = 4 * hiddenSize * (embeddingDim + hiddenSize + (numLayers - 1) * 2 * hiddenSize);
  const perToken = 6 * (cells + vocabulary * (tied ? embeddingDim : hiddenSize));
  const most = Math.min(30, Math.max(10, Math.ceil(STEPS / batches)));
  return Math.min(most, Math.max(2, Math.round(work(tokens) / (perToken * tokens))));
}

/**
 * @param data texts of training and, for the choice of the best weights, of dev (may be empty)
 * @throws ConfigError on a bad option or a text too short to be cut into the batch's streams
 */
export async function trainLanguageModel(
  engine: Engine,
  data: { readonly train: string; readonly dev: string },
  options: TrainLanguageModelOptions = {},
): Promise<{ model: LanguageModel; result: FitResult }> {
  checkOptions(WHERE, options, KEYS);
  const material = prepare(data.train, options);
  const { tokenizer, vocabulary, config, sequences, sequenceLength } = material;
  const rows = config.lines ? sequences.length : sequences[0]!.length;
  const plan = planTraining(WHERE, options, defaultsOf(material));
  if (rows < plan.batchSize)
    throw new ConfigError(
      `${WHERE}: the training text has ${rows} ${config.lines ? "lines" : "tokens"}, wants at least ${plan.batchSize}, one for each row of a batch`,
    );
  const model = new LanguageModel(engine, config, tokenizer, vocabulary);
  const streams = config.lines ? null : new Streams(engine, model, sequences[0]!, plan.batchSize, sequenceLength);
  const shared = {
    evaluate: () => (data.dev === "" ? undefined : -model.score(data.dev, { streams: DEV_STREAMS }).nats),
    save: () => model.save(),
    rows: (from: ModelDescription) => {
      const names = { from: Vocabulary.fromJSON(from.vocabulary).names, to: vocabulary.names };
      return { "embedding.weight": names, "output.weight": names, "output.bias": names };
    },
  };
  try {
    const result =
      streams === null
        ? await trainNetwork(engine, model.network, { ...shared, ...lineTask(model, sequences, plan.batchSize) }, plan)
        : await trainNetwork(engine, model.network, { ...shared, ...streamTask(streams, plan.batchSize) }, plan);
    return { model, result };
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    streams?.dispose();
  }
}

/** What is learned from: the text as one sequence of ids, or its lines with their ends. */
interface Material {
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Vocabulary;
  readonly config: LanguageNetworkConfig;
  readonly sequences: readonly Int32Array[];
  readonly sequenceLength: number;
}

function prepare(text: string, options: TrainLanguageModelOptions): Material {
  const tokenizer = trainTokenizer(options.tokenizer ?? { type: "characters" }, [text]);
  const pieces = options.lines === true ? text.split("\n") : [text];
  const tokens = pieces.flatMap((piece) => tokenizer.encode(piece));
  const isFine = tokenizer.options.type === "characters" || tokenizer.options.type === "bytes";
  const minCount = wholeNumber(WHERE, "minCount", options.minCount ?? (isFine ? 1 : 2), 1);
  const vocabulary = Vocabulary.build([tokens], { minCount });
  const config = configOf(options, tokens.length, vocabulary.size);
  const sequenceLength = wholeNumber(WHERE, "sequenceLength", options.sequenceLength ?? (config.lines ? 512 : 64), 1);
  const lines = () => endedLines(text, (line) => vocabulary.encode(tokenizer.encode(line))).flatMap((ids) => cut(ids, sequenceLength));
  return { tokenizer, vocabulary, config, sequences: config.lines ? lines() : [vocabulary.encode(tokens)], sequenceLength };
}

function defaultsOf({ vocabulary, config, sequences, sequenceLength }: Material): TrainingDefaults {
  const tokens = Math.max(
    1,
    sequences.reduce((sum, { length }) => sum + length, 0),
  );
  const rows = config.lines
    ? Math.min(128, sequences.length, Math.round((LINE_TOKENS * sequences.length) / tokens))
    : Math.min(32, Math.floor(tokens / sequenceLength));
  const batchSize = Math.max(1, rows);
  const batches = config.lines ? sequences.length / batchSize : tokens / (batchSize * sequenceLength);
  return { batchSize, epochs: epochsFor(config, tokens, vocabulary.size, batches), lr: 0.004 };
}

const streamTask = (streams: Streams, rows: number): TrainedTask<Chunk> => ({
  batches: (epoch) => streams.chunks(epoch),
  count: ({ time }) => rows * time,
  loss: (chunk) => streams.loss(chunk),
  carried: streams,
});

/** Lines of ids with their end, in batches of like lengths; each is read from a state of zeros. */
function lineTask(model: LanguageModel, lines: readonly Int32Array[], batchSize: number): TrainedTask<readonly number[]> {
  const { engine, network } = model;
  const lengths = lines.map(({ length }) => length);
  const count = (rows: readonly number[]) => rows.reduce((sum, row) => sum + lengths[row]!, 0);
  return {
    batches: epochBatches(engine, lengths, batchSize),
    count,
    weight: count,
    loss: (rows) => {
      const { ids, lengths: own, batch, time } = padBatch(rows.map((row) => lines[row]!));
      const real = stepsWithin(own, time);
      const targets = ids.map((id, i) => (real[i] === 1 ? id : IGNORED));
      const { logits } = network.forward(tensor(engine, behindStart(ids, time), [batch, time]));
      return crossEntropy(logits, tensor(engine, targets, [batch, time]), { ignoreIndex: IGNORED });
    },
  };
}

/** Pieces of at most so many ids. */
const cut = (ids: Int32Array, length: number): Int32Array[] =>
  Array.from({ length: Math.ceil(ids.length / length) }, (_, i) => ids.subarray(i * length, (i + 1) * length));

/** Steps start … start + time - 1 of every stream. */
interface Chunk {
  readonly start: number;
  readonly time: number;
}

/** The text as parallel streams, read chunk by chunk; the state after one chunk is where the next one starts. */
class Streams {
  #state: HiddenState | null = null;
  readonly #length: number;

  constructor(
    private readonly engine: Engine,
    private readonly model: LanguageModel,
    private readonly ids: Int32Array,
    private readonly rows: number,
    private readonly sequenceLength: number,
  ) {
    this.#length = Math.floor(ids.length / rows);
  }

  /** Chunks are cut at other places in every epoch, but their number is the same: the first one's length leaves the rest as many. */
  chunks(epoch: number): Chunk[] {
    const stream = shuffling(this.engine, epoch);
    const most = this.sequenceLength;
    const over = ((this.#length - 1) % most) + 1;
    const [low, high] = 2 * over <= most ? [over, most] : [1, Math.max(1, over - 1)];
    const first = low + stream.nextInt(high - low + 1);
    const chunks: Chunk[] = [];
    for (let start = 0; start < this.#length; ) {
      const time = Math.min(this.#length - start, start === 0 ? first : most);
      chunks.push({ start, time });
      start += time;
    }
    return chunks;
  }

  loss({ start, time }: Chunk): Tensor {
    const { engine, ids, rows, model } = this;
    if (start === 0) this.dispose();
    const read = (shift: number) =>
      tensor(
        engine,
        Int32Array.from({ length: rows * time }, (_, i) => {
          const at = Math.floor(i / time) * this.#length + start + (i % time) + shift;
          return at < 0 ? START_ID : ids[at]!;
        }),
        [rows, time],
      );
    const { logits, state } = model.network.forward(read(-1), this.#state);
    this.#state = carry(state, this.#state);
    return crossEntropy(logits, read(0));
  }

  /** The state that the next chunk starts with. */
  save(): StateDict {
    return new Map(Object.entries(this.#state ?? {}) as [string, Tensor][]);
  }

  load(entries: StateEntries): void {
    this.dispose();
    const part = (name: string) => {
      const entry = entries.get(name);
      return entry && tensor(this.engine, entry.data, entry.shape);
    };
    const [h, c] = [part("h"), part("c")];
    const state: HiddenState | LSTMState | null = h === undefined ? null : c === undefined ? { h } : { h, c };
    this.#state = state;
  }

  dispose(): void {
    if (this.#state !== null) disposeState(this.#state);
    this.#state = null;
  }
}
