/** Golden runners of whole models: training runs, and the encoder-decoder with attention. */
import {
  backward,
  clipGradNorm,
  crossEntropy,
  detach,
  Embedding,
  type Engine,
  keep,
  Linear,
  type LSTM,
  Module,
  type Optimizer,
  reshape,
  Scheduler,
  type Tensor,
  tensor,
} from "../../../src/index.js";
import { EncoderDecoder } from "../../../src/layers/index.js";
import { topStates } from "../../../src/ops/recurrent/top-states.js";
import {
  type Config,
  checkKeys,
  gradientOf,
  input,
  makeOptimizer,
  makeRecurrent,
  type Results,
  type Runner,
  toTensor,
  Unknown,
} from "../context.js";
import type { GoldenCase, Numbers, Values } from "../load.js";
import { makeSchedule } from "./schedules.js";

interface TrainConfig {
  readonly steps: number;
  readonly clip?: number | null;
  readonly optimizer: Config & { readonly name: string };
  readonly scheduler?: (Config & { readonly name: string }) | null;
}

interface NetworkConfig {
  readonly cell: string;
  readonly vocab: number;
  readonly embed: number;
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional?: boolean;
}

const TRAINING = ["steps", "clip", "optimizer", "scheduler", "batch", "seq", "cell", "vocab", "embed", "hidden", "layers"];

/** Embedding, recurrent layer and output, under the names of the golden parameters. */
class Network extends Module {
  readonly embed: Embedding;
  readonly rnn: ReturnType<typeof makeRecurrent>;
  readonly out: Linear;

  constructor(engine: Engine, { cell, vocab, embed, hidden, layers }: NetworkConfig, outputs: number, bidirectional: boolean) {
    super();
    const mode = cell === "RNN" ? "RNN_TANH" : cell;
    this.embed = new Embedding(engine, { numEmbeddings: vocab, embeddingDim: embed });
    this.rnn = makeRecurrent(engine, { mode, input_size: embed, hidden_size: hidden, num_layers: layers, bidirectional });
    this.out = new Linear(engine, { inFeatures: hidden * (bidirectional ? 2 : 1), outFeatures: outputs });
  }

  run(ids: Tensor, state: unknown, options: object = {}): ReturnType<LSTM["forward"]> {
    return (this.rnn as LSTM).forward(this.embed.forward(ids), state as never, options);
  }
}

/** Entry k of a tensor whose first axis counts the steps. */
function entry({ shape, data }: Values, k: number): Values {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  return { shape: shape.slice(1), data: data.subarray(k * size, (k + 1) * size) as Numbers };
}

/** Runs config.steps updates; loss(k) builds the loss of step k. */
function train(engine: Engine, item: GoldenCase, model: Module, loss: (k: number) => Tensor): Results {
  const { steps, clip, optimizer: given, scheduler } = item.config as unknown as TrainConfig;
  model.loadStateDict(item.params);
  const { name, ...options } = given;
  const optimizer: Optimizer = makeOptimizer(name, model.parameters(), options);
  const schedule = scheduler ? new Scheduler(optimizer, makeSchedule(scheduler.name, scheduler)) : null;
  const losses = new Float64Array(steps);
  const norms = new Float64Array(steps);
  for (let k = 0; k < steps; k++) {
    engine.step(
      () => {
        optimizer.zeroGrad();
        const value = loss(k);
        losses[k] = value.item();
        backward(value);
        if (clip) norms[k] = clipGradNorm(model.parameters(), clip);
        optimizer.step();
      },
      { training: true },
    );
    schedule?.step();
  }
  const final = Object.fromEntries(Array.from(model.namedParameters(), ([key, parameter]) => [`final.${key}`, parameter.data()]));
  return { losses, grad_norms: norms, ...final };
}

export const train_charlm: Runner = (engine, item) => {
  checkKeys(item, [...TRAINING, "stateful", "reset_every"]);
  const config = item.config as unknown as NetworkConfig & { stateful: boolean; reset_every: number };
  const model = new Network(engine, config, config.vocab, false);
  const [x, y] = [item.get("in", "x"), item.get("in", "y")];
  let carried: Record<string, Tensor> | null = null;
  return train(engine, item, model, (k) => {
    if (!config.stateful || k % config.reset_every === 0) carried = null;
    const ids = toTensor(engine, entry(x, k));
    const { output, state } = model.run(ids, carried);
    const previous: Record<string, Tensor> | null = carried;
    carried = Object.fromEntries(Object.entries(state).map(([name, value]) => [name, keep(detach(value), previous?.[name])]));
    const logits = reshape(model.out.forward(output), [ids.size, config.vocab]);
    return crossEntropy(logits, reshape(toTensor(engine, entry(y, k)), [ids.size]));
  });
};

export const train_classifier: Runner = (engine, item) => {
  checkKeys(item, [...TRAINING, "classes", "bidirectional"]);
  const config = item.config as unknown as NetworkConfig & { classes: number; bidirectional: boolean };
  const directions = config.bidirectional ? 2 : 1;
  const model = new Network(engine, config, config.classes, config.bidirectional);
  return train(engine, item, model, (k) => {
    const [ids, lengths] = [toTensor(engine, entry(item.get("in", "x"), k)), entry(item.get("in", "lengths"), k).data];
    const { h } = model.run(ids, null, { lengths }).state;
    return crossEntropy(model.out.forward(topStates(h, directions)), toTensor(engine, entry(item.get("in", "y"), k)));
  });
};

export const train_tagger: Runner = (engine, item) => {
  checkKeys(item, [...TRAINING, "classes", "label_smoothing", "ignore_index"]);
  const config = item.config as unknown as NetworkConfig & { classes: number; label_smoothing: number; ignore_index: number };
  const model = new Network(engine, config, config.classes, true);
  return train(engine, item, model, (k) => {
    const [ids, lengths] = [toTensor(engine, entry(item.get("in", "x"), k)), entry(item.get("in", "lengths"), k).data];
    const { output } = model.run(ids, null, { lengths });
    const logits = reshape(model.out.forward(output), [ids.size, config.classes]);
    const target = reshape(toTensor(engine, entry(item.get("in", "y"), k)), [ids.size]);
    const weight = input(engine, item, "weight");
    return crossEntropy(logits, target, { weight, labelSmoothing: config.label_smoothing, ignoreIndex: config.ignore_index });
  });
};

interface SequenceConfig {
  readonly cell: string;
  readonly attention: "bahdanau";
  readonly src_vocab: number;
  readonly tgt_vocab: number;
  readonly embed: number;
  readonly hidden: number;
  readonly attn_size: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly input_feeding: boolean;
}

const SEQUENCE = [
  "src_vocab",
  "tgt_vocab",
  "embed",
  "hidden",
  "attn_size",
  "layers",
  "bidirectional",
  "input_feeding",
  "batch",
  "src_len",
  "tgt_len",
  "cell",
  "attention",
];

function makeEncoderDecoder(engine: Engine, item: GoldenCase): EncoderDecoder {
  const c = item.config as unknown as SequenceConfig;
  const cell = { RNN: "rnn", GRU: "gru", LSTM: "lstm" }[c.cell] as "gru" | undefined;
  if (cell === undefined) throw new Unknown(`cell ${c.cell} is not known`);
  return new EncoderDecoder(engine, {
    srcVocab: c.src_vocab,
    tgtVocab: c.tgt_vocab,
    embeddingDim: c.embed,
    hiddenSize: c.hidden,
    attentionSize: c.attn_size,
    numLayers: c.layers,
    bidirectional: c.bidirectional,
    inputFeeding: c.input_feeding,
    cell,
    attention: c.attention,
  });
}

function sequenceLoss(engine: Engine, model: EncoderDecoder, src: Values, lengths: Values, tgtIn: Values, tgtOut: Values) {
  const { logits, attention } = model.forward(toTensor(engine, src), lengths.data, toTensor(engine, tgtIn));
  const rows = tgtOut.data.length;
  const flat = reshape(logits, [rows, logits.shape[2]!]);
  return { logits, attention, loss: crossEntropy(flat, tensor(engine, tgtOut.data, [rows]), { ignoreIndex: 0 }) };
}

export const seq2seq: Runner = (engine, item) => {
  checkKeys(item, SEQUENCE);
  const model = makeEncoderDecoder(engine, item);
  model.loadStateDict(item.params);
  return engine.step(() => {
    const [src, lengths, tgtIn, tgtOut] = ["src", "src_lengths", "tgt_in", "tgt_out"].map((name) => item.get("in", name));
    const { logits, attention, loss } = sequenceLoss(engine, model, src!, lengths!, tgtIn!, tgtOut!);
    backward(loss);
    const gradients = Object.fromEntries(Array.from(model.namedParameters(), ([key, parameter]) => [`grad.${key}`, gradientOf(parameter)]));
    return { loss: loss.data(), logits: logits.data(), attention: attention!.data(), ...gradients };
  });
};

export const train_seq2seq: Runner = (engine, item) => {
  checkKeys(item, [...SEQUENCE, "steps", "clip", "optimizer", "scheduler"]);
  const model = makeEncoderDecoder(engine, item);
  return train(engine, item, model, (k) => {
    const at = (name: string) => entry(item.get("in", name), k);
    return sequenceLoss(engine, model, at("src"), at("src_lengths"), at("tgt_in"), at("tgt_out")).loss;
  });
};
