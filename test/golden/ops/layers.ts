/** Golden runners: linear, embedding, rnn, math. */
import {
  add,
  backward,
  Embedding,
  type Engine,
  elu,
  exp,
  gelu,
  hardSigmoid,
  hardTanh,
  Linear,
  leakyRelu,
  log,
  mul,
  relu,
  sigmoid,
  softplus,
  sqrt,
  sum,
  type Tensor,
  tanh,
} from "../../../src/index.js";
import {
  type Config,
  checkKeys,
  gradientOf,
  input,
  leaf,
  makeOptimizer,
  makeRecurrent,
  type RecurrentConfig,
  type Results,
  type Runner,
  runRecurrent,
  Unknown,
} from "../context.js";
import type { GoldenCase } from "../load.js";

const ACTIVATIONS: Readonly<Record<string, (x: Tensor) => Tensor>> = { none: (x) => x, relu, tanh, sigmoid };

export const linear: Runner = (engine, item) => {
  checkKeys(item, ["in_features", "out_features", "bias", "activation"]);
  const { in_features, out_features, bias, activation } = item.config as {
    in_features: number;
    out_features: number;
    bias: boolean;
    activation: string;
  };
  const activate = ACTIVATIONS[activation];
  if (activate === undefined) throw new Unknown(`activation ${activation} is not known`);
  const layer = new Linear(engine, { inFeatures: in_features, outFeatures: out_features, bias });
  layer.loadStateDict(item.params);
  return engine.step(() => {
    const x = leaf(engine, item, "input");
    const output = activate(layer.forward(x));
    const loss = sum(mul(output, input(engine, item, "cot")));
    backward(loss);
    const results: Results = { output: output.data(), loss: loss.data(), "grad.input": gradientOf(x) };
    for (const [name, parameter] of layer.namedParameters()) results[`grad.${name}`] = gradientOf(parameter);
    return results;
  });
};

export const embedding: Runner = (engine, item) => {
  checkKeys(item, ["num_embeddings", "embedding_dim", "padding_idx", "sparse", "optimizer"]);
  const {
    num_embeddings,
    embedding_dim,
    padding_idx,
    sparse = false,
    optimizer,
  } = item.config as {
    num_embeddings: number;
    embedding_dim: number;
    padding_idx: number | null;
    sparse?: boolean;
    optimizer: Config & { name: string; steps: number };
  };
  const layer = new Embedding(engine, { numEmbeddings: num_embeddings, embeddingDim: embedding_dim, paddingIdx: padding_idx, sparse });
  layer.loadStateDict(item.params);
  const { name, steps, ...options } = optimizer;
  const update = makeOptimizer(name, layer.parameters(), options);
  let results: Results = {};
  for (let k = 0; k < steps; k++) {
    engine.step(() => {
      layer.zeroGrad();
      const output = layer.forward(input(engine, item, "ids"));
      const loss = sum(mul(output, input(engine, item, "cot")));
      backward(loss);
      if (k === 0) results = { output: output.data(), loss: loss.data(), "grad.weight": gradientOf(layer.weight) };
      update.step();
    });
  }
  results[`weight_after_${steps}_${name.toLowerCase()}`] = layer.weight.data();
  return results;
};

/** The scalar that golden/README.md differentiates. */
function recurrentPass(engine: Engine, item: GoldenCase, layer: ReturnType<typeof makeRecurrent>): Results {
  const has = (name: string) => (item.manifest.inputs as readonly string[]).includes(name);
  const x = leaf(engine, item, "input");
  const h0 = has("h0") ? leaf(engine, item, "h0") : null;
  const c0 = has("c0") ? leaf(engine, item, "c0") : null;
  const lengths = (item.config.lengths as number[] | null) ?? undefined;
  const { output, h, c } = runRecurrent(layer, x, { h: h0, c: c0 }, lengths, item.config.batch_first !== true);
  let loss = sum(mul(output, input(engine, item, "cot_output")));
  if (has("cot_h_n")) loss = add(loss, sum(mul(h, input(engine, item, "cot_h_n"))));
  if (c !== null && has("cot_c_n")) loss = add(loss, sum(mul(c, input(engine, item, "cot_c_n"))));
  backward(loss);
  const results: Results = { output: output.data(), h_n: h.data(), c_n: c?.data(), loss: loss.data(), "grad.input": gradientOf(x) };
  if (h0 !== null) results["grad.h0"] = gradientOf(h0);
  if (c0 !== null) results["grad.c0"] = gradientOf(c0);
  for (const [name, parameter] of layer.namedParameters()) results[`grad.${name}`] = gradientOf(parameter);
  return results;
}

export const rnn: Runner = (engine, item) => {
  checkKeys(item, [
    "mode",
    "input_size",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "bias",
    "proj_size",
    "batch",
    "time",
    "batch_first",
    "lengths",
    "initial_state",
    "optimizer",
  ]);
  const layer = makeRecurrent(engine, item.config as unknown as RecurrentConfig);
  layer.loadStateDict(item.params);
  const results = engine.step(() => recurrentPass(engine, item, layer));
  const { optimizer } = item.config as { optimizer?: Config & { name: string; steps: number } };
  if (optimizer) {
    const { name, steps, ...options } = optimizer;
    const update = makeOptimizer(name, layer.parameters(), options);
    for (let k = 0; k < steps; k++) {
      engine.step(() => {
        layer.zeroGrad();
        recurrentPass(engine, item, layer);
        update.step();
      });
    }
    for (const [parameter, tensor] of layer.namedParameters()) results[`after${steps}.${parameter}`] = tensor.data();
  }
  return results;
};

const FUNCTIONS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  exp,
  tanh,
  sigmoid,
  relu,
  log,
  sqrt,
  softplus,
  elu,
  gelu,
  leaky_relu: (x) => leakyRelu(x, 0.01),
  hardsigmoid: hardSigmoid,
  hardtanh: hardTanh,
};

/** y and dy/dx of an element-wise function, of |x| where the config says so. */
export const math: Runner = (engine, item) => {
  checkKeys(item, ["function", "of_abs"]);
  const { function: name, of_abs } = item.config as { function: string; of_abs: boolean };
  const run = FUNCTIONS[name];
  if (run === undefined) throw new Unknown(`function ${name} is not known`);
  return engine.step(() => {
    const x = leaf(engine, item, "x");
    const signs = Float32Array.from(x.data(), Math.sign);
    if (of_abs) x.assign(Float32Array.from(x.data(), Math.abs));
    const y = run(x);
    backward(sum(y));
    const gradient = gradientOf(x);
    return { y: y.data(), "grad.x": of_abs && gradient !== undefined ? gradient.map((value, i) => value * signs[i]!) : gradient };
  });
};
