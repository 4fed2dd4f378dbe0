/**
 * CRC-32 of ISO 3309 and gzip (reflected polynomial 0xedb88320): by zlib where it is there, else byte by byte from a table, which is made at
 * the first use, not at import.
 */
let table: Uint32Array | undefined;

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
}

/** Without zlib. @param start the result for the bytes before, to go on from */
export function plainCrc32(bytes: Uint8Array, start = 0): number {
  table ??= makeTable();
  let value = ~start;
  for (let i = 0; i < bytes.length; i++) value = table[(value ^ bytes[i]!) & 255]! ^ (value >>> 8);
  return ~value >>> 0;
}

type Crc32 = (bytes: Uint8Array, start?: number) => number;

/** @param start the result for the bytes before, to go on from */
export function crc32(bytes: Uint8Array, start = 0): number {
  const zlib = globalThis.process?.getBuiltinModule?.("node:zlib") as { readonly crc32?: Crc32 } | undefined;
  return (zlib?.crc32 ?? plainCrc32)(bytes, start);
}
