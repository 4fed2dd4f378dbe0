/** Hostile and odd safetensors files: each meets its verdict. The folder beside the repository, when there, is checked whole. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/errors.js";
import { toFloat32 } from "../../src/io/element-types.js";
import { readSafetensors, type Safetensors } from "../../src/io/safetensors.js";

interface Case {
  readonly file: string;
  readonly format: string;
  readonly verdict: "accept" | "reject" | "either";
  readonly why: string;
  readonly expect?: Readonly<Record<string, readonly (number | string)[]>>;
}

const shared = new URL("../../../shared/golden/malformed/", import.meta.url);
if (!existsSync(shared)) console.error("malformed: ../shared is not there, the fixtures alone are checked");

function checkContents(file: Safetensors, wanted: NonNullable<Case["expect"]>): void {
  for (const [name, values] of Object.entries(wanted)) {
    if (name === "names") expect([...file.tensors.keys()]).toEqual(values);
    else expect([...toFloat32(file.tensors.get(name)!)]).toEqual(values.map(Number).map(Math.fround));
  }
}

for (const folder of [new URL("../fixtures/malformed/", import.meta.url), shared]) {
  if (!existsSync(folder)) continue;
  const { cases } = JSON.parse(readFileSync(new URL("index.json", folder), "utf8")) as { cases: Case[] };
  describe(folder === shared ? "the whole set" : "fixtures", () => {
    for (const { file, verdict, why, expect: wanted } of cases.filter(({ format }) => format === "safetensors")) {
      test(`${file} (${why}): ${verdict}`, () => {
        const bytes = readFileSync(new URL(file, folder));
        let read: Safetensors | undefined;
        try {
          read = readSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          expect((error as Error).message).toMatch(/^safetensors.*: .*/);
          expect(verdict).not.toBe("accept");
          return;
        }
        expect(verdict).not.toBe("reject");
        for (const { dtype, shape, bytes: data } of read.tensors.values()) {
          const elements = shape.reduce((a, b) => a * b, 1);
          if (dtype === "F32") expect(data.length).toBe(4 * elements);
        }
        if (wanted !== undefined) checkContents(read, wanted);
      });
    }
  });
}
