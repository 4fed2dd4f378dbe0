import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/errors.js";
import { createEngine, LSTM } from "../../src/index.js";
import { crc32 } from "../../src/io/crc32.js";
import { toFloat32, toTypedArray } from "../../src/io/element-types.js";
import { parseJson } from "../../src/io/json.js";
import { readSafetensors, type SafetensorsInput, writeSafetensors } from "../../src/io/safetensors.js";
import { readStateDict, writeStateDict } from "../../src/io/state-dict.js";

const f32 = (name: string, shape: number[], ...values: number[]): SafetensorsInput => ({
  name,
  dtype: "F32",
  shape,
  data: Float32Array.from(values),
});

/** A file of a given header text and data. */
function raw(header: string, data = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

describe("safetensors", () => {
  test("what is written is read, names and metadata of any kind", () => {
    const bytes = writeSafetensors(
      [
        f32("a/b \u0000ü", [2, 1], 1.5, -0),
        { name: "i", dtype: "I32", shape: [], data: Int32Array.of(-7) },
        { name: "d", dtype: "F64", shape: [1], data: Float64Array.of(0.1) },
      ],
      { format: "pt", "": "x" },
    );
    const { tensors, metadata } = readSafetensors(bytes);
    expect([...metadata]).toEqual([
      ["format", "pt"],
      ["", "x"],
    ]);
    expect([...tensors.keys()].sort()).toEqual(["a/b \u0000ü", "d", "i"]);
    expect(Object.is(toTypedArray(tensors.get("a/b \u0000ü")!)[1], -0)).toBe(true);
    expect([...toTypedArray(tensors.get("i")!)]).toEqual([-7]);
    expect([...toTypedArray(tensors.get("d")!)]).toEqual([0.1]);
    expect([...toFloat32(tensors.get("d")!)]).toEqual([Math.fround(0.1)]);
    expect(() => toFloat32(tensors.get("i")!)).toThrowError(/dtype I32, wants F32, F64, F16 or BF16/);
    // The data start is 8-byte aligned, 8-byte elements first.
    expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
    expect(tensors.get("d")!.bytes.byteOffset % 8).toBe(0);
  });

  test("a file whose data are not aligned, in a buffer that does not start at 0, is read", () => {
    const own = raw('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', new Uint8Array(Float32Array.of(1, 2).buffer));
    const shifted = new Uint8Array(own.length + 3);
    shifted.set(own, 3);
    expect([...toFloat32(readSafetensors(shifted.subarray(3)).tensors.get("a")!)]).toEqual([1, 2]);
    expect([...toFloat32(readSafetensors(Buffer.from(shifted).subarray(3)).tensors.get("a")!)]).toEqual([1, 2]);
  });

  const wrong: [string, RegExp][] = [
    ['{"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}', /tensor "a" has shape \["4\.0"\], wants an array of whole numbers/],
    ['{"a":{"dtype":"F32","shape":[1e1],"data_offsets":[0,40]}}', /has shape \["1e1"\]/],
    ['{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}', /wants 0\.5 bytes for F4/],
    ['{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', /the key "a" again/],
    ['{"__metadata__":{"k":1}}', /__metadata__ has "k": (1|"1"), wants a string/],
    ['{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', /the key "shape" again/],
    ['{"\\ud800":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}', /lone surrogate/],
    ["{} x", /wants the end/],
    ["\ufeff{}", /wants a value/],
  ];
  for (const [header, message] of wrong) {
    test(`${header} is refused`, () => {
      expect(() => readSafetensors(raw(header))).toThrowError(message);
      expect(() => readSafetensors(raw(header))).toThrowError(FormatError);
    });
  }

  test("no change of bytes of a file makes anything but a FormatError or a file", () => {
    const good = writeSafetensors([f32("weight", [2, 2], 1, 2, 3, 4), f32("bias", [0])], { format: "pt" });
    const changes = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat({ max: good.length }), (edits, cut) => {
        const bytes = good.slice(0, cut % 3 === 0 ? cut : good.length);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        try {
          for (const entry of readSafetensors(bytes).tensors.values()) expect(entry.bytes.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { seed: 21, numRuns: 20_000 },
    );
  });
});

describe("state dictionaries", () => {
  test("a module written by one engine is read by another, bit for bit", async () => {
    const [from, to] = [await createEngine({ seed: 1 }), await createEngine({ seed: 2, backend: "js" })];
    const options = { inputSize: 3, hiddenSize: 4, bidirectional: true };
    const [a, b] = [new LSTM(from, options), new LSTM(to, options)];
    const file = writeStateDict(a.stateDict());
    expect(readSafetensors(file).metadata.get("format")).toBe("pt");
    b.loadStateDict(readStateDict(file));
    for (const [name, parameter] of a.stateDict()) expect(b.stateDict().get(name)!.data(), name).toEqual(parameter.data());
    expect(() => readStateDict(writeSafetensors([{ name: "i", dtype: "I32", shape: [1], data: Int32Array.of(1) }]))).toThrowError(
      /dtype I32, wants F32/,
    );
  });
});

describe("JSON", () => {
  test("agrees with JSON.parse on what both take", () => {
    const plain = (value: unknown): unknown =>
      value instanceof Map
        ? Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]))
        : Array.isArray(value)
          ? value.map(plain)
          : value;
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(plain(parseJson("test", text))).toEqual(JSON.parse(text));
      }),
      { seed: 22, numRuns: 2000 },
    );
  });

  test("takes strings of many megabytes", () => {
    const long = "x".repeat(20_000_000);
    expect(parseJson("test", JSON.stringify([long, `${long}\n`]))).toEqual([long, `${long}\n`]);
    expect(() => parseJson("test", `"${long}`)).toThrowError(/wants a string/);
  });

  const wrong: [string, RegExp][] = [
    ["", /JSON has the end at character 0, wants a value/],
    ["[1,]", /wants a value/],
    ["{'a':1}", /wants a string/],
    ['{"a":1,}', /wants a string/],
    ["01", /wants the end/],
    ["+1", /wants a value/],
    ["NaN", /wants a value/],
    ["1e999", /the number 1e999, wants one that float64 holds/],
    ['"\t"', /wants a string/],
    ['"\\x41"', /wants a string/],
    ["[".repeat(100), /wants at most 64 levels/],
    ['{"__proto__":1,"__proto__":2}', /the key "__proto__" again/],
  ];
  for (const [text, message] of wrong) {
    test(`${text.slice(0, 30)} is refused`, () => {
      expect(() => parseJson("test", text)).toThrowError(message);
    });
  }
});

test("crc32 is that of gzip, whole and in parts", () => {
  const bytes = new TextEncoder().encode("123456789");
  expect(crc32(bytes)).toBe(0xcbf43926);
  expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});
