/** Files of training, dev and test of a set: as they lie there, or cut and changed the way the set says. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

export type SetData =
  /** Three files; `erase` takes what it matches out of the second column of their tables. */
  | { readonly train: string; readonly dev: string; readonly test: string; readonly erase?: RegExp }
  /** Running text, whose last tenth is the test; the command cuts dev itself. */
  | { readonly text: string }
  /** Lines that are examples, each in the part that its SHA-1 says: of ten, one test and one dev. */
  | { readonly lines: string };

export interface SetFiles {
  readonly train: string;
  readonly dev?: string;
  readonly test: string;
}

const read = (file: string): string => {
  const bytes = readFileSync(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
};

const namesOf = (data: SetData): string[] =>
  "text" in data ? [data.text] : "lines" in data ? [data.lines] : [data.train, data.dev, data.test];

export const isThere = (folder: string, data: SetData): boolean => namesOf(data).every((name) => existsSync(path.join(folder, name)));

const partOf = (line: string): number => Number.parseInt(createHash("sha1").update(line).digest("hex").slice(0, 8), 16) % 10;

/** @param scratch folder for what is not there as it is wanted */
export function filesOf(folder: string, data: SetData, scratch: string): SetFiles {
  const write = (name: string, text: string): string => {
    const file = path.join(scratch, name);
    writeFileSync(file, text);
    return file;
  };
  if ("text" in data) {
    const characters = [...read(path.join(folder, data.text))];
    const end = Math.floor(characters.length * 0.9);
    return { train: write("train.txt", characters.slice(0, end).join("")), test: write("test.txt", characters.slice(end).join("")) };
  }
  if ("lines" in data) {
    const lines = read(path.join(folder, data.lines))
      .split("\n")
      .filter((line) => line !== "");
    const where = (wanted: (part: number) => boolean) => `${lines.filter((line) => wanted(partOf(line))).join("\n")}\n`;
    const [train, dev, test] = [where((part) => part > 1), where((part) => part === 1), where((part) => part === 0)];
    return { train: write("train.txt", train), dev: write("dev.txt", dev), test: write("test.txt", test) };
  }
  const { erase } = data;
  const file = (name: string) => path.join(folder, name);
  if (erase === undefined) return { train: file(data.train), dev: file(data.dev), test: file(data.test) };
  const erased = (part: "train" | "dev" | "test") => {
    const rows = read(file(data[part]))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t"));
    const changed = rows.map(([first, second = "", ...rest]) => [first, second.replaceAll(erase, ""), ...rest].join("\t"));
    return write(`${part}.tsv`, `${[...new Set(changed)].join("\n")}\n`);
  };
  return { train: erased("train"), dev: erased("dev"), test: erased("test") };
}

/** The rows of a table whose first column has more than so many words. */
export function longerThan(table: string, words: number, scratch: string): string {
  const rows = read(table)
    .split("\n")
    .filter((line) => line.split("\t")[0]!.trim().split(/\s+/u).length > words);
  const file = path.join(scratch, "longer.tsv");
  writeFileSync(file, `${rows.join("\n")}\n`);
  return file;
}
