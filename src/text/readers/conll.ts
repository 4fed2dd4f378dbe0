/** Sentences that stand in blocks, a token a line: CoNLL-U, and the older column formats. */
import { type Line, lines, type Source } from "../../io/lines.js";
import { quoted, TextFormatError } from "../../io/text-error.js";
import type { Row } from "./table.js";

/** https://universaldependencies.org/format.html */
export const CONLLU_COLUMNS = ["ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"] as const;

/** Fields between tabs or, in a line without one, between white space. */
function rowOf({ text, place }: Line): Row {
  const tabs = text.includes("\t");
  const fields = tabs ? text.split("\t") : text.trim().split(/\s+/);
  const column = (i: number): number => {
    let at = 0;
    for (const field of fields.slice(0, i)) at = text.indexOf(field, at) + field.length + 1;
    return (fields[i] === undefined ? at - 1 : text.indexOf(fields[i]!, at)) + 1;
  };
  return { fields, place: (i) => ({ ...place, column: column(i) }) };
}

/** @returns the word's row; undefined for a multiword token (1-2) and an empty node (1.1), which are no words */
function wordOf(row: Row): Row | undefined {
  const { fields, place } = row;
  if (fields.length !== CONLLU_COLUMNS.length)
    throw new TextFormatError(place(0), `${fields.length} columns, wants ${CONLLU_COLUMNS.length} between tabs`);
  if (/^\d+[-.]\d+$/.test(fields[0]!)) return undefined;
  if (!/^[1-9]\d*$/.test(fields[0]!))
    throw new TextFormatError(place(0), `ID ${quoted(fields[0]!)}, wants a number from 1, a range or a decimal`);
  return row;
}

/**
 * Blocks between empty lines. Of CoNLL-U the comments, multiword tokens and empty nodes are left out; of the others the lines
 * `-DOCSTART-`, which mark documents.
 * @throws FormatError for a line with other columns than the first
 */
export async function* conllSentences(source: Source, format: "conll" | "conllu"): AsyncGenerator<readonly Row[]> {
  let sentence: Row[] = [];
  let first: Row | undefined;
  for await (const line of lines(source)) {
    if (line.text.trim() === "" || /^-DOCSTART-(\s|$)/.test(line.text)) {
      if (sentence.length > 0) yield sentence;
      sentence = [];
      continue;
    }
    if (format === "conllu" && line.text.startsWith("#")) continue;
    const row = format === "conllu" ? wordOf(rowOf(line)) : rowOf(line);
    if (row === undefined) continue;
    first ??= row;
    const [found, wanted] = [row.fields.length, first.fields.length];
    if (found !== wanted)
      throw new TextFormatError(row.place(Math.min(found, wanted)), `${found} columns, wants ${wanted} as in line ${first.place(0).line}`);
    sentence.push(row);
  }
  if (sentence.length > 0) yield sentence;
}
