/** Columns as they are asked for. */
import { ConfigError } from "../../errors.js";
import { quoted } from "../../io/text-error.js";

/** What to find where: a number from 1, or a name in the header. */
export type Columns = Readonly<Record<string, string | number>>;

export interface ReadOptions {
  /** Which column (1-based number, or name in the header; in JSON lines a key) holds what, where the defaults do not tell. */
  readonly columns?: Columns;
}

/** `label=1,text=2` or `label=Category,text=Message`. @throws ConfigError for anything else */
export function parseColumns(text: string): Columns {
  const entries = text.split(",").map((part): [string, string | number] => {
    const [, role, value] = /^\s*(\w+)\s*=\s*(.*\S)\s*$/.exec(part) ?? [];
    if (role === undefined || value === undefined)
      throw new ConfigError(`columns: ${quoted(part)}, wants name=column, as in label=1,text=2 or label=Category,text=Message`);
    return [role, /^\d+$/.test(value) ? Number(value) : value];
  });
  const twice = entries.find(([role], i) => entries.findIndex(([other]) => other === role) < i);
  if (twice !== undefined) throw new ConfigError(`columns: ${twice[0]} comes twice, wants each once`);
  return Object.fromEntries(entries);
}
