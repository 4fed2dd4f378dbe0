/** How much each of several classifiers counts: scales of their logits, fitted on dev data. */
import { exp, ln } from "../engine/scalar.js";
import type { ClassIds } from "./targets.js";

/** Logits of one classifier, [n, classes] row-major. */
export type Logits = Float32Array;

interface Fit {
  readonly loss: number;
  readonly gradient: number[];
  /** [experts, experts] row-major. */
  readonly curvature: number[];
}

/** How sure it is that the scales are about `START`: as if so many texts had said so. */
const PRIOR = 4;
const ROUNDS = 30;

/**
 * Scales from 0 under which the sum of the logits has the least log loss, by Newton's method: the loss is convex in them. One scale alone is 1 over
 * a temperature (Guo et al. 2017). A weak prior about equal shares keeps them finite where all texts are right.
 */
export function fitScales(experts: readonly Logits[], targets: readonly ClassIds[], multiLabel: boolean): number[] {
  const scales = experts.map(() => 1 / experts.length);
  let best = measure(experts, scales, targets, multiLabel);
  for (let round = 0; round < ROUNDS; round++) {
    const step = solve(best.curvature, best.gradient);
    let share = 1;
    let next = best;
    let moved = scales;
    do {
      moved = scales.map((scale, i) => Math.max(0, scale - share * step[i]!));
      next = measure(experts, moved, targets, multiLabel);
      share /= 2;
    } while (!(next.loss <= best.loss) && share > 1e-3);
    if (!(next.loss < best.loss - 1e-9)) break;
    scales.splice(0, scales.length, ...moved);
    best = next;
  }
  return scales;
}

/** Mean log loss of the sum of the logits under these scales. */
export function logLoss(experts: readonly Logits[], scales: readonly number[], targets: readonly ClassIds[], multiLabel: boolean): number {
  return measure(experts, scales, targets, multiLabel, 0).loss / targets.length;
}

function measure(
  experts: readonly Logits[],
  scales: readonly number[],
  targets: readonly ClassIds[],
  multiLabel: boolean,
  prior = PRIOR,
): Fit {
  const count = experts.length;
  const classes = (experts[0]?.length ?? 0) / targets.length;
  const gradient = scales.map((scale) => prior * (scale - 1 / count));
  const curvature = new Array<number>(count * count).fill(0);
  let loss = 0;
  for (const [i, scale] of scales.entries()) {
    loss += (prior / 2) * (scale - 1 / count) ** 2;
    curvature[i * count + i] = prior;
  }
  const rows = experts.map((logits) => (row: number) => logits.subarray(row * classes, (row + 1) * classes));
  for (const [row, own] of targets.entries()) {
    const parts = rows.map((of) => of(row));
    const joint = Float64Array.from({ length: classes }, (_, c) => parts.reduce((sum, part, i) => sum + scales[i]! * part[c]!, 0));
    loss += (multiLabel ? addYesNo : addSoftmax)(joint, parts, own, gradient, curvature);
  }
  return { loss, gradient, curvature };
}

/** Adds one text's part to gradient and curvature. @returns its loss */
function addSoftmax(
  joint: Float64Array,
  parts: readonly Float32Array[],
  [target]: ClassIds,
  gradient: number[],
  curvature: number[],
): number {
  const top = joint.reduce((a, b) => Math.max(a, b));
  const chances = joint.map((z) => exp(z - top));
  const total = chances.reduce((a, b) => a + b);
  const means = parts.map((part) => chances.reduce((sum, p, c) => sum + (p / total) * part[c]!, 0));
  for (const [i, a] of parts.entries()) {
    gradient[i]! += means[i]! - a[target!]!;
    for (const [j, b] of parts.entries())
      curvature[i * parts.length + j]! += chances.reduce((sum, p, c) => sum + (p / total) * (a[c]! - means[i]!) * (b[c]! - means[j]!), 0);
  }
  return ln(total) + top - joint[target!]!;
}

function addYesNo(joint: Float64Array, parts: readonly Float32Array[], own: ClassIds, gradient: number[], curvature: number[]): number {
  let loss = 0;
  for (const [c, z] of joint.entries()) {
    const is = own.includes(c) ? 1 : 0;
    const p = 1 / (1 + exp(-z));
    loss += Math.max(z, 0) - z * is + ln(1 + exp(-Math.abs(z)));
    for (const [i, a] of parts.entries()) {
      gradient[i]! += (p - is) * a[c]!;
      for (const [j, b] of parts.entries()) curvature[i * parts.length + j]! += p * (1 - p) * a[c]! * b[c]!;
    }
  }
  return loss;
}

/** x of A·x = b for a positive definite A of one or two rows. */
function solve(a: readonly number[], b: readonly number[]): number[] {
  if (b.length === 1) return [b[0]! / a[0]!];
  const determinant = a[0]! * a[3]! - a[1]! * a[2]!;
  return [(a[3]! * b[0]! - a[1]! * b[1]!) / determinant, (a[0]! * b[1]! - a[2]! * b[0]!) / determinant];
}
