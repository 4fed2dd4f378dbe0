/** Which column of a table holds what. */
import { ConfigError } from "../../errors.js";
import { quoted, TextFormatError } from "../../io/text-error.js";
import { checkOptions } from "../../options.js";
import type { Columns, ReadOptions } from "./parse-columns.js";
import { checkHeader, type Row } from "./table.js";

/** What a reader looks for in a table. */
export interface Roles {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Whether a table without header has the required ones as its first columns, and may then have more. */
  readonly inOrder: "never" | "alone" | "first";
}

const rolesOf = ({ required, optional }: Roles): string[] => [...required, ...optional];

/** The columns asked for. @throws ConfigError for an unknown option or role, and a column that is no number from 1 and no name */
export function checkReadOptions(where: string, options: ReadOptions, roles: Roles, others: readonly string[] = []): Columns {
  checkOptions(where, options, ["columns", ...others]);
  const columns = options.columns ?? {};
  checkOptions(`${where}: columns`, columns, rolesOf(roles));
  for (const [role, column] of Object.entries(columns)) {
    if (typeof column === "string" ? column !== "" : Number.isSafeInteger(column) && column >= 1) continue;
    throw new ConfigError(`${where}: columns.${role} ${JSON.stringify(column)}, wants a number from 1 or a name`);
  }
  return columns;
}

/** A table has a header when it is CSV, or when a column is asked for by name. */
export const hasHeader = (format: string, columns: Columns): boolean =>
  format === "csv" || Object.values(columns).some((column) => typeof column === "string");

/** The end of every message about columns: those that are there, by their header or by what the first row holds. */
export function seen({ fields, place }: Row, wanted: string): TextFormatError {
  const shown = fields.slice(0, 20).map((field, i) => `${i + 1} ${quoted(field)}`);
  const more = fields.length > 20 ? ", …" : "";
  const count = `${fields.length} column${fields.length === 1 ? "" : "s"}`;
  return new TextFormatError(place(0), `${count} (${shown.join(", ")}${more}), wants ${wanted}`);
}

/** Index of a column that was asked for. @throws FormatError when the table has none such */
export function findColumn(first: Row, isHeader: boolean, role: string, column: string | number): number {
  const index = typeof column === "number" ? column - 1 : isHeader ? first.fields.indexOf(column) : -1;
  if (index < 0 || index >= first.fields.length) throw seen(first, `${role} in column ${JSON.stringify(column)}`);
  return index;
}

/**
 * Index of each role's column: as asked for, else by its name in the header; of two columns one tells the other; else by order.
 * @param first the header, or the first row
 * @throws FormatError with the columns seen where they do not tell
 */
export function locateColumns(first: Row, isHeader: boolean, roles: Roles, columns: Columns): Map<string, number> {
  if (isHeader) checkHeader(first);
  const { fields } = first;
  const found = new Map<string, number>();
  for (const [role, column] of Object.entries(columns)) found.set(role, findColumn(first, isHeader, role, column));
  const names = fields.map((name) => name.trim().toLowerCase());
  if (isHeader) {
    for (const role of rolesOf(roles)) if (!found.has(role) && names.includes(role)) found.set(role, names.indexOf(role));
  } else if (found.size === 0 || roles.inOrder === "first") {
    const fits = roles.inOrder === "first" ? fields.length >= roles.required.length : fields.length === roles.required.length;
    if (roles.inOrder !== "never" && fits) for (const [i, role] of roles.required.entries()) if (!found.has(role)) found.set(role, i);
  }
  const missing = roles.required.filter((role) => !found.has(role));
  const free = fields.map((_, i) => i).filter((i) => ![...found.values()].includes(i));
  if (missing.length === 1 && free.length === 1 && fields.length > 1) found.set(missing[0]!, free[0]!);
  else if (missing.length > 0)
    throw seen(first, `to be told which hold what: columns ${roles.required.map((role) => `${role}=…`).join(",")}`);
  return found;
}
