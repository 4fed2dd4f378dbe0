/** JSON inside a text file: its errors name line and column. */
import { FormatError } from "../errors.js";
import { type JsonValue, parseJson } from "./json.js";
import { type Place, TextFormatError } from "./text-error.js";

/** @param place where `text` begins @throws FormatError where it stops being JSON */
export function parseJsonText(place: Place, text: string): JsonValue {
  try {
    return parseJson("", text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    // Only a number that float64 does not hold has no place of its own.
    const before = text.slice(0, Number(/at character (\d+)/.exec(error.message)?.[1] ?? 0)).split("\n");
    const at = { file: place.file, line: place.line + before.length - 1, column: before.at(-1)!.length + 1 };
    throw new TextFormatError(at, error.message.replace(/^: /, ""), { cause: error });
  }
}
