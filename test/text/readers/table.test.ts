import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { sourceOf } from "../../../src/text/readers/source.js";
import { tableRows } from "../../../src/text/readers/table.js";
import { allOf, piecesOf } from "./sources.js";

/** Another reader of RFC 4180, to compare with. */
const csvParse = createRequire(import.meta.url)("csv-parse/sync") as { parse(text: string, options: object): string[][] };
const reference = (text: string) => csvParse.parse(text, { skip_empty_lines: true, bom: true, record_delimiter: ["\n", "\r\n"] });

const rowsOf = async (text: string, format: "tsv" | "csv" = "csv", size = 64) =>
  (await allOf(tableRows(piecesOf(`t.${format}`, text, size), format))).map(({ fields }) => fields);

describe("CSV", () => {
  test("quotes, newlines and commas in quotes, empty fields, CR LF", async () => {
    expect(await rowsOf('a,b\n"x, ""y""\nz",\n,""\n\n"1\r\n2",3\r\n')).toEqual([
      ["a", "b"],
      ['x, "y"\nz', ""],
      ["", ""],
      ["1\r\n2", "3"],
    ]);
    expect(await rowsOf('"a"')).toEqual([["a"]]);
    expect(await rowsOf("a,")).toEqual([["a", ""]]);
  });

  test("any table that is written as RFC 4180 says is read back, as csv-parse reads it", async () => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r\n", " ", "é", "\t"), maxLength: 6 });
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { maxLength: 6 }));
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom("\n", "\r\n"), fc.integer({ min: 1, max: 20 }), async (rows, end, size) => {
        const cell = (text: string) => (/[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text);
        const text = rows.map((row) => row.map(cell).join(",")).join(end);
        const read = await rowsOf(text, "csv", size);
        expect(read).toEqual(rows);
        expect(read).toEqual(reference(text));
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test("of random characters it accepts what csv-parse accepts, and reads the same", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "b", '"'), maxLength: 14 });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(text, async (sample) => {
        let wanted: string[][] | undefined;
        try {
          wanted = reference(sample);
        } catch {}
        const found = await rowsOf(sample).catch((error: unknown) => {
          expect(error).toBeInstanceOf(FormatError);
          return undefined;
        });
        if (wanted !== undefined) accepted++;
        expect(found).toEqual(wanted);
      }),
      { seed: 9, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  test.each([
    ['a,b\n"abc,x\ny', 2, 1, /a quote that is never closed/],
    ['a,b\n"x"y,2', 2, 4, /"y,2" behind a closing quote/],
    ['a,b\n1,x"y', 2, 4, /a quote inside a field/],
    ["a,b\n1,2\n3", 3, 1, /1 fields, wants 2 as in line 1/],
    ['a,b\n"1\n2",3,4', 3, 6, /3 fields, wants 2/],
    ["\n\na,b\n1", 4, 1, /wants 2 as in line 3/],
  ])("%j is refused at line %i, column %i", async (text, line, column, message) => {
    await expect(rowsOf(text)).rejects.toMatchObject({ file: "t.csv", line, column, message: expect.stringMatching(message) });
  });
});

describe("TSV", () => {
  test("nothing is quoted, and empty lines are passed over", async () => {
    expect(await rowsOf('"a\tb"\n\n c\t\r\n', "tsv")).toEqual([
      ['"a', 'b"'],
      [" c", ""],
    ]);
    await expect(rowsOf("a\tb\nc\td\te", "tsv")).rejects.toMatchObject({ line: 2, column: 5 });
    await expect(rowsOf("a\tb\nc", "tsv")).rejects.toMatchObject({ line: 2, column: 3 });
    expect((await allOf(tableRows(sourceOf("x", "ab\tc\td"), "tsv")))[0]!.place(2)).toEqual({ file: "x", line: 1, column: 6 });
  });
});
