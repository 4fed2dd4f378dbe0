/** Rows of any table format, their cells by role. */
import { ConfigError } from "../../errors.js";
import type { JsonValue } from "../../io/json.js";
import type { Source } from "../../io/lines.js";
import { TextFormatError } from "../../io/text-error.js";
import { hasHeader, locateColumns, type Roles } from "./columns.js";
import { jsonLines, objectOf } from "./jsonl.js";
import type { Columns } from "./parse-columns.js";
import { tableRows } from "./table.js";

export interface Cells {
  /** The cell of a role, undefined when there is none; from a table a string. */
  get(role: string): JsonValue | undefined;
  /** @throws FormatError at the role's cell */
  fail(role: string, message: string): never;
}

/** Roles of which JSON lines may hold several values go under their plural too. */
const PLURALS: Readonly<Record<string, string>> = { label: "labels", target: "targets" };

async function* tableRecords(source: Source, format: "tsv" | "csv", roles: Roles, columns: Columns): AsyncGenerator<Cells> {
  const isHeader = hasHeader(format, columns);
  let located: Map<string, number> | undefined;
  for await (const row of tableRows(source, format)) {
    if (located === undefined) {
      located = locateColumns(row, isHeader, roles, columns);
      if (isHeader) continue;
    }
    const at = located;
    yield {
      get: (role) => (at.has(role) ? row.fields[at.get(role)!] : undefined),
      fail: (role, message) => {
        throw new TextFormatError(row.place(at.get(role) ?? 0), message);
      },
    };
  }
}

async function* jsonRecords(source: Source, roles: Roles, columns: Columns): AsyncGenerator<Cells> {
  const numbered = Object.entries(columns).find(([, column]) => typeof column === "number");
  if (numbered !== undefined)
    throw new ConfigError(`${source.name}: columns ${numbered.join("=")}, wants the key of an object for JSON lines`);
  for await (const line of jsonLines(source)) {
    const object = objectOf(line);
    const keyOf = (role: string) => {
      if (columns[role] !== undefined) return String(columns[role]);
      return object.has(role) ? role : (PLURALS[role] ?? role);
    };
    const fail = (role: string, message: string): never => {
      const column = Math.max(0, line.text.indexOf(JSON.stringify(keyOf(role)))) + 1;
      throw new TextFormatError({ ...line.place, column }, message);
    };
    const missing = roles.required.find((role) => !object.has(keyOf(role)));
    if (missing !== undefined) {
      const keys = [...object.keys()].slice(0, 20).map((key) => JSON.stringify(key));
      fail(missing, `keys ${keys.join(", ") || "none"}, wants ${JSON.stringify(keyOf(missing))} (or columns ${missing}=…)`);
    }
    yield { get: (role) => object.get(keyOf(role)), fail };
  }
}

/** @throws FormatError for a row that is none, and where the columns cannot be told */
export function records(source: Source, format: "tsv" | "csv" | "jsonl", roles: Roles, columns: Columns): AsyncGenerator<Cells> {
  return format === "jsonl" ? jsonRecords(source, roles, columns) : tableRecords(source, format, roles, columns);
}

/** A text, or a number or truth value as text. @throws FormatError for another cell, or an empty one unless `mayBeEmpty` */
export function textOf(row: Cells, role: string, value = row.get(role), mayBeEmpty = false): string {
  if (typeof value === "string" ? value !== "" || mayBeEmpty : typeof value === "number" || typeof value === "boolean")
    return String(value);
  const found = value === "" ? "empty" : Array.isArray(value) ? "a list" : value instanceof Map ? "an object" : String(value);
  return row.fail(role, `${role} is ${found}, wants a text`);
}

/** The texts of a list, or of one text cut at `separator`; nothing stands for none. */
export function textsOf(row: Cells, role: string, separator: string): string[] {
  const value = row.get(role);
  if (Array.isArray(value)) return value.map((item) => textOf(row, role, item));
  const text = textOf(row, role, value, true);
  const parts = separator === " " ? text.split(/ +/) : text.split(separator).map((part) => part.trim());
  return parts.filter((part) => part !== "");
}
