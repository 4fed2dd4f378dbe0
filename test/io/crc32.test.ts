import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Stream } from "../../src/engine/random.js";
import { crc32 } from "../../src/io/crc32.js";

test("crc32 is zlib's, of every length, from wherever it goes on", () => {
  const stream = new Stream([1, 2]);
  const bytes = Uint8Array.from({ length: 300 }, () => stream.nextInt(256));
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  for (let length = 0; length < 67; length++) {
    const part = bytes.subarray(length % 5, (length % 5) + length);
    expect(crc32(part)).toBe(zlibCrc32(part));
    expect(crc32(bytes.subarray(length, 300), crc32(bytes.subarray(0, length)))).toBe(zlibCrc32(bytes));
  }
});
