/** What metrics of texts against their references share. */
import { ConfigError } from "../errors.js";

/** One output to all references that belong to it. @throws ConfigError unless there is a list of at least one for each output */
export function checkReferences(where: string, outputs: readonly string[], references: readonly (readonly string[])[]): void {
  if (outputs.length !== references.length)
    throw new ConfigError(`${where}: ${references.length} lists of references, wants ${outputs.length}, one for each output`);
  const bare = references.findIndex((list) => list.length === 0);
  if (bare >= 0) throw new ConfigError(`${where}: output ${bare} has no reference, wants at least 1`);
}

/** How sacrebleu's signatures begin: the number of references that every output has. */
export function referencesPart(references: readonly (readonly string[])[]): string {
  const counts = new Set(references.map(({ length }) => length));
  return `nrefs:${counts.size === 1 ? [...counts][0] : "var"}|case:mixed`;
}

/** How often each run of n parts comes, by the parts with a separator between. */
export function countNgrams(parts: readonly string[], n: number, separator: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= parts.length; i++) {
    const gram = parts.slice(i, i + n).join(separator);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}
