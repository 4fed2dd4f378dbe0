/** Lines of a text file or of standard input, as they come. */
import { lineBlocks, type Source } from "../io/lines.js";
import { fileSource } from "../platform/node.js";

const STDIN: Source = {
  name: "standard input",
  async *bytes() {
    for await (const chunk of process.stdin) yield new Uint8Array(chunk as Buffer);
  },
};

/** Lines without their ends; @throws FormatError with the place where the text is not UTF-8; StorageError */
export async function* linesOf(file: string | undefined): AsyncGenerator<string> {
  // What stands behind the last line feed is a line only when there is something: empty lines wait for the next one.
  let empty = 0;
  for await (const { texts } of lineBlocks(file === undefined || file === "-" ? STDIN : fileSource(file))) {
    for (const text of texts) {
      if (text === "") empty++;
      else {
        for (; empty > 0; empty--) yield "";
        yield text.endsWith("\r") ? text.slice(0, -1) : text;
      }
    }
  }
  for (; empty > 1; empty--) yield "";
}
