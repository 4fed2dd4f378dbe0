/** Options of commands as tables: one entry is the flag, its line of help, and the key of the configuration file with its check. */
import { type Command, Option } from "commander";
import { ConfigError } from "../errors.js";
import { readConfig } from "../io/config.js";
import { decodeUtf8 } from "../io/json.js";
import { type Check, flag, inRange, oneOf, wholeNumber } from "../options.js";

export interface OptionSpec {
  /** How help writes the value, `<n>` of a number, `<list>` of several; null of a flag, which has a --no- form too. */
  readonly value: string | null;
  readonly check: Check<unknown>;
  readonly help: string;
}

/** By the name in camelCase, as the library has it. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

export type Given = Readonly<Record<string, unknown>>;

export const count = (min: number, help: string): OptionSpec => ({
  value: "<n>",
  check: (where, name, value) => wholeNumber(where, name, value, min),
  help,
});

export const real = (low: number, high: number, help: string): OptionSpec => ({
  value: "<n>",
  check: (where, name, value) => inRange(where, name, value, low, high),
  help,
});

export const choice = (words: readonly string[], help: string): OptionSpec => ({
  value: "<name>",
  check: (where, name, value) => oneOf(where, name, value, words),
  help: `${help}: ${words.join(", ")}`,
});

export const yes = (help: string): OptionSpec => ({ value: null, check: flag, help });

/** Several texts, with commas between them on the command line. */
export const list = (help: string): OptionSpec => ({
  value: "<list>",
  check: (where, name, value) => {
    if (!Array.isArray(value) || value.length === 0 || value.some((item) => typeof item !== "string" || item === ""))
      throw new ConfigError(`${where}: ${name} ${JSON.stringify(value)}, wants a list of texts`);
    return value;
  },
  help,
});

export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Puts the table's options under a heading of the command's help. */
export function addOptions(command: Command, heading: string, table: OptionTable): void {
  for (const [name, { value, help }] of Object.entries(table)) {
    const long = flagOf(name);
    command.addOption(new Option(value === null ? long : `${long} ${value}`, help).helpGroup(heading));
    if (value === null) command.addOption(new Option(long.replace("--", "--no-")).hideHelp());
  }
}

/**
 * The table's options among those that the command line gave, checked.
 * @throws ConfigError naming the flag
 */
export function readFlags(where: string, given: Given, table: OptionTable): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, { value, check }] of Object.entries(table)) {
    const text = given[name];
    if (text !== undefined) values[name] = check(where, flagOf(name), parsed(value, text));
  }
  return values;
}

/** A flag's text as its kind has it; one that is no number stays a text, for the check to refuse. */
function parsed(kind: OptionSpec["value"], text: unknown): unknown {
  if (kind === "<list>") return (text as string).split(",");
  return kind === "<n>" && (text as string).trim() !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

/** A whole number of a flag that is in no table. @throws ConfigError */
export const wholeFlag = (where: string, name: string, text: string, min: number): number =>
  wholeNumber(where, name, parsed("<n>", text), min);

/**
 * A configuration file: a JSON object of the table's options, with comments as JavaScript has them.
 * @throws FormatError when it is no JSON object; ConfigError on an unknown key, with the nearest known, or a bad value
 */
export function readConfiguration(file: string, bytes: Uint8Array, table: OptionTable): Record<string, unknown> {
  const schema = Object.fromEntries(Object.entries(table).map(([name, { check }]) => [name, check]));
  return readConfig(file, decodeUtf8(file, bytes), schema);
}
