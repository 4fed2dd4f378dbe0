/** Unpacks what scripts/build-wasm.mjs packs: raw deflate in base64, without a last block. */

/** Base64 of an empty last block. */
const END = "AwA=";

/**
 * Node, and what has its modules, inflates at once: the first use of its web streams and of `atob` loads 60 ms of modules.
 * Elsewhere a DecompressionStream does.
 */
export async function inflate(openBase64: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = openBase64 + END;
  const node = globalThis.process?.getBuiltinModule?.("node:zlib");
  if (node !== undefined) return node.inflateRawSync(Buffer.from(text, "base64")) as Uint8Array<ArrayBuffer>;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer());
}
