/** Which runner takes which golden operation, and how a case is tallied. */
import { type Engine, isRecurraError } from "../../src/index.js";
import { compareTensor, type FamilyReport, FamilyTally } from "./compare.js";
import { type Runner, Unknown } from "./context.js";
import { type GoldenCase, loadFamily } from "./load.js";
import { runErrorCase } from "./ops/errors.js";
import { embedding, linear, math, rnn } from "./ops/layers.js";
import { clip_grad_norm, clip_grad_value, cross_entropy, cross_entropy_soft, elementLoss, optimizer, softmaxOf } from "./ops/losses.js";
import { seq2seq, train_charlm, train_classifier, train_seq2seq, train_tagger } from "./ops/models.js";
import { runScheduleCase } from "./ops/schedules.js";

const MATH = ["exp", "tanh", "sigmoid", "relu", "softplus", "elu", "leaky_relu", "gelu", "hardsigmoid", "hardtanh", "log", "sqrt"];
const RUNNERS: Readonly<Record<string, Runner>> = {
  linear,
  embedding,
  rnn,
  cross_entropy,
  cross_entropy_soft,
  softmax: softmaxOf,
  mse: elementLoss,
  l1: elementLoss,
  smooth_l1: elementLoss,
  bce_with_logits: elementLoss,
  optimizer,
  clip_grad_norm,
  clip_grad_value,
  seq2seq,
  train_charlm,
  train_classifier,
  train_tagger,
  train_seq2seq,
  ...Object.fromEntries(MATH.map((name) => [name, math])),
};

function runCase(engine: Engine, family: string, item: GoldenCase, tally: FamilyTally): void {
  tally.startCase();
  if (family === "errors") {
    tally.add(runErrorCase(engine, item));
    return;
  }
  if (item.manifest.scheduler !== undefined) {
    tally.add(runScheduleCase(engine, item));
    return;
  }
  const runner = RUNNERS[item.manifest.op];
  const refs = Object.entries(item.manifest.refs ?? {});
  let results: ReturnType<Runner> | undefined;
  let refusal = runner === undefined ? `operation ${item.manifest.op} is not known` : "";
  try {
    results = runner?.(engine, item);
  } catch (error) {
    if (!(error instanceof Unknown) && !isRecurraError(error)) throw error;
    refusal = (error as Error).message;
  }
  for (const [name, ref] of refs) {
    if (results === undefined) tally.add({ failure: { case: item.manifest.id, tensor: name, error: refusal, tol: ref.tol ?? "a result" } });
    else tally.add(compareTensor(item, name, ref, results[name]));
  }
}

/** Runs every case of a family in a folder like golden/. */
export function runFamily(engine: Engine, folder: string, family: string): FamilyReport {
  const tally = new FamilyTally();
  for (const item of loadFamily(folder, family)) runCase(engine, family, item, tally);
  return tally.report();
}
