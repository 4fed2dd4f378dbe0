/** Configuration files: a JSON object of options, with comments as JavaScript has them. */
import { ConfigError } from "../errors.js";
import { type Check, checkOptions } from "../options.js";
import type { JsonValue } from "./json.js";
import { parseJsonText } from "./json-text.js";
import { TextFormatError } from "./text-error.js";

/** Check of each key; one that a configuration lacks is not checked. */
export type ConfigSchema = Readonly<Record<string, Check<unknown>>>;

/** Objects as maps, as the parser gives them, or plain. */
const entriesOf = (value: unknown): [string, unknown][] => (value instanceof Map ? [...value] : Object.entries(value as object));

/** Comments become spaces (their lines stay), so that places in what is left are those of the file. */
function withoutComments(text: string): string {
  let kept = "";
  let at = 0;
  while (at < text.length) {
    const pair = text.slice(at, at + 2);
    let end = at + 1;
    if (text[at] === '"') {
      while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      kept += text.slice(at, ++end);
    } else if (pair === "//" || pair === "/*") {
      const [closing, length] = pair === "//" ? ["\n", 0] : ["*/", 2];
      const found = text.indexOf(closing, at + 2);
      // A comment that is never closed stays, for the parser to refuse.
      if (found < 0 && pair === "/*") return kept + text.slice(at);
      end = found < 0 ? text.length : found + length;
      kept += text.slice(at, end).replace(/[^\n]/g, " ");
    } else kept += text[at];
    at = end;
  }
  return kept;
}

/**
 * The values of a configuration that its schema allows. Keys are those of the object alone, and no prototype is touched.
 * @param value an object, plain or as parseJson gives it
 * @throws ConfigError on an unknown key (with the nearest known), on null, and on what the key's check refuses
 */
export function checkConfig(where: string, value: unknown, schema: ConfigSchema): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ConfigError(`${where}: ${JSON.stringify(value)}, wants an object of options (${Object.keys(schema).join(", ")})`);
  const given: Record<string, unknown> = Object.create(null);
  for (const [key, item] of entriesOf(value)) given[key] = item;
  checkOptions(where, given, Object.keys(schema));
  const checked: Record<string, unknown> = {};
  for (const key of Object.keys(given)) {
    if (given[key] === null) throw new ConfigError(`${where}: ${key} null, wants a value (or no such key)`);
    checked[key] = schema[key]!(where, key, given[key]);
  }
  return checked;
}

/** A check for an object with a schema of its own. */
export const nested =
  (schema: ConfigSchema): Check<Record<string, unknown>> =>
  (where, name, value) =>
    checkConfig(`${where}: ${name}`, value, schema);

/** @throws FormatError with line and column when the text is no JSON object; ConfigError as checkConfig */
export function readConfig(file: string, text: string, schema: ConfigSchema): Record<string, unknown> {
  const start = { file, line: 1, column: 1 };
  const value: JsonValue = parseJsonText(start, withoutComments(text.replace(/^\ufeff/, "")));
  if (!(value instanceof Map)) throw new TextFormatError(start, "JSON of no object, wants an object of options");
  return checkConfig(file, value, schema);
}
