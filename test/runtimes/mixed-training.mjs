/**
 * A thousand mixed training steps and the SHA-256 of all weights: in numerics "reproducible" the same on every runtime and backend.
 * Runs wherever the built package can be imported: `node test/runtimes/mixed-training.mjs [wasm|js]` prints the hash.
 */
import {
  Adam, backward, clipGradNorm, concat, createEngine, crossEntropy, Dropout, Embedding, exponentialLR, gelu, GRU, LayerNorm, Linear, LSTM, mean, RMSprop, RNN, reshape,
  Scheduler, SGD, softplus, tensor,
} from "../../dist/index.js";

const [BATCH, TIME, CLASSES, WORDS] = [4, 5, 3, 11];

/** Seeded whole numbers below n, from integer arithmetic alone. */
function numbers(seed, count, n) {
  let state = seed >>> 0;
  return Int32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * n);
  });
}

function makeModel(engine) {
  const embedding = new Embedding(engine, { numEmbeddings: WORDS, embeddingDim: 6, paddingIdx: 0 });
  const lstm = new LSTM(engine, { inputSize: 6, hiddenSize: 7, numLayers: 2, bidirectional: true, dropout: 0.2 });
  const gru = new GRU(engine, { inputSize: 14, hiddenSize: 5 });
  const rnn = new RNN(engine, { inputSize: 6, hiddenSize: 5 });
  const norm = new LayerNorm(engine, { normalizedSize: 10 });
  const output = new Linear(engine, { inFeatures: 10, outFeatures: CLASSES });
  const dropout = new Dropout(0.1);
  const modules = { embedding, lstm, gru, rnn, norm, output };
  const forward = (ids, lengths) => {
    const vectors = embedding.forward(ids);
    const deep = gru.forward(lstm.forward(vectors, null, { lengths }).output, null, { lengths });
    const flat = rnn.forward(vectors, null, { lengths });
    const joined = concat([reshape(deep.state.h, [BATCH, 5]), mean(flat.output, 1)], 1);
    return output.forward(dropout.forward(gelu(softplus(norm.forward(joined)))));
  };
  return { modules, forward };
}

export async function mixedTraining(backend, steps = 1000) {
  const engine = await createEngine({ seed: 7, numerics: "reproducible", backend });
  const { modules, forward } = makeModel(engine);
  const optimizers = [
    new Adam([...modules.embedding.parameters(), ...modules.lstm.parameters()], { lr: 0.01, amsgrad: true }),
    new RMSprop([...modules.gru.parameters(), ...modules.norm.parameters()], { lr: 0.002, centered: true }),
    new SGD([...modules.rnn.parameters(), ...modules.output.parameters()], { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
  ];
  const schedulers = optimizers.map((optimizer) => new Scheduler(optimizer, exponentialLR({ gamma: 0.999 })));
  const parameters = Object.values(modules).flatMap((module) => module.parameters());
  for (let step = 0; step < steps; step++) {
    engine.step(
      () => {
        for (const optimizer of optimizers) optimizer.zeroGrad();
        const ids = tensor(engine, numbers(step, BATCH * TIME, WORDS), [BATCH, TIME]);
        const lengths = numbers(step + 1e6, BATCH, TIME).map((length) => length + 1);
        const target = tensor(engine, numbers(step + 2e6, BATCH, CLASSES));
        backward(crossEntropy(forward(ids, lengths), target, { labelSmoothing: 0.1 }));
        clipGradNorm(parameters, 0.5);
        for (const optimizer of optimizers) optimizer.step();
      },
      { training: true },
    );
    for (const scheduler of schedulers) scheduler.step();
  }
  const all = parameters.flatMap((parameter) => Array.from(parameter.data()));
  if (all.some(Number.isNaN)) throw new Error("mixed training ended in NaN");
  const digest = await crypto.subtle.digest("SHA-256", Float32Array.from(all));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const args = globalThis.process?.argv ?? ["", "", ...(globalThis.Deno?.args ?? [])];
if (args[1]?.endsWith("mixed-training.mjs")) console.log(await mixedTraining(args[2] ?? "wasm"));
