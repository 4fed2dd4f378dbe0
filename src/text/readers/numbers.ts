/** Sequences of numbers from tables and JSON lines. */
import { parseDecimal } from "../../io/decimal.js";
import type { JsonValue } from "../../io/json.js";
import { brief, quoted, TextFormatError } from "../../io/text-error.js";
import type { NumberSequence } from "../examples.js";
import { checkReadOptions, findColumn, type Roles, seen } from "./columns.js";
import { formatOf } from "./format.js";
import { type JsonLine, jsonLines } from "./jsonl.js";
import type { Columns, ReadOptions } from "./parse-columns.js";
import { atLeastOne, type Source } from "./source.js";
import { checkHeader, type Row, type TableFormat, tableRows } from "./table.js";

const ROLES: Roles = { required: ["values"], optional: ["target", "sequence"], inOrder: "never" };
/** Several columns: 2-5 or 1+3-4. */
const NUMBERED = /^\d+(?:-\d+)?(?:\+\d+(?:-\d+)?)*$/;

interface Layout {
  readonly values: readonly number[];
  readonly target: number | undefined;
  readonly sequence: number | undefined;
}

/** Columns of the values, of one header name or number, or several. */
function findValues(first: Row, isHeader: boolean, column: string | number): number[] {
  if (typeof column === "number" || (isHeader && first.fields.includes(column))) return [findColumn(first, isHeader, "values", column)];
  return column.split("+").flatMap((part) => {
    if (!NUMBERED.test(part)) return [findColumn(first, isHeader, "values", part)];
    const [from, to] = part.split("-").map(Number) as [number, number?];
    const count = Math.max(1, (to ?? from) - from + 1);
    return Array.from({ length: Math.min(count, first.fields.length + 1) }, (_, i) => findColumn(first, isHeader, "values", from + i));
  });
}

function layoutOf(first: Row, isHeader: boolean, columns: Columns): Layout {
  if (isHeader) checkHeader(first);
  const names = first.fields.map((name) => name.trim().toLowerCase());
  const find = (role: string): number | undefined => {
    if (columns[role] !== undefined) return findColumn(first, isHeader, role, columns[role]);
    return isHeader && names.includes(role) ? names.indexOf(role) : undefined;
  };
  const [target, sequence] = [find("target"), find("sequence")];
  const others = names.map((_, i) => i).filter((i) => i !== target && i !== sequence);
  const values = columns.values === undefined ? others : findValues(first, isHeader, columns.values);
  if (values.length === 0) throw seen(first, "at least one of values");
  return { values, target, sequence };
}

function numberAt(row: Row, i: number): number {
  const value = parseDecimal(row.fields[i]!.trim());
  if (Number.isNaN(value))
    throw new TextFormatError(row.place(i), `${quoted(row.fields[i]!)}, wants a number (columns values=… chooses which are read)`);
  return value;
}

/** Rows of one sequence that come together. */
interface Gathered {
  readonly values: number[][];
  readonly target?: string;
}

async function fromTable(source: Source, format: TableFormat, columns: Columns): Promise<NumberSequence[]> {
  const isHeader = format === "csv" || Object.values(columns).some((column) => typeof column === "string" && !NUMBERED.test(column));
  const gathered = new Map<string | number, Gathered>();
  let layout: Layout | undefined;
  let count = 0;
  for await (const row of tableRows(source, format)) {
    if (layout === undefined) {
      layout = layoutOf(row, isHeader, columns);
      if (isHeader) continue;
    }
    const { target, sequence } = layout;
    const numbers = layout.values.map((i) => numberAt(row, i));
    // A row with a target of its own is a sequence; rows without one follow each other in time.
    const rowAlone = target !== undefined && sequence === undefined;
    const key = sequence === undefined ? (rowAlone ? count++ : 0) : row.fields[sequence]!;
    const own = target === undefined ? {} : { target: row.fields[target]!.trim() };
    const known = gathered.get(key) ?? { values: [], ...own };
    if (target !== undefined && known.target !== own.target)
      throw new TextFormatError(
        row.place(target),
        `target ${quoted(own.target!)}, wants ${quoted(known.target!)} as in the sequence's first row`,
      );
    if (target !== undefined && own.target === "")
      throw new TextFormatError(row.place(target), "an empty target, wants a class or a number");
    known.values.push(...(rowAlone ? numbers.map((number) => [number]) : [numbers]));
    gathered.set(key, known);
  }
  const sequences = [...gathered.values()];
  const isNumeric = sequences.every(({ target }) => !Number.isNaN(parseDecimal(target ?? "")));
  return sequences.map(({ values, target }) =>
    target === undefined ? { values } : { values, target: isNumeric ? Number(target) : target },
  );
}

const isNumbers = (value: JsonValue | undefined): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

function valuesOf(line: JsonLine, value: JsonValue | undefined): number[][] {
  const steps = Array.isArray(value) ? value.map((step) => (typeof step === "number" ? [step] : step)) : [];
  const bad = steps.findIndex((step) => !isNumbers(step) || step.length === 0 || step.length !== (steps[0] as number[]).length);
  if (steps.length === 0 || bad >= 0) {
    const found = steps.length === 0 ? "no list of steps" : `step ${bad + 1} ${brief(JSON.stringify(steps[bad]))}`;
    throw new TextFormatError(line.place, `values: ${found}, wants numbers, or lists of equally many numbers`);
  }
  return steps as number[][];
}

async function fromJsonLines(source: Source, columns: Columns): Promise<NumberSequence[]> {
  const sequences: NumberSequence[] = [];
  for await (const line of jsonLines(source)) {
    const object = line.value instanceof Map ? line.value : new Map([["values", line.value]]);
    const values = valuesOf(line, object.get(String(columns.values ?? "values")));
    const target = object.get(String(columns.target ?? "target"));
    const features = sequences[0]?.values[0]?.length ?? values[0]!.length;
    if (values[0]!.length !== features)
      throw new TextFormatError(line.place, `${values[0]!.length} numbers a step, wants ${features} as before`);
    if (target === undefined) sequences.push({ values });
    else if (typeof target === "number" || typeof target === "string" || isNumbers(target)) sequences.push({ values, target });
    else throw new TextFormatError(line.place, `target ${brief(JSON.stringify(target))}, wants a class, a number or a list of numbers`);
  }
  return sequences;
}

export async function readNumberSequences(source: Source, options: ReadOptions = {}): Promise<NumberSequence[]> {
  const columns = checkReadOptions("readNumberSequences", options, ROLES);
  const format = await formatOf(source, ["tsv", "csv", "jsonl"]);
  const sequences = format === "jsonl" ? await fromJsonLines(source, columns) : await fromTable(source, format as TableFormat, columns);
  return [...atLeastOne(source, sequences, "sequence of numbers")];
}
