/** Golden runners: softmax cross-entropy, softmax, optimizers, clipping. */
import { backward, clipGradNorm, crossEntropy, logSoftmax, Parameter, softmax, type Tensor } from "../../../src/index.js";
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
  checkKeys(item, ["classes", "weighted", "ignore_index", "label_smoothing", "reduction"]);
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
    if (reduction === "none") throw new Unknown("reduction none is not known to this runner");
    backward(loss);
    results["grad.logits"] = gradientOf(logits);
    return results;
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
  return Object.fromEntries([...item.params.keys()].map((key, i) => [key, history[i]]));
};

export const clip_grad_norm: Runner = (engine, item) => {
  checkKeys(item, ["max_norm", "norm_type", "eps"]);
  const { max_norm, norm_type } = item.config as { max_norm: number; norm_type: number };
  if (norm_type !== 2) throw new Unknown(`norm_type ${norm_type} is not known`);
  return engine.step(() => {
    const names = item.manifest.inputs as readonly string[];
    const leaves: Tensor[] = names.map((name) => {
      const tensor = input(engine, item, name);
      tensor.grad = tensor;
      return tensor;
    });
    const total = clipGradNorm(leaves, max_norm);
    return { total_norm: Float64Array.of(total), ...Object.fromEntries(names.map((name, i) => [name, leaves[i]!.data()])) };
  });
};
