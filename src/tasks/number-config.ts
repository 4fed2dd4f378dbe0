/** The configuration of a model of numbers, as its file has it. */
import { ConfigError } from "../errors.js";
import { type Check, oneOf, optional, readOptions, wholeNumber } from "../options.js";
import type { NumberOutput, Scale } from "./number-data.js";
import { checkNumberNetwork, type NumberNetworkConfig } from "./number-network.js";

export interface NumberModelConfig extends NumberNetworkConfig {
  readonly output: NumberOutput;
  /** Numbers of a step. */
  readonly features: number;
  /** Steps that are foretold at once; 0 but of next steps. */
  readonly horizon: number;
  /** Last steps that are read to foretell the next ones; 0, and all, but of next steps. */
  readonly context: number;
  /** Of the steps' numbers. */
  readonly level: Scale;
  /** Of their changes from step to step, where next steps are foretold. */
  readonly change: Scale | null;
  /** Of a value's numbers, or of the changes over 1 … horizon steps; of no columns for classes. */
  readonly target: Scale;
}

const scale =
  (columns: number): Check<Scale> =>
  (where, name, value) => {
    const numbers: Check<readonly number[]> = (at, key, list) => {
      if (Array.isArray(list) && list.length === columns && list.every(Number.isFinite)) return list;
      throw new ConfigError(`${at}: ${key} ${JSON.stringify(list)}, wants ${columns} numbers`);
    };
    const found = readOptions<Scale>(`${where}: ${name}`, value, { mean: numbers, deviation: numbers });
    if (found.deviation.every((deviation) => deviation > 0)) return found;
    throw new ConfigError(`${where}: ${name} has deviations ${found.deviation.join(", ")}, wants numbers above 0`);
  };

/** @param labels how many there are @throws ConfigError where something is missing or cannot be */
export function readNumberConfig(where: string, given: object, labels: number): NumberModelConfig {
  const { output, features, horizon, context, level, change, target, ...network } = given as { [K in keyof NumberModelConfig]: unknown };
  const kind = oneOf(where, "output", output, ["class", "value", "next"]);
  const isNext = kind === "next";
  const count = wholeNumber(where, "features", features, 1);
  const steps = wholeNumber(where, "horizon", horizon, isNext ? 1 : 0);
  const columns = { class: 0, value: ((target as Scale | undefined)?.mean ?? [0]).length, next: steps * count }[kind];
  if ((kind === "class") !== labels > 0)
    throw new ConfigError(`${where}: ${labels} labels of output ${kind}, wants labels of classes alone`);
  if (isNext === (change === null))
    throw new ConfigError(`${where}: change ${JSON.stringify(change)} of output ${kind}, wants one of next steps alone`);
  return {
    ...checkNumberNetwork(where, network),
    output: kind,
    features: count,
    horizon: steps,
    context: wholeNumber(where, "context", context, isNext ? 1 : 0),
    level: scale(count)(where, "level", level),
    change: optional(scale(count))(where, "change", change) ?? null,
    target: scale(columns)(where, "target", target),
  };
}
