/** Labelled texts from tables and JSON lines. */
import { ConfigError } from "../../errors.js";
import type { LabelledText } from "../examples.js";
import { checkReadOptions, type Roles } from "./columns.js";
import { formatOf } from "./format.js";
import type { ReadOptions } from "./parse-columns.js";
import { records, textOf, textsOf } from "./records.js";
import { atLeastOne, type Source } from "./source.js";

export interface LabelledTextOptions extends ReadOptions {
  /** A text may have several labels, or none, and this stands between them (`|`, say). Default: one label a text. */
  readonly multiLabel?: string;
}

const ROLES: Roles = { required: ["label", "text"], optional: [], inOrder: "alone" };

export async function readLabelledTexts(source: Source, options: LabelledTextOptions = {}): Promise<LabelledText[]> {
  const where = "readLabelledTexts";
  const columns = checkReadOptions(where, options, ROLES, ["multiLabel"]);
  const { multiLabel } = options;
  if (multiLabel !== undefined && (typeof multiLabel !== "string" || multiLabel === ""))
    throw new ConfigError(`${where}: multiLabel ${JSON.stringify(multiLabel)}, wants what stands between labels`);
  const examples: LabelledText[] = [];
  const format = (await formatOf(source, ["tsv", "csv", "jsonl"])) as "tsv" | "csv" | "jsonl";
  for await (const row of records(source, format, ROLES, columns)) {
    const several = multiLabel !== undefined || Array.isArray(row.get("label"));
    const label = several ? [...new Set(textsOf(row, "label", multiLabel ?? ""))] : textOf(row, "label");
    examples.push({ label, text: textOf(row, "text", row.get("text"), true) });
  }
  return [...atLeastOne(source, examples, "labelled text")];
}
