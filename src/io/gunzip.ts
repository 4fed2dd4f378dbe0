/** Streams of bytes: gzip, which is told by its first two bytes, is unpacked on the way. */

/** What a stream holds, piece by piece; it is cancelled when the reader stops early. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A stream that asks for a piece when it is read. `onError` sees what the pieces' own source threw. */
function streamOf(chunks: AsyncIterator<Uint8Array>, onError: (error: unknown) => void): ReadableStream<BufferSource> {
  return new ReadableStream<BufferSource>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        // A copy of one's own: the decompressor refuses views of shared memory.
        else controller.enqueue(new Uint8Array(value));
      } catch (error) {
        onError(error);
        throw error;
      }
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}

async function* startedWith(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/**
 * The bytes as they are, or unpacked where they begin as gzip does.
 * @param damaged makes the error for a stream that does not unpack, of its cause; errors of `bytes` itself pass as they are
 */
export async function* gunzipped(bytes: AsyncIterable<Uint8Array>, damaged: (cause: unknown) => Error): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let magic: number[] = [];
  while (magic.length < 2) {
    const { done, value } = await iterator.next();
    if (done) break;
    // A copy: the source may fill the same buffer again.
    head.push(new Uint8Array(value));
    magic = [...magic, ...value.subarray(0, 2)].slice(0, 2);
  }
  const plain = startedWith(head, iterator);
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return yield* plain;
  let own: { error: unknown } | undefined;
  const packed = streamOf(plain, (error) => {
    own = { error };
  });
  try {
    yield* chunksOf(packed.pipeThrough(new DecompressionStream("gzip")));
  } catch (error) {
    throw own === undefined ? damaged(error) : own.error;
  }
}
