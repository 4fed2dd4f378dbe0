/** Stored elements as numbers. */
import { FormatError } from "../errors.js";
import type { SafetensorsEntry } from "./safetensors.js";

const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

type Numbers = InstanceType<(typeof ARRAYS)[keyof typeof ARRAYS]>;

/** A copy of the elements in the typed array of their dtype. @throws FormatError for a dtype that has none */
export function toTypedArray({ dtype, bytes }: SafetensorsEntry): Numbers {
  if (!Object.hasOwn(ARRAYS, dtype)) throw new FormatError(`safetensors: dtype ${dtype}, wants one of ${Object.keys(ARRAYS).join(", ")}`);
  // A copy starts aligned. (The slice of a Buffer would be a view.)
  return new ARRAYS[dtype as keyof typeof ARRAYS](new Uint8Array(bytes).buffer);
}

/** 2^-24. */
const TO_SUBNORMAL = 2 ** -24;

/** 10 bits of fraction, 5 of exponent, subnormals too. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * TO_SUBNORMAL;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * (exponent < 15 ? 1 / (1 << (15 - exponent)) : 1 << (exponent - 15));
}

/** The elements as float32: F32, F16 and BF16 exactly, F64 rounded. @throws FormatError for another dtype */
export function toFloat32(entry: SafetensorsEntry): Float32Array {
  const { dtype, bytes } = entry;
  if (dtype === "F32") return toTypedArray(entry) as Float32Array;
  if (dtype === "F64") return Float32Array.from(toTypedArray(entry));
  if (dtype !== "F16" && dtype !== "BF16") throw new FormatError(`safetensors: dtype ${dtype}, wants F32, F64, F16 or BF16`);
  const words = new Uint16Array(new Uint8Array(bytes).buffer);
  if (dtype === "F16") return Float32Array.from(words, halfToNumber);
  return new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
}

/** As toFloat32, but of aligned F32 a view of the file's bytes: to be read at once. */
export function viewFloat32(entry: SafetensorsEntry): Float32Array {
  const { buffer, byteOffset, length } = entry.bytes;
  return entry.dtype === "F32" && byteOffset % 4 === 0 ? new Float32Array(buffer, byteOffset, length / 4) : toFloat32(entry);
}
