/**
 * Subwords by byte-pair encoding (Sennrich, Haddow and Birch 2016): neighbours that are often together become one symbol, in the order
 * that training found. No pair reaches over a word's end.
 */

/** Begins the first symbol of what stands behind white space or at the start of the text, and is none of its own. */
export const WORD_START = "\u2581";
/** Code points of a word that are merged together: longer ones are cut, for merging takes time by the square of the length. */
const LONGEST = 128;
/** Words whose symbols are remembered. */
const REMEMBERED = 20_000;

/** Letters, marks and digits. */
const WORDY = String.raw`\p{L}\p{M}\p{N}`;

/**
 * Letters, marks and digits make words, with ' and ’ inside, as do all other visible characters alone. Of strings that are put together, for V8
 * reads a literal's classes when it reads the module, and these take it 1.5 milliseconds.
 */
export const wordPattern = (): RegExp => new RegExp(`[${WORDY}]+(?:['\u2019][${WORDY}]+)*|[^\\s${WORDY}]`, "gu");

/** The words of a text, each as its first symbols: code points. */
export function wordSymbols(text: string): string[][] {
  const words: string[][] = [];
  for (const { 0: word, index } of text.matchAll(wordPattern())) {
    const symbols = [...word];
    // Nothing is before it, or white space.
    if (!text[index - 1]?.trim()) symbols[0] = WORD_START + symbols[0]!;
    for (let at = 0; at < symbols.length; at += LONGEST) words.push(symbols.slice(at, at + LONGEST));
  }
  return words;
}

/** How merges are written: two symbols, which hold no white space, with a space between. */
export const mergeName = (left: string, right: string): string => `${left} ${right}`;

/** The pair that was learned first is merged first, the leftmost of equals. */
function merged(symbols: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  const left = [...symbols];
  for (;;) {
    let [best, at] = [Number.POSITIVE_INFINITY, -1];
    for (let i = 0; i + 1 < left.length; i++) {
      const rank = ranks.get(mergeName(left[i]!, left[i + 1]!));
      if (rank !== undefined && rank < best) [best, at] = [rank, i];
    }
    if (at < 0) return left;
    left.splice(at, 2, left[at]! + left[at + 1]!);
  }
}

/** @param merges in the order in which they were learned @returns what cuts a text into subwords */
export function subwordSplitter(merges: readonly string[]): (text: string) => string[] {
  const ranks = new Map(merges.map((merge, rank) => [merge, rank]));
  const known = new Map<string, readonly string[]>();
  const split = (symbols: readonly string[]): readonly string[] => {
    const word = symbols.join("");
    const found = known.get(word) ?? merged(symbols, ranks);
    if (known.size >= REMEMBERED) known.clear();
    known.set(word, found);
    return found;
  };
  return (text) => wordSymbols(text).flatMap(split);
}
