/** Sequences of numbers as networks read them: what is to be learned, scales, windows. */
import { ConfigError } from "../errors.js";
import type { NumberSequence } from "../text/examples.js";

/** A class of the whole sequence, numbers of the whole sequence, or the steps that come next. */
export type NumberOutput = "class" | "value" | "next";

/** Steps in time order, each a vector; a number stands for a vector of one. */
export type NumberSteps = readonly (number | readonly number[])[];

/** Mean and deviation of each column. */
export interface Scale {
  readonly mean: readonly number[];
  /** 1 where all values are alike. */
  readonly deviation: readonly number[];
}

/** Beyond so many deviations from the mean there is no difference to the network: what trends out of the training's range stays bounded. */
const FAR = 8;

/**
 * The steps as vectors.
 * @throws ConfigError naming the sequence and step for none, one of another size, and what is not finite
 */
export function vectorsOf(where: string, steps: NumberSteps, features: number, name: string): readonly (readonly number[])[] {
  if (!Array.isArray(steps) || steps.length === 0) throw new ConfigError(`${where}: ${name} has no steps, wants at least 1`);
  return steps.map((step, t) => {
    const vector: readonly number[] = typeof step === "number" ? [step] : step;
    if (!Array.isArray(vector) || vector.length !== features)
      throw new ConfigError(`${where}: step ${t} of ${name} has ${vector?.length ?? 0} numbers, wants ${features}`);
    const bad = vector.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new ConfigError(`${where}: step ${t} of ${name} has ${String(bad)}, wants finite numbers`);
    return vector;
  });
}

/** Numbers in a step of the first sequence. */
export function featuresOf(where: string, [first]: readonly NumberSequence[]): number {
  const step = first?.values[0];
  if (first === undefined || step === undefined) throw new ConfigError(`${where}: no training sequence with a step, wants at least 1`);
  return Array.isArray(step) ? step.length : 1;
}

/** Every sequence checked, its steps as vectors. @throws ConfigError as vectorsOf */
export const checkSequences = (
  where: string,
  part: string,
  sequences: readonly NumberSequence[],
  features: number,
): readonly NumberSequence[] =>
  sequences.map((sequence, i) => ({ ...sequence, values: vectorsOf(where, sequence.values, features, `${part} sequence ${i}`) }));

/** What the targets ask for; none: the next steps. @throws ConfigError where they are not of one kind */
export function outputOf(where: string, sequences: readonly NumberSequence[]): NumberOutput {
  const kindOf = ({ target }: NumberSequence): NumberOutput => {
    if (target === undefined) return "next";
    return typeof target === "string" ? "class" : "value";
  };
  const kind = kindOf(sequences[0]!);
  const other = sequences.findIndex((sequence) => kindOf(sequence) !== kind);
  if (other >= 0)
    throw new ConfigError(`${where}: sequence 0 is for a ${kind}, sequence ${other} for a ${kindOf(sequences[other]!)}, wants one kind`);
  return kind;
}

/** A sequence's numbers to learn. @throws ConfigError unless it has `count` finite ones */
export function targetNumbers(where: string, { target }: NumberSequence, i: number, count: number): readonly number[] {
  const numbers = typeof target === "number" ? [target] : target;
  if (!Array.isArray(numbers) || numbers.length !== count || !numbers.every(Number.isFinite))
    throw new ConfigError(
      `${where}: target ${JSON.stringify(target)} of sequence ${i}, wants ${count} finite number${count === 1 ? "" : "s"}`,
    );
  return numbers;
}

/** Scale of the columns of rows. */
export function scaleOf(rows: Iterable<readonly number[]>, columns: number): Scale {
  const sums = new Float64Array(columns);
  const all = [...rows];
  for (const row of all) for (let i = 0; i < columns; i++) sums[i]! += row[i]!;
  const count = Math.max(1, all.length);
  const mean = Array.from(sums, (sum) => sum / count);
  const squares = new Float64Array(columns);
  for (const row of all) for (let i = 0; i < columns; i++) squares[i]! += (row[i]! - mean[i]!) * (row[i]! - mean[i]!);
  // What differs by rounding alone is alike.
  const deviation = Array.from(squares, (square, i) => {
    const found = Math.sqrt(square / count);
    return found > 1e-12 * Math.abs(mean[i]!) ? found : 1;
  });
  return { mean, deviation };
}

/** From each step to the one `by` steps on. */
export function* changes(sequences: readonly NumberSequence[], by: number): Generator<readonly number[]> {
  for (const { values } of sequences)
    for (let t = 0; t + by < values.length; t++) yield values[t + by]!.map((value, i) => value - values[t]![i]!);
}

const scaled = (value: number, mean: number, deviation: number): number => Math.max(-FAR, Math.min(FAR, (value - mean) / deviation));

/**
 * What the network reads of each step: its numbers in deviations from their mean; for next steps also the change since the step before.
 * @returns f32 [T, features] or [T, 2 features]
 */
export function inputsOf(values: readonly (readonly number[])[], level: Scale, change: Scale | undefined): Float32Array {
  const features = level.mean.length;
  const width = change === undefined ? features : 2 * features;
  const inputs = new Float32Array(values.length * width);
  values.forEach((step, t) => {
    for (let i = 0; i < features; i++) {
      inputs[t * width + i] = scaled(step[i]!, level.mean[i]!, level.deviation[i]!);
      if (change !== undefined && t > 0) inputs[t * width + features + i] = scaled(step[i]! - values[t - 1]![i]!, 0, change.deviation[i]!);
    }
  });
  return inputs;
}

/** A piece of a sequence. */
export interface Window {
  readonly sequence: number;
  readonly start: number;
  readonly length: number;
  /** Steps from here on count when it is evaluated: those before have been seen with more context. */
  readonly from: number;
}

/**
 * Pieces of at most `size` steps, each `stride` after the one before (the last at the end), the first at `offset`.
 * @param seen steps of each sequence that do not count when it is evaluated; by default none
 */
export function windowsOf(lengths: readonly number[], size: number, stride: number, offset = 0, seen: readonly number[] = []): Window[] {
  return lengths.flatMap((total, sequence) => {
    let done = seen[sequence] ?? 0;
    if (total <= size) return total === 0 ? [] : [{ sequence, start: 0, length: total, from: done }];
    const windows: Window[] = [];
    for (let start = offset % (total - size + 1); ; start = Math.min(start + stride, total - size)) {
      windows.push({ sequence, start, length: size, from: Math.max(done, start) - start });
      done = Math.max(done, start + size);
      if (start + size >= total) return windows;
    }
  });
}
