/** Sources for tests: files, and bytes in pieces of any size. */
import { createReadStream } from "node:fs";
import type { Source } from "../../../src/text/readers/source.js";

export const fileSource = (url: URL): Source => ({ name: url.pathname.split("/").at(-1)!, bytes: () => createReadStream(url) });

/** Pieces of `size` bytes, each in the same buffer, as a stingy platform might give them. */
export function piecesOf(name: string, data: string | Uint8Array, size: number): Source {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return {
    name,
    async *bytes() {
      const buffer = new Uint8Array(size);
      for (let at = 0; at < bytes.length; at += size) {
        const piece = bytes.subarray(at, at + size);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
      }
    },
  };
}

export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
