/**
 * Five small models, trained one step of each in turn: every recurrent layer and optimizer, most losses and schedules. A model is
 * { modules, optimizers, loss(step), clip(), advance(loss) }, all over whole numbers that integer arithmetic draws.
 */
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  binaryCrossEntropyWithLogits,
  clipGradNorm,
  clipGradValue,
  concat,
  cosineAnnealingWarmRestarts,
  crossEntropy,
  cyclicLR,
  Dropout,
  Embedding,
  exponentialLR,
  GRU,
  GRUCell,
  gelu,
  huberLoss,
  init,
  keep,
  LayerNorm,
  Linear,
  Lion,
  LSTM,
  LSTMCell,
  l1Loss,
  linearLR,
  logSoftmax,
  mean,
  mseLoss,
  mul,
  NAdam,
  nllLoss,
  noamLR,
  oneCycleLR,
  RAdam,
  ReduceLROnPlateau,
  RMSprop,
  RNN,
  reshape,
  Scheduler,
  SGD,
  sequentialLR,
  sigmoidFocalLoss,
  silu,
  slice,
  smoothL1Loss,
  softplus,
  stepLR,
  sum,
  tanh,
  tensor,
} from "../../dist/index.js";
import { EncoderDecoder, LayerNormGRUCell, Zoneout } from "../../dist/layers.js";

export const [BATCH, TIME, WORDS, CLASSES] = [4, 6, 11, 3];

/** Seeded whole numbers below n, from integer arithmetic alone. */
function numbers(seed, count, n) {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  return Int32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * n);
  });
}

const ids = (engine, seed, n = WORDS) => tensor(engine, numbers(seed, BATCH * TIME, n), [BATCH, TIME]);
const lengthsOf = (seed) => numbers(seed + 1e6, BATCH, TIME).map((length) => length + 1);
const classes = (engine, seed, n = CLASSES) => tensor(engine, numbers(seed + 2e6, BATCH, n));
/** Multiples of 1/8 from -1 to 1. */
const eighths = (engine, seed, shape) =>
  tensor(
    engine,
    Float32Array.from(
      numbers(
        seed + 3e6,
        shape.reduce((a, b) => a * b),
        17,
      ),
      (value) => value / 8 - 1,
    ),
    shape,
  );
const parametersOf = (modules) => Object.values(modules).flatMap((module) => module.parameters());

/** A bidirectional LSTM in two layers under a GRU, beside an Elman network: classes. */
function makeClassifier(engine) {
  const modules = {
    embedding: new Embedding(engine, { numEmbeddings: WORDS, embeddingDim: 6, paddingIdx: 0 }),
    lstm: new LSTM(engine, { inputSize: 6, hiddenSize: 7, numLayers: 2, bidirectional: true, dropout: 0.2 }),
    gru: new GRU(engine, { inputSize: 14, hiddenSize: 5 }),
    rnn: new RNN(engine, { inputSize: 6, hiddenSize: 5 }),
    norm: new LayerNorm(engine, { normalizedSize: 10 }),
    output: new Linear(engine, { inFeatures: 10, outFeatures: CLASSES }),
  };
  const { embedding, lstm, gru, rnn, norm, output } = modules;
  const dropout = new Dropout(0.1);
  const optimizers = [
    new Adam([...embedding.parameters(), ...lstm.parameters()], { lr: 0.01, amsgrad: true }),
    new RMSprop([...gru.parameters(), ...norm.parameters()], { lr: 0.002, centered: true }),
    new SGD([...rnn.parameters(), ...output.parameters()], { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
  ];
  const schedulers = optimizers.map((optimizer) => new Scheduler(optimizer, exponentialLR({ gamma: 0.998 })));
  const forward = (words, lengths) => {
    const vectors = embedding.forward(words);
    const deep = gru.forward(lstm.forward(vectors, null, { lengths }).output, null, { lengths });
    const flat = rnn.forward(vectors, null, { lengths });
    const joined = concat([reshape(deep.state.h, [-1, 5]), mean(flat.output, 1)], 1);
    return output.forward(dropout.forward(gelu(softplus(norm.forward(joined)))));
  };
  return {
    modules,
    optimizers,
    forward,
    loss: (step) => crossEntropy(forward(ids(engine, step), lengthsOf(step)), classes(engine, step), { labelSmoothing: 0.1 }),
    clip: () => clipGradNorm(parametersOf(modules), 0.5),
    advance: () => {
      for (const scheduler of schedulers) scheduler.step();
    },
  };
}

/** Two encoder-decoders with attention: additive, and multiplicative with input feeding. */
function makeTranslator(engine) {
  const common = { srcVocab: WORDS, tgtVocab: 7, embeddingDim: 4, hiddenSize: 5 };
  const modules = {
    additive: new EncoderDecoder(engine, { ...common, cell: "gru", attention: "bahdanau" }),
    general: new EncoderDecoder(engine, { ...common, cell: "lstm", attention: "general", inputFeeding: true, bidirectional: false }),
  };
  const optimizers = [
    new AdamW(modules.additive.parameters(), { lr: 0.01, weightDecay: 0.02 }),
    new NAdam(modules.general.parameters(), { lr: 0.005 }),
  ];
  const schedulers = [
    new Scheduler(optimizers[0], cosineAnnealingWarmRestarts({ t0: 25, tMult: 2, etaMin: 1e-4 })),
    new Scheduler(optimizers[1], noamLR({ modelSize: 16, warmupSteps: 40 })),
  ];
  return {
    modules,
    optimizers,
    loss: (step) => {
      const model = step % 2 === 0 ? modules.additive : modules.general;
      const { logits } = model.forward(ids(engine, step), lengthsOf(step), ids(engine, step + 1, 7));
      const targets = tensor(engine, numbers(step + 2, BATCH * TIME, 7), [BATCH * TIME]);
      return nllLoss(reshape(logSoftmax(logits), [BATCH * TIME, 7]), targets);
    },
    clip: () => clipGradNorm(parametersOf(modules), 1, { normType: Number.POSITIVE_INFINITY }),
    advance: () => {
      for (const scheduler of schedulers) scheduler.step();
    },
  };
}

/** A projected LSTM, a ReLU network and the GRU that resets before its product: numbers, by every loss of theirs in turn. */
function makeRegressor(engine) {
  const modules = {
    lstm: new LSTM(engine, { inputSize: 3, hiddenSize: 6, projSize: 4, numLayers: 2 }),
    rnn: new RNN(engine, { inputSize: 3, hiddenSize: 4, nonlinearity: "relu", bidirectional: true }),
    gru: new GRU(engine, { inputSize: 3, hiddenSize: 5, resetAfter: false, learnedState: true }),
    output: new Linear(engine, { inFeatures: 17, outFeatures: 2 }),
  };
  const { lstm, rnn, gru, output } = modules;
  init.forgetBias(lstm);
  const optimizers = [
    new RAdam(lstm.parameters(), { lr: 0.01 }),
    new Adamax([...rnn.parameters(), ...gru.parameters()], { lr: 0.01, weightDecay: 1e-3 }),
    new Adadelta(output.parameters(), { lr: 1 }),
  ];
  const schedulers = [
    new Scheduler(optimizers[0], oneCycleLR({ maxLr: 0.02, totalSteps: 300 })),
    new Scheduler(optimizers[1], cyclicLR({ maxLr: 0.02, stepSizeUp: 20, mode: "triangular2" })),
  ];
  const losses = [mseLoss, l1Loss, (a, b) => smoothL1Loss(a, b, { beta: 0.5 }), (a, b) => huberLoss(a, b, { delta: 0.7 })];
  return {
    modules,
    optimizers,
    loss: (step) => {
      const x = eighths(engine, step, [BATCH, TIME, 3]);
      const lengths = lengthsOf(step);
      const all = [lstm, rnn, gru].map((layer) => layer.forward(x, null, { lengths }).output);
      return losses[step % losses.length](tanh(output.forward(sum(concat(all, 2), 1))), eighths(engine, step + 1, [BATCH, 2]));
    },
    clip: () => clipGradValue(parametersOf(modules), 0.1),
    advance: () => {
      for (const scheduler of schedulers) scheduler.step();
    },
  };
}

/** Cells run by RNN.from, fused and made of operations; embeddings with row-sparse gradients: yes or no. */
function makeJudge(engine) {
  const plain = (inputSize) => new GRUCell(engine, { inputSize, hiddenSize: 4 });
  const zoned = (inputSize) => new Zoneout(new LayerNormGRUCell(engine, { inputSize, hiddenSize: 4, recurrentDropout: 0.2 }), { h: 0.1 });
  const modules = {
    embedding: new Embedding(engine, { numEmbeddings: 40, embeddingDim: 5, sparse: true }),
    layer: RNN.from((inputSize, layer) => (layer === 0 ? plain(inputSize) : zoned(inputSize)), {
      inputSize: 5,
      numLayers: 2,
      bidirectional: true,
      dropout: 0.3,
    }),
    cell: new LSTMCell(engine, { inputSize: 8, hiddenSize: 3 }),
    output: new Linear(engine, { inFeatures: 3, outFeatures: 1 }),
  };
  const { embedding, layer, cell, output } = modules;
  const optimizers = [
    new Adam(embedding.parameters(), { lr: 0.02, lazy: true }),
    new Adagrad([...layer.parameters(), ...cell.parameters()], { lr: 0.05, lrDecay: 0.01 }),
    new Lion(output.parameters(), { lr: 0.002, weightDecay: 0.1 }),
  ];
  const scheduler = new Scheduler(optimizers[1], stepLR({ stepSize: 30, gamma: 0.7 }));
  return {
    modules,
    optimizers,
    loss: (step) => {
      const { output: read } = layer.forward(embedding.forward(ids(engine, step, 40)), null, { lengths: lengthsOf(step) });
      let state = null;
      for (let t = 0; t < TIME; t++) state = cell.forward(silu(reshape(slice(read, 1, t, t + 1), [BATCH, 8])), state);
      const logits = output.forward(state.h);
      const target = reshape(tensor(engine, Float32Array.from(numbers(step + 2e6, BATCH, 2))), [BATCH, 1]);
      return step % 2 === 0 ? binaryCrossEntropyWithLogits(logits, target) : sigmoidFocalLoss(logits, target, { gamma: 2 });
    },
    clip: () => clipGradNorm(parametersOf(modules), 2, { normType: 1 }),
    advance: () => scheduler.step(),
  };
}

/** A language model by truncated back-propagation: its state goes on from step to step. */
function makeLanguageModel(engine) {
  const modules = {
    embedding: new Embedding(engine, { numEmbeddings: WORDS, embeddingDim: 6 }),
    lstm: new LSTM(engine, { inputSize: 6, hiddenSize: 6, numLayers: 2, dropout: 0.25, variational: true, weightDropout: 0.2 }),
  };
  const { embedding, lstm } = modules;
  const optimizers = [new SGD(parametersOf(modules), { lr: 0.5, momentum: 0.5, dampening: 0.1 })];
  const warm = new Scheduler(optimizers[0], sequentialLR([linearLR({ totalIters: 20 }), exponentialLR({ gamma: 0.99 })], [20]));
  const plateau = new ReduceLROnPlateau(optimizers[0], { patience: 3, factor: 0.8 });
  let carried = null;
  return {
    modules,
    optimizers,
    loss: (step) => {
      const { output, state } = lstm.forward(embedding.forward(ids(engine, step)), carried);
      carried = { h: keep(state.h, carried?.h), c: keep(state.c, carried?.c) };
      // The output layer is the embedding's own matrix.
      const logits = linearByRows(output, embedding.weight);
      return crossEntropy(logits, tensor(engine, numbers(step + 1, BATCH * TIME, WORDS)));
    },
    clip: () => clipGradNorm(parametersOf(modules), 1),
    advance: (loss) => {
      if (warm.k < 40) warm.step();
      else plateau.step(loss);
    },
  };
}

const linearByRows = (output, weight) => sum(mul(reshape(output, [BATCH * TIME, 1, 6]), reshape(weight, [1, WORDS, 6])), 2);

export const MODELS = [makeClassifier, makeTranslator, makeRegressor, makeJudge, makeLanguageModel];
