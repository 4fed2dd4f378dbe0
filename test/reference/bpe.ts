/** Byte-pair encoding as it is told: everything is counted anew before each merge. */

type Word = { symbols: string[]; count: number };

function join(symbols: readonly string[], left: string, right: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) out.push(left + symbols[++i]!);
    else out.push(symbols[i]!);
  }
  return out;
}

/** @param words first symbols of every word of the texts, repeated as they come */
export function learnMergesNaively(words: readonly string[][], vocabularySize: number): string[] {
  const known = new Map<string, Word>();
  for (const symbols of words) {
    const key = symbols.join(" ");
    known.set(key, { symbols, count: (known.get(key)?.count ?? 0) + 1 });
  }
  const names = new Set(words.flat());
  const merges: string[] = [];
  while (names.size < vocabularySize) {
    const counts = new Map<string, { pair: [string, string]; count: number }>();
    for (const { symbols, count } of known.values()) {
      for (let i = 0; i + 1 < symbols.length; i++) {
        const pair: [string, string] = [symbols[i]!, symbols[i + 1]!];
        const entry = counts.get(pair.join(" ")) ?? { pair, count: 0 };
        entry.count += count;
        counts.set(pair.join(" "), entry);
      }
    }
    const ordered = [...counts.values()].sort((a, b) => b.count - a.count || compare(a.pair, b.pair));
    const [best] = ordered;
    if (best === undefined || best.count < 2) break;
    const [left, right] = best.pair;
    merges.push(`${left} ${right}`);
    names.add(left + right);
    for (const word of known.values()) word.symbols = join(word.symbols, left, right);
  }
  return merges;
}

function compare([a, b]: [string, string], [c, d]: [string, string]): number {
  if (a !== c) return a < c ? -1 : 1;
  return b === d ? 0 : b < d ? -1 : 1;
}
