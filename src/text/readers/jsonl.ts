/** JSON lines: one value a line, read strictly. */
import type { JsonMap, JsonValue } from "../../io/json.js";
import { parseJsonText } from "../../io/json-text.js";
import { type Line, lines, type Source } from "../../io/lines.js";
import { TextFormatError } from "../../io/text-error.js";

export interface JsonLine extends Line {
  readonly value: JsonValue;
}

/** Empty lines are passed over. @throws FormatError for a line that is not JSON */
export async function* jsonLines(source: Source): AsyncGenerator<JsonLine> {
  for await (const { text, place } of lines(source)) {
    if (text.trim() === "") continue;
    yield { text, place, value: parseJsonText(place, text) };
  }
}

/** @throws FormatError unless the line holds an object */
export function objectOf({ value, place }: JsonLine): JsonMap {
  if (value instanceof Map) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
  throw new TextFormatError(place, `${found}, wants an object`);
}
