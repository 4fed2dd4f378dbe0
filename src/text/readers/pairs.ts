/** Sources and their targets from tables and JSON lines. */
import type { TextPair } from "../examples.js";
import { checkReadOptions, type Roles } from "./columns.js";
import { formatOf } from "./format.js";
import type { ReadOptions } from "./parse-columns.js";
import { records, textOf, textsOf } from "./records.js";
import { atLeastOne, type Source } from "./source.js";

const ROLES: Roles = { required: ["source", "target"], optional: ["features"], inOrder: "first" };

export async function readPairs(source: Source, options: ReadOptions = {}): Promise<TextPair[]> {
  const columns = checkReadOptions("readPairs", options, ROLES);
  const pairs = new Map<string, { source: string; targets: string[]; features?: string }>();
  const format = (await formatOf(source, ["tsv", "csv", "jsonl"])) as "tsv" | "csv" | "jsonl";
  for await (const row of records(source, format, ROLES, columns)) {
    const features = row.get("features") === undefined ? {} : { features: textOf(row, "features", row.get("features"), true) };
    const pair = { source: textOf(row, "source", row.get("source"), true), targets: [] as string[], ...features };
    const key = JSON.stringify([pair.source, pair.features]);
    const targets = Array.isArray(row.get("target")) ? textsOf(row, "target", "") : [textOf(row, "target", row.get("target"), true)];
    const known = pairs.get(key) ?? pair;
    known.targets.push(...targets);
    pairs.set(key, known);
  }
  return [...atLeastOne(source, [...pairs.values()], "pair")];
}
