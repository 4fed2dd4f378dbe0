/** The values that tuning may try, from a file: lists, and ranges of numbers. */
import { ConfigError, isRecurraError } from "../errors.js";
import { readConfig } from "../io/config.js";
import { decodeUtf8 } from "../io/json.js";
import { type Check, checkOptions } from "../options.js";
import type { NumberRange, OptionValue, TuningSpace } from "../tasks/tuning.js";
import type { OptionTable } from "./options.js";

const accepts = (check: Check<unknown>, value: unknown): boolean => {
  try {
    check("", "", value);
    return true;
  } catch (error) {
    if (isRecurraError(error)) return false;
    throw error;
  }
};

/** A list of values, each as the option wants it, or `{"low", "high", "log"}`; whole where the option takes nothing else. */
const alternatives =
  (check: Check<unknown>): Check<readonly OptionValue[] | NumberRange> =>
  (where, name, value) => {
    if (Array.isArray(value) && value.length > 0) {
      for (const item of value) check(where, name, item);
      return value;
    }
    if (!(value instanceof Map))
      throw new ConfigError(`${where}: ${name} ${JSON.stringify(value)}, wants a list of values or {"low": …, "high": …}`);
    const range = Object.fromEntries(value) as unknown as NumberRange;
    checkOptions(`${where}: ${name}`, range, ["low", "high", "log"]);
    for (const end of ["low", "high"] as const) check(where, `${name}.${end}`, range[end]);
    return { ...range, whole: !accepts(check, range.low + (range.high - range.low) * 0.4142135) };
  };

/** @throws FormatError, ConfigError */
export function readSpace(file: string, bytes: Uint8Array, table: OptionTable): TuningSpace {
  const schema = Object.fromEntries(Object.entries(table).map(([name, { check }]) => [name, alternatives(check)]));
  return readConfig(file, decodeUtf8(file, bytes), schema) as TuningSpace;
}
