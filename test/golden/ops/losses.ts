/** Golden runners: softmax cross-entropy, softmax, optimizers, clipping. */
import {
  backward,
  binaryCrossEntropyWithLogits,
  clipGradNorm,
  clipGradValue,
  crossEntropy,
  l1Loss,
  logSoftmax,
  mseLoss,
  mul,
  Parameter,
  smoothL1Loss,
  softmax,
  sum,
  type Tensor,
} from "../../../src/index.js";
import {
  type Config,
  checkKeys,
  gradientOf,
  input,
  leaf,
  makeOptimizer,
  type Results,
  type Runner,
  toTensor,
  Unknown,
} from "../context.js";

export const cross_entropy: Runner = (engine, item) => {
  checkKeys(item, ["classes", "weighted", "ignore_index", "label_smoothing", "reduction", "layout"]);
  const { layout } = item.config;
  if (layout !== undefined && layout !== "(batch,time,class)") throw new Unknown(`layout ${String(layout)} is not known`);
  const { weighted, ignore_index, label_smoothing, reduction } = item.config as {
    weighted: boolean;
    ignore_index: number;
    label_smoothing: number;
    reduction: "mean" | "sum" | "none";
  };
  return engine.step(() => {
    const logits = leaf(engine, item, "logits");
    const weight = weighted ? { weight: input(engine, item, "weight") } : {};
    const options = { ...weight, ignoreIndex: ignore_index, labelSmoothing: label_smoothing, reduction };
    const loss = crossEntropy(logits, input(engine, item, "target"), options);
    const results: Results = { loss: loss.data(), softmax: softmax(logits).data(), log_softmax: logSoftmax(logits).data() };
    backward(reduction === "none" ? sum(item.find("in", "cot") === undefined ? loss : mul(loss, input(engine, item, "cot"))) : loss);
    results["grad.logits"] = gradientOf(logits);
    return results;
  });
};

/** Losses by element: prediction, target, sometimes a weight of positives. */
export const elementLoss: Runner = (engine, item) => {
  checkKeys(item, ["reduction", "pos_weight"]);
  const { reduction, pos_weight } = item.config as { reduction: "mean" | "sum" | "none"; pos_weight?: boolean };
  const loss = { mse: mseLoss, l1: l1Loss, smooth_l1: smoothL1Loss, bce_with_logits: binaryCrossEntropyWithLogits }[item.manifest.op];
  if (loss === undefined) throw new Unknown(`operation ${item.manifest.op} is not known`);
  return engine.step(() => {
    const pred = leaf(engine, item, "pred");
    const weight = pos_weight ? { posWeight: input(engine, item, "pos_weight") } : {};
    const value = loss(pred, input(engine, item, "target"), { reduction, ...weight });
    backward(reduction === "none" ? sum(value) : value);
    return { loss: value.data(), "grad.pred": gradientOf(pred) };
  });
};

export const cross_entropy_soft: Runner = (engine, item) => {
  checkKeys(item, ["classes", "reduction"]);
  return engine.step(() => {
    const logits = leaf(engine, item, "logits");
    const loss = crossEntropy(logits, input(engine, item, "target_prob"), { reduction: item.config.reduction as "mean" });
    backward(loss);
    return { loss: loss.data(), "grad.logits": gradientOf(logits) };
  });
};

/** Softmax along an axis, and the gradient of its product with given numbers. */
export const softmaxOf: Runner = (engine, item) => {
  checkKeys(item, ["axis"]);
  return engine.step(() => {
    const x = leaf(engine, item, "x");
    const y = softmax(x, (item.config.axis as number | undefined) ?? -1);
    backward(sum(mul(y, input(engine, item, "cot"))));
    return { softmax: y.data(), "grad.x": gradientOf(x) };
  });
};

export const optimizer: Runner = (engine, item) => {
  const { optimizer: name, steps, gradients: _, ...options } = item.config as Config & { optimizer: string; steps: number };
  const parameters = [...item.params].map(([, values]) => {
    const parameter = new Parameter(engine, values.shape, { kind: "zeros" });
    return parameter.assign(values.data);
  });
  const update = makeOptimizer(name, parameters, options);
  const history = parameters.map((parameter) => new Float32Array(parameter.size * steps));
  for (let k = 0; k < steps; k++) {
    engine.step(() => {
      parameters.forEach((parameter, i) => {
        const all = item.get("in", `grad${i}`);
        parameter.grad = toTensor(engine, {
          shape: parameter.shape,
          data: all.data.subarray(k * parameter.size, (k + 1) * parameter.size),
        });
      });
      update.step();
    });
    parameters.forEach((parameter, i) => void history[i]!.set(parameter.data(), k * parameter.size));
  }
  const names = [...item.params.keys()];
  const states = parameters.flatMap((parameter, i) => {
    const tensors = Object.entries(update.state(parameter)?.tensors ?? {});
    return tensors.map(([name, tensor]) => [`state.${names[i]}.${name}`, tensor.data()] as const);
  });
  return Object.fromEntries([...names.map((key, i) => [key, history[i]] as const), ...states]);
};

export const clip_grad_norm: Runner = (engine, item) => {
  checkKeys(item, ["max_norm", "norm_type", "eps"]);
  const { max_norm, norm_type } = item.config as { max_norm: number; norm_type: number | string };
  return engine.step(() => {
    const names = item.manifest.inputs as readonly string[];
    const leaves: Tensor[] = names.map((name) => {
      const tensor = input(engine, item, name);
      tensor.grad = tensor;
      return tensor;
    });
    const total = clipGradNorm(leaves, max_norm, { normType: Number(norm_type) });
    return { total_norm: Float64Array.of(total), ...Object.fromEntries(names.map((name, i) => [name, leaves[i]!.data()])) };
  });
};

export const clip_grad_value: Runner = (engine, item) => {
  checkKeys(item, ["clip_value"]);
  return engine.step(() => {
    const names = item.manifest.inputs as readonly string[];
    const leaves = names.map((name) => {
      const tensor = input(engine, item, name);
      tensor.grad = tensor;
      return tensor;
    });
    clipGradValue(leaves, item.config.clip_value as number);
    return Object.fromEntries(names.map((name, i) => [name, leaves[i]!.data()]));
  });
};
