/** Cross-validation: every example is judged once by a model that has not seen it. */

import { PURPOSE } from "../engine/engine.js";
import { Stream, streamKey } from "../engine/random.js";
import { ConfigError } from "../errors.js";
import { readOptions, whole } from "../options.js";

export interface Fold<Example> {
  readonly train: readonly Example[];
  readonly test: readonly Example[];
}

export interface FoldOptions<Example> {
  /** Default 5. */
  readonly folds?: number;
  /** Default 1. */
  readonly seed?: number;
  /** What every fold gets its share of. Default: the example's label, where it has one. */
  readonly stratum?: (example: Example) => string;
}

const labelOf = (example: unknown): string => JSON.stringify((example as { readonly label?: unknown } | null)?.label) ?? "";

/**
 * Splits examples into folds of sizes that differ by one at most, each with its share of every label; order within a part is that of the
 * examples.
 * @throws ConfigError on a bad option or fewer examples than folds
 */
export function splitFolds<Example>(examples: readonly Example[], options: FoldOptions<Example> = {}): Fold<Example>[] {
  const where = "splitFolds";
  const { folds, seed, stratum } = readOptions<Required<FoldOptions<Example>>>(where, options, {
    folds: whole(2, 5),
    seed: whole(0, 1),
    stratum: (_where, _name, value) => (value ?? labelOf) as (example: Example) => string,
  });
  if (examples.length < folds) throw new ConfigError(`${where}: ${examples.length} examples, wants at least ${folds}, one for each fold`);
  const groups = new Map<string, number[]>();
  for (const [i, example] of examples.entries()) {
    const key = stratum(example);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  }
  const stream = new Stream(streamKey(seed, PURPOSE.shuffle, 0, 0));
  const foldOf = new Int32Array(examples.length);
  let next = 0;
  for (const group of groups.values()) for (const i of stream.shuffle(group)) foldOf[i] = next++ % folds;
  return Array.from({ length: folds }, (_, fold) => ({
    train: examples.filter((__, i) => foldOf[i] !== fold),
    test: examples.filter((__, i) => foldOf[i] === fold),
  }));
}

/** Plain JSON. */
export interface CrossValidation {
  readonly folds: readonly Readonly<Record<string, number>>[];
  readonly mean: Readonly<Record<string, number>>;
  /** Standard deviation between folds. */
  readonly deviation: Readonly<Record<string, number>>;
}

/**
 * @param run trains on one part, and gives metrics of the other. Of one number each fold
 * @throws ConfigError on a bad option or fewer examples than folds, and what `run` throws
 */
export async function crossValidate<Example>(
  examples: readonly Example[],
  run: (fold: Fold<Example>, number: number) => Promise<Readonly<Record<string, number>>> | Readonly<Record<string, number>>,
  options: FoldOptions<Example> = {},
): Promise<CrossValidation> {
  const folds: Readonly<Record<string, number>>[] = [];
  for (const [number, fold] of splitFolds(examples, options).entries()) folds.push(await run(fold, number));
  const names = Object.keys(folds[0]!).filter((name) => folds.every((metrics) => typeof metrics[name] === "number"));
  const mean = Object.fromEntries(names.map((name) => [name, folds.reduce((sum, metrics) => sum + metrics[name]!, 0) / folds.length]));
  const spread = (name: string) => folds.reduce((sum, metrics) => sum + (metrics[name]! - mean[name]!) * (metrics[name]! - mean[name]!), 0);
  const deviation = Object.fromEntries(names.map((name) => [name, Math.sqrt(spread(name) / (folds.length - 1))]));
  return { folds, mean, deviation };
}
