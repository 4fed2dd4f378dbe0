/**
 * CRC-32 of ISO 3309 and gzip (reflected polynomial 0xedb88320), four bytes at a time (Intel's slicing). tables[n][byte] is what a byte does
 * that n more follow. They are made at the first use, not at import.
 */
let tables: Uint32Array[] | undefined;

function makeTables(): Uint32Array[] {
  const all = [0, 1, 2, 3].map(() => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    all[0]![byte] = value;
  }
  for (let n = 1; n < 4; n++) for (let byte = 0; byte < 256; byte++) all[n]![byte] = follow(all[0]!, all[n - 1]![byte]!);
  return all;
}

const follow = (one: Uint32Array, value: number): number => one[value & 255]! ^ (value >>> 8);

/** @param start the result for the bytes before, to go on from */
export function crc32(bytes: Uint8Array, start = 0): number {
  tables ??= makeTables();
  const [one, two, three, four] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let value = ~start;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    value ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    value = four[value & 255]! ^ three[(value >>> 8) & 255]! ^ two[(value >>> 16) & 255]! ^ one[value >>> 24]!;
  }
  for (; i < bytes.length; i++) value = follow(one, value ^ bytes[i]!);
  return ~value >>> 0;
}
