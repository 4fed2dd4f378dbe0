/** What a classifier is to say of each text, as numbers. */
import { argMax } from "../decode/arg-max.js";
import type { Engine } from "../engine/engine.js";
import type { Stream } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import { binaryCrossEntropyWithLogits } from "../loss/binary.js";
import { crossEntropy } from "../loss/cross-entropy.js";
import { checkOptions, inRange } from "../options.js";
import { tensor } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import type { LabelledText } from "../text/examples.js";

/** Numbers of a text's classes; exactly one where there is one label a text. */
export type ClassIds = readonly number[];

export interface Examples {
  readonly texts: readonly string[];
  readonly targets: readonly ClassIds[];
}

export const labelsOf = ({ label }: LabelledText): readonly string[] => (typeof label === "string" ? [label] : label);

/** @throws ConfigError on a label that is not among `labels`, or a list of them where each text has one */
export function classIdsOf(where: string, labels: readonly string[], examples: readonly LabelledText[], multiLabel: boolean): ClassIds[] {
  const ids = new Map(labels.map((label, i) => [label, i]));
  return examples.map((example) => {
    if (!multiLabel && typeof example.label !== "string")
      throw new ConfigError(`${where}: label ${JSON.stringify(example.label)}, wants one label a text, or multiLabel`);
    return [...new Set(labelsOf(example))].map((label) => {
      const id = ids.get(label);
      if (id !== undefined) return id;
      throw new ConfigError(`${where}: dev label ${JSON.stringify(label)} is not among the ${labels.length} training labels`);
    });
  });
}

function countsOf(targets: readonly ClassIds[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const ids of targets) for (const id of ids) counts[id]!++;
  return counts;
}

/**
 * "balanced": a class of average size counts 1, one of half that 2.
 * @throws ConfigError when a weight is no number from 0, or its label is unknown
 */
export function classWeightsOf(
  where: string,
  labels: readonly string[],
  targets: readonly ClassIds[],
  given: "balanced" | Readonly<Record<string, number>> | undefined,
): Float32Array | null {
  if (given === undefined) return null;
  const counts = countsOf(targets, labels.length);
  const mean = counts.reduce((a, b) => a + b, 0) / labels.length;
  if (given === "balanced") return Float32Array.from(counts, (count) => mean / count);
  checkOptions(`${where}: classWeights`, given, labels);
  return Float32Array.from(labels, (label) => inRange(where, `class weight of ${JSON.stringify(label)}`, given[label] ?? 1, 0, 1e6));
}

/** Numbers of examples, those of rarer classes several times, so that all classes come as often as the largest. */
export function oversample(targets: readonly ClassIds[], classes: number, stream: Stream): number[] {
  const members = Array.from({ length: classes }, (): number[] => []);
  for (const [row, [id]] of targets.entries()) members[id!]!.push(row);
  const most = Math.max(...members.map(({ length }) => length));
  return members.flatMap((rows) => {
    const whole = Math.floor(most / rows.length);
    return [...Array.from({ length: whole }, () => rows).flat(), ...stream.shuffle([...rows]).slice(0, most - whole * rows.length)];
  });
}

/** Accuracy, or micro F1 of several labels a text, of logits [n, classes]; a label is said from a logit of 0 on. */
export function qualityOf(logits: Float32Array, targets: readonly ClassIds[], multiLabel: boolean): number {
  const classes = logits.length / targets.length;
  let [right, said, wanted] = [0, 0, 0];
  for (const [row, own] of targets.entries()) {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    const best = argMax(scores);
    const answers = multiLabel ? Array.from(scores.keys()).filter((c) => scores[c]! >= 0) : [best];
    right += answers.filter((c) => own.includes(c)).length;
    said += answers.length;
    wanted += own.length;
  }
  return said + wanted === 0 ? 1 : (2 * right) / (said + wanted);
}

/**
 * Cross-entropy of one label a text, or binary cross-entropy of any number, mean over the batch.
 * @param logits f32 [B, C] @param weights f32 [C], how much each class counts
 */
export function lossOf(logits: Tensor, targets: readonly ClassIds[], multiLabel: boolean, weights: Tensor | null): Tensor {
  const { engine } = logits;
  const options = weights === null ? {} : { weight: weights };
  if (multiLabel) return binaryCrossEntropyWithLogits(logits, indicators(engine, targets, logits.shape[1]!), options);
  return crossEntropy(
    logits,
    tensor(
      engine,
      Int32Array.from(targets, ([target]) => target!),
    ),
    options,
  );
}

/** 1 where a text has a class, f32 [B, C]. */
function indicators(engine: Engine, targets: readonly ClassIds[], classes: number): Tensor {
  const flags = new Float32Array(targets.length * classes);
  for (const [row, ids] of targets.entries()) for (const id of ids) flags[row * classes + id] = 1;
  return tensor(engine, flags, [targets.length, classes]);
}
