/** The values that tuning may try: lists, and ranges of numbers. */
import { Stream, streamKey } from "../engine/random.js";
import { ConfigError, isRecurraError } from "../errors.js";
import { readConfig } from "../io/config.js";
import { decodeUtf8 } from "../io/json.js";
import type { Check } from "../options.js";
import type { OptionTable } from "./options.js";

export interface Range {
  readonly from: number;
  readonly to: number;
  /** Even over orders of magnitude; by default over numbers. */
  readonly log: boolean;
  /** Numbers are rounded. */
  readonly whole: boolean;
}

export type Space = Readonly<Record<string, readonly unknown[] | Range>>;

export type Trial = Readonly<Record<string, unknown>>;

/** Purpose of the stream that draws, beyond those of the library. */
const DRAW = 102;

const accepts = (check: Check<unknown>, value: unknown): boolean => {
  try {
    check("", "", value);
    return true;
  } catch (error) {
    if (isRecurraError(error)) return false;
    throw error;
  }
};

/** A list of values, each as the option wants it, or `{"from", "to", "log"}`. */
const alternatives =
  (check: Check<unknown>): Check<readonly unknown[] | Range> =>
  (where, name, value) => {
    if (Array.isArray(value) && value.length > 0) {
      for (const item of value) check(where, name, item);
      return value;
    }
    if (!(value instanceof Map))
      throw new ConfigError(`${where}: ${name} ${JSON.stringify(value)}, wants a list of values or {"from": …, "to": …}`);
    const { from, to, log = false, ...rest } = Object.fromEntries(value) as Record<string, unknown>;
    const odd = Object.keys(rest)[0];
    if (odd !== undefined) throw new ConfigError(`${where}: ${name} has ${odd}, wants from, to and log`);
    for (const end of [from, to]) check(where, name, end);
    if (!(typeof from === "number" && typeof to === "number" && from < to && (log === false || (log === true && from > 0))))
      throw new ConfigError(`${where}: ${name} from ${from} to ${to}, wants a rising range of numbers, above 0 with log`);
    return { from, to, log: log as boolean, whole: !accepts(check, from + (to - from) * 0.4142135) };
  };

/** @throws FormatError, ConfigError */
export function readSpace(file: string, bytes: Uint8Array, table: OptionTable): Space {
  const schema = Object.fromEntries(Object.entries(table).map(([name, { check }]) => [name, alternatives(check)]));
  const space = readConfig(file, decodeUtf8(file, bytes), schema) as Space;
  if (Object.keys(space).length === 0) throw new ConfigError(`${file}: nothing to try, wants options with lists of values`);
  return space;
}

/** Every combination of the lists; undefined where there are more than `most`, or ranges. */
export function gridOf(space: Space, most: number): Trial[] | undefined {
  let trials: Trial[] = [{}];
  for (const [name, values] of Object.entries(space)) {
    if (!Array.isArray(values) || trials.length * values.length > most) return undefined;
    trials = trials.flatMap((trial) => values.map((value: unknown) => ({ ...trial, [name]: value })));
  }
  return trials;
}

/** Trial i of those that the seed draws. */
export function drawTrial(space: Space, seed: number, i: number): Trial {
  const stream = new Stream(streamKey(seed, DRAW, 0, i));
  return Object.fromEntries(
    Object.entries(space).map(([name, values]) => {
      if (Array.isArray(values)) return [name, values[stream.nextInt(values.length)]];
      const { from, to, log, whole } = values as Range;
      const share = stream.nextFloat();
      const value = log ? from * (to / from) ** share : from + (to - from) * share;
      return [name, whole ? Math.round(value) : Number(value.toPrecision(4))];
    }),
  );
}
