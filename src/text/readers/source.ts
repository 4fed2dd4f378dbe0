/** What the readers read: a file of the platform, or what is in memory. */
import { FormatError } from "../../errors.js";
import { chunksOf } from "../../io/gunzip.js";
import type { Source } from "../../io/lines.js";

export type { Source } from "../../io/lines.js";

/**
 * A text, its bytes (plain or gzip) or a file that a visitor chose, as a source.
 * @param name for messages; its ending tells the format (`reviews.tsv.gz`)
 */
export function sourceOf(name: string, data: string | Uint8Array | Blob): Source {
  return {
    name,
    async *bytes() {
      if (data instanceof Blob) yield* chunksOf(data.stream());
      else yield typeof data === "string" ? new TextEncoder().encode(data) : data;
    },
  };
}

/** @throws FormatError when nothing was found */
export function atLeastOne<T>(source: Source, found: readonly T[], what: string): readonly T[] {
  if (found.length === 0) throw new FormatError(`${source.name}: no ${what}, wants at least one`);
  return found;
}
