/** Tagged tokens from CoNLL-U, column formats, tables and JSON lines. */
import { quoted, TextFormatError } from "../../io/text-error.js";
import type { TaggedTokens } from "../examples.js";
import { checkReadOptions, findColumn, type Roles, seen } from "./columns.js";
import { CONLLU_COLUMNS, conllSentences } from "./conll.js";
import { formatOf } from "./format.js";
import type { Columns, ReadOptions } from "./parse-columns.js";
import { records, textOf, textsOf } from "./records.js";
import { atLeastOne, type Source } from "./source.js";
import type { Row } from "./table.js";

const ROLES: Roles = { required: ["tokens", "tags"], optional: ["label"], inOrder: "never" };

/** What is wrong with a tag, if anything: an entity's first letter wants a type behind it. */
function faultOf(tag: string): string | undefined {
  if (tag === "") return `tag ${quoted(tag)}, wants a tag`;
  return /^[BIESLUM]-$/.test(tag) ? `tag ${quoted(tag)}, wants a type behind it` : undefined;
}

/** Columns of tokens and tags: FORM and UPOS, or the first and the last. */
function locate(first: Row, format: "conll" | "conllu", columns: Columns): { tokens: number; tags: number } {
  const { fields } = first;
  if (fields.length < 2) throw seen(first, "at least a token and a tag");
  const header: Row = { fields: CONLLU_COLUMNS, place: first.place };
  const named = format === "conllu";
  const find = (role: string, otherwise: number) =>
    columns[role] === undefined ? otherwise : findColumn(named ? header : first, named, role, columns[role]);
  return { tokens: find("tokens", named ? 1 : 0), tags: find("tags", named ? 3 : fields.length - 1) };
}

async function* fromBlocks(source: Source, format: "conll" | "conllu", columns: Columns): AsyncGenerator<TaggedTokens> {
  let at: { tokens: number; tags: number } | undefined;
  for await (const rows of conllSentences(source, format)) {
    at ??= locate(rows[0]!, format, columns);
    const sentence = { tokens: [] as string[], tags: [] as string[] };
    for (const { fields, place } of rows) {
      const [token, tag] = [fields[at.tokens]!, fields[at.tags]!.trim()];
      if (token === "") throw new TextFormatError(place(at.tokens), "an empty token, wants a text");
      const fault = format === "conllu" && tag === "_" ? "no tag, wants one" : faultOf(tag);
      if (fault !== undefined) throw new TextFormatError(place(at.tags), fault);
      sentence.tokens.push(token);
      sentence.tags.push(tag);
    }
    yield sentence;
  }
}

async function* fromRows(source: Source, format: "tsv" | "csv" | "jsonl", columns: Columns): AsyncGenerator<TaggedTokens> {
  for await (const row of records(source, format, ROLES, columns)) {
    const tokens = textsOf(row, "tokens", " ");
    const tags = textsOf(row, "tags", " ");
    if (tokens.length === 0) row.fail("tokens", "no token, wants at least one");
    if (tags.length !== tokens.length) row.fail("tags", `${tags.length} tags, wants ${tokens.length}, one a token`);
    const fault = tags.map(faultOf).find((found) => found !== undefined);
    if (fault !== undefined) row.fail("tags", fault);
    yield { tokens, tags, ...(row.get("label") === undefined ? {} : { label: textOf(row, "label") }) };
  }
}

export async function readTaggedTokens(source: Source, options: ReadOptions = {}): Promise<TaggedTokens[]> {
  const columns = checkReadOptions("readTaggedTokens", options, ROLES);
  const format = await formatOf(source, ["conllu", "conll", "tsv", "csv", "jsonl"]);
  const sentences: TaggedTokens[] = [];
  const read = format === "conll" || format === "conllu" ? fromBlocks(source, format, columns) : fromRows(source, format, columns);
  for await (const sentence of read) sentences.push(sentence);
  return [...atLeastOne(source, sentences, "sentence")];
}
