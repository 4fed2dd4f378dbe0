/** Unpacks what scripts/build-wasm.mjs packs: raw deflate in base64. */

/**
 * Node, and what has its modules, inflates at once: the first use of its web streams and of `atob` loads 60 ms of modules.
 * Elsewhere a DecompressionStream does.
 */
export async function inflate(deflatedBase64: string): Promise<BufferSource> {
  const node = globalThis.process?.getBuiltinModule?.("node:zlib");
  if (node !== undefined) return node.inflateRawSync(Buffer.from(deflatedBase64, "base64")) as BufferSource;
  const bytes = Uint8Array.from(atob(deflatedBase64), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
}
