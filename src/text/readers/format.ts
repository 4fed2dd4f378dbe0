/** The format of a file, by its name and its content. */
import { FormatError } from "../../errors.js";
import { lines, type Source } from "../../io/lines.js";

export type Format = "tsv" | "csv" | "jsonl" | "conll" | "conllu";

const ENDINGS: ReadonlyMap<string, Format> = new Map([
  ["tsv", "tsv"],
  ["tab", "tsv"],
  ["csv", "csv"],
  ["jsonl", "jsonl"],
  ["ndjson", "jsonl"],
  ["conllu", "conllu"],
  ["conll", "conll"],
  ["bio", "conll"],
  ["iob", "conll"],
]);
/** Lines that content is told by. */
const SAMPLE = 1000;

async function sampleOf(source: Source): Promise<string[]> {
  const sample: string[] = [];
  for await (const { text } of lines(source)) {
    sample.push(text);
    if (sample.length === SAMPLE) break;
  }
  return sample;
}

const isWord = (text: string) => /^\d+(?:[-.]\d+)?\t/.test(text) && text.split("\t").length === 10;

/** Sentences stand in blocks: an empty line has others before and behind it. */
function hasBlocks(sample: readonly string[]): boolean {
  const isFull = (text: string) => text.trim() !== "";
  const first = sample.findIndex(isFull);
  const gap = sample.findIndex((text, i) => i > first && !isFull(text));
  return first >= 0 && gap >= 0 && sample.slice(gap).some(isFull);
}

/** @param allowed formats that the reader takes @throws FormatError when the name says another one */
export async function formatOf(source: Source, allowed: readonly Format[]): Promise<Format> {
  const ending = /\.(\w+)$/.exec(source.name.replace(/\.gz$/i, ""))?.[1]?.toLowerCase();
  const named = ENDINGS.get(ending ?? "");
  if (named !== undefined && !allowed.includes(named))
    throw new FormatError(`${source.name}: format ${named}, wants ${allowed.join(", ")}`);
  const inBlocks = allowed.includes("conll");
  if (named !== undefined && !(named === "tsv" && inBlocks)) return named;
  const sample = await sampleOf(source);
  const first = sample.find((text) => text.trim() !== "") ?? "";
  if (allowed.includes("conllu") && sample.some(isWord)) return "conllu";
  // Of a table with sentences in its cells a row has tabs and spaces.
  const isRow = first.startsWith("{") || (first.includes("\t") && first.includes(" "));
  if (inBlocks && (hasBlocks(sample) || (named === undefined && !isRow))) return "conll";
  if (named !== undefined) return named;
  if (/^[{[]/.test(first)) return "jsonl";
  return first.includes("\t") || !first.includes(",") ? "tsv" : "csv";
}
