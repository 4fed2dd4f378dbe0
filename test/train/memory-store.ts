import type { CheckpointStore } from "../../src/train/checkpoint.js";

/** A store in memory that keeps every version written, as [name, bytes]. */
export function memoryStore(): CheckpointStore & { readonly files: Map<string, Uint8Array>; readonly written: [string, Uint8Array][] } {
  const files = new Map<string, Uint8Array>();
  const written: [string, Uint8Array][] = [];
  return {
    files,
    written,
    read: async (name) => files.get(name),
    write: async (name, bytes) => {
      files.set(name, bytes);
      written.push([name, bytes]);
    },
  };
}
