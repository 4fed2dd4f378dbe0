import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { crc32, plainCrc32 } from "../../src/io/crc32.js";

test.each([
  ["crc32", crc32],
  ["plainCrc32", plainCrc32],
])("%s is zlib's, of every length, from wherever it goes on", (_, own) => {
  const stream = new Stream([1, 2]);
  const bytes = Uint8Array.from({ length: 300 }, () => stream.nextInt(256));
  expect(own(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  for (let length = 0; length < 67; length++) {
    const part = bytes.subarray(length % 5, (length % 5) + length);
    expect(own(part)).toBe(zlibCrc32(part));
    expect(own(bytes.subarray(length, 300), own(bytes.subarray(0, length)))).toBe(zlibCrc32(bytes));
  }
});
