/** Vocabularies as files: a JSON object of token to id. */
import { ConfigError } from "../errors.js";
import { parseJsonText } from "../io/json-text.js";
import { brief, quoted, TextFormatError } from "../io/text-error.js";
import { Vocabulary } from "./vocabulary.js";

const SPECIAL = ["<pad>", "<unk>"] as const;
/** How others write them. */
const SPELLINGS = [/^[<[]?pad[>\]]?$/i, /^[<[]?unk(?:nown)?[>\]]?$/i] as const;

/**
 * Ids of all tokens.
 * @param file for messages
 * @throws FormatError unless the text is a JSON object whose n tokens have the ids 0 … n - 1, each once
 */
export function readTokenIds(file: string, text: string): ReadonlyMap<string, number> {
  const start = { file, line: 1, column: 1 };
  const value = parseJsonText(start, text);
  if (!(value instanceof Map)) throw new TextFormatError(start, "JSON of no object, wants an object of token to id");
  const owners = new Map<number, string>();
  for (const [token, id] of value) {
    if (!(Number.isSafeInteger(id) && (id as number) >= 0 && (id as number) < value.size)) {
      const shown = id instanceof Map ? "an object" : brief(JSON.stringify(id));
      throw new TextFormatError(start, `token ${quoted(token)} has id ${shown}, wants one of 0 to ${value.size - 1}`);
    }
    const other = owners.get(id as number);
    if (other !== undefined)
      throw new TextFormatError(start, `tokens ${quoted(other)} and ${quoted(token)} have id ${id}, wants each id once`);
    owners.set(id as number, token);
  }
  return value as Map<string, number>;
}

/**
 * @throws FormatError as readTokenIds, and unless id 0 is padding (`<pad>`) and id 1 what was never seen (`<unk>`)
 */
export function readVocabulary(file: string, text: string): Vocabulary {
  const ids = readTokenIds(file, text);
  const tokens: string[] = [];
  for (const [token, id] of ids) tokens[id] = token;
  for (const [id, spelling] of SPELLINGS.entries()) {
    if (spelling.test(tokens[id] ?? "")) continue;
    const found = tokens[id] === undefined ? "missing" : quoted(tokens[id]!);
    throw new TextFormatError({ file, line: 1, column: 1 }, `id ${id} is ${found}, wants ${SPECIAL[id]}`);
  }
  return Vocabulary.fromJSON(tokens.slice(SPECIAL.length));
}

/** What readVocabulary reads. @throws ConfigError when a token is called as padding or the unknown are */
export function writeVocabulary({ tokens }: Vocabulary): string {
  const special = tokens.find((token) => SPECIAL.includes(token as (typeof SPECIAL)[number]));
  if (special !== undefined) throw new ConfigError(`writeVocabulary: token ${special}, wants a vocabulary without it`);
  return `{${[...SPECIAL, ...tokens].map((token, id) => `${JSON.stringify(token)}:${id}`).join(",")}}`;
}
