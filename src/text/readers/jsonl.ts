/** JSON lines: one value a line, read strictly. */
import { FormatError } from "../../errors.js";
import { type JsonMap, type JsonValue, parseJson } from "../../io/json.js";
import { type Line, lines, type Source } from "../../io/lines.js";
import { TextFormatError } from "../../io/text-error.js";

export interface JsonLine extends Line {
  readonly value: JsonValue;
}

/** Empty lines are passed over. @throws FormatError for a line that is not JSON */
export async function* jsonLines(source: Source): AsyncGenerator<JsonLine> {
  for await (const { text, place } of lines(source)) {
    if (text.trim() === "") continue;
    let value: JsonValue;
    try {
      value = parseJson("line", text);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const column = Number(/at character (\d+)/.exec(error.message)?.[1] ?? 0) + 1;
      throw new TextFormatError({ ...place, column }, error.message.replace(/^line: /, ""), { cause: error });
    }
    yield { text, place, value };
  }
}

/** @throws FormatError unless the line holds an object */
export function objectOf({ value, place }: JsonLine): JsonMap {
  if (value instanceof Map) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
  throw new TextFormatError(place, `${found}, wants an object`);
}
