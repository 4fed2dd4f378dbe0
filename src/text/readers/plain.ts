/** Plain text. */
import { lineBlocks } from "../../io/lines.js";
import type { Source } from "./source.js";

/**
 * The whole text, its lines ended by LF however the file ends them; plain or gzip. It may be empty.
 * @throws FormatError with file, line and column where it is not UTF-8
 */
export async function readPlainText(source: Source): Promise<string> {
  const parts: string[] = [];
  for await (const { texts } of lineBlocks(source)) parts.push(texts.join("\n"));
  return parts.join("\n").replaceAll("\r\n", "\n");
}
