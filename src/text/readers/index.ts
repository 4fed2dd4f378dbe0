/**
 * Readers of data: each takes a source, tells its format and gives the examples of a task. They are loaded when one is first called: a page
 * that reads no data does without them.
 */

export type { LabelledTextOptions } from "./labelled.js";
export { type Columns, parseColumns, type ReadOptions } from "./parse-columns.js";
export { type Source, sourceOf } from "./source.js";

type Readers = typeof import("./all.js");
const readers = () => import("./all.js");

/**
 * Reads TSV (`label<TAB>text`), CSV with a header or JSON lines, plain or gzip. Columns go by the names `label` and `text`, or by
 * `columns`; in JSON lines a label that is a list makes a text of several labels.
 * @throws FormatError with file, line and column; ConfigError on a bad option
 */
export const readLabelledTexts: Readers["readLabelledTexts"] = async (...given) => (await readers()).readLabelledTexts(...given);

/**
 * Reads CoNLL-U (FORM, UPOS), blocks of lines with a token first and its tag last, or rows of a table or JSON lines with the sentence's
 * `tokens` and `tags` (lists, or texts with spaces between), and its `label` if there is one; plain or gzip. `columns` chooses others:
 * `{ tags: "XPOS" }` of CoNLL-U, `{ tokens: 2, tags: 3 }` of a table.
 * @throws FormatError with file, line and column; ConfigError on a bad option
 */
export const readTaggedTokens: Readers["readTaggedTokens"] = async (...given) => (await readers()).readTaggedTokens(...given);

/**
 * Reads a table (TSV, CSV with a header) or JSON lines, plain or gzip.
 *
 * A table without more is one sequence, a row a time step, every column a number. With a column `sequence` rows of one name in it make one
 * sequence; with `target` (a class or a number, the same in all rows of a sequence) each sequence has one, and where there is no
 * `sequence` each row is one, its columns the time steps. `columns` names them, `values` as one column or several: `2-5`, `open+close`.
 * JSON lines hold `{"values": [[1, 2], …], "target": …}` or the values alone; numbers in place of lists are steps of one feature.
 * @throws FormatError with file, line and column; ConfigError on a bad option
 */
export const readNumberSequences: Readers["readNumberSequences"] = async (...given) => (await readers()).readNumberSequences(...given);

/**
 * Reads TSV (`source<TAB>target`, further columns ignored unless `columns` names one as `features`), CSV with a header or JSON lines, plain
 * or gzip. Rows of one source (and one features) become one pair with all their targets, at the place of the first.
 * @throws FormatError with file, line and column; ConfigError on a bad option
 */
export const readPairs: Readers["readPairs"] = async (...given) => (await readers()).readPairs(...given);

/**
 * The whole text, its lines ended by LF however the file ends them; plain or gzip. It may be empty.
 * @throws FormatError with file, line and column where it is not UTF-8
 */
export const readPlainText: Readers["readPlainText"] = async (...given) => (await readers()).readPlainText(...given);
