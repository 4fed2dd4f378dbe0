/** Plain text. */
import { lineBlocks } from "../../io/lines.js";
import type { Source } from "./source.js";

export async function readPlainText(source: Source): Promise<string> {
  const parts: string[] = [];
  for await (const { texts } of lineBlocks(source)) parts.push(texts.join("\n"));
  return parts.join("\n").replaceAll("\r\n", "\n");
}
