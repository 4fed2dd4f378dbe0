import { describe, expect, test } from "vitest";
import { decodeModelFile, encodeModelFile, type ModelDescription } from "../../src/io/model-file.js";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.js";

const model: ModelDescription = {
  task: "sequence-classifier",
  config: { hiddenSize: 4 },
  labels: ["a", "b"],
  vocabulary: ["x"],
  tokenizer: { type: "characters" },
  numerics: "fast",
  build: "baseline",
  library: "0.1.0",
};
const tensors = [
  { name: "output.weight", dtype: "F32" as const, shape: [2], data: Float32Array.of(1, 2) },
  { name: "output.bias", dtype: "F32" as const, shape: [1], data: Float32Array.of(3) },
];
const file = () => encodeModelFile({ tensors, model });

/** The same tensors under other metadata. */
function withMetadata(change: (metadata: Record<string, string>) => void): Uint8Array {
  const metadata = Object.fromEntries(readSafetensors(file()).metadata);
  change(metadata);
  return writeSafetensors(tensors, metadata);
}

describe("model files", () => {
  test("carry the description and the weights, under the fixed keys", () => {
    const { metadata } = readSafetensors(file());
    expect([...metadata.keys()]).toEqual(["format", "recurra.version", "recurra.model", "recurra.crc32"]);
    expect(metadata.get("format")).toBe("pt");
    expect(metadata.get("recurra.version")).toBe("1");
    expect(metadata.get("recurra.crc32")).toMatch(/^[0-9a-f]{8}$/);
    const decoded = decodeModelFile(file());
    expect(JSON.parse(JSON.stringify(decoded.model))).toEqual(model);
    expect([...decoded.tensors.keys()]).toEqual(["output.weight", "output.bias"]);
  });

  test("a flipped bit of the data is noticed", () => {
    const bytes = file();
    bytes[bytes.length - 1] = bytes.at(-1)! ^ 1;
    expect(() => decodeModelFile(bytes)).toThrowError(/the data have CRC-32 [0-9a-f]{8}, wants [0-9a-f]{8} \(the file is damaged\)/);
  });

  const wrong: [string, (metadata: Record<string, string>) => void, RegExp][] = [
    ["no version", (m) => void delete m["recurra.version"], /no recurra\.version in the metadata, wants a file that recurra wrote/],
    [
      "a later version",
      (m) => {
        m["recurra.version"] = "2";
      },
      /recurra\.version "2", wants "1"/,
    ],
    ["no description", (m) => void delete m["recurra.model"], /no recurra\.model/],
    ["no checksum", (m) => void delete m["recurra.crc32"], /wants recurra\.crc32 in the metadata/],
    [
      "a description that is no JSON",
      (m) => {
        m["recurra.model"] = "{";
      },
      /JSON has the end/,
    ],
    [
      "a description that is a list",
      (m) => {
        m["recurra.model"] = "[]";
      },
      /recurra\.model is no object/,
    ],
    [
      "no task",
      (m) => {
        m["recurra.model"] = "{}";
      },
      /task is undefined, wants a string/,
    ],
    [
      "labels that repeat",
      (m) => {
        m["recurra.model"] = JSON.stringify({ ...model, labels: ["a", "a"] });
      },
      /labels are no list of different strings/,
    ],
  ];
  for (const [name, change, message] of wrong) {
    test(`${name} is refused`, () => {
      expect(() => decodeModelFile(withMetadata(change))).toThrowError(message);
    });
  }

  test("keys of the description reach no prototype", () => {
    const text = JSON.stringify(model).replace('"hiddenSize":4', '"__proto__":{"polluted":1},"hiddenSize":4');
    const { model: read } = decodeModelFile(
      withMetadata((m) => {
        m["recurra.model"] = text;
      }),
    );
    expect(({} as { polluted?: number }).polluted).toBe(undefined);
    expect(Object.keys(read.config)).toEqual(["__proto__", "hiddenSize"]);
  });
});
