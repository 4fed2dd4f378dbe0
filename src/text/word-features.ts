/** What a word's letters say of it: its form without case and digits, its beginnings and ends, its shape. */

/** Features of every word, one a slot: beginnings and ends of up to four letters, the shape, and its runs. */
export const AFFIX_SLOTS = 10;
const LONGEST_AFFIX = 4;
const LONGEST_SHAPE = 12;
/** Letters of a long word that are read: as many from either end. */
const LONGEST_HALF = 12;
/** Of a word of more code units the middle is not looked at. */
const LONG = 1024;

/** NFC; what is half a character counts as U+FFFD, for a file could not hold it. */
const wellFormed = (word: string): string => word.toWellFormed().normalize("NFC");

/** The form by which words are counted: NFC, lower case, every digit a 0. */
export const plainForm = (word: string): string =>
  wellFormed(word)
    .toLowerCase()
    .replace(/\p{Nd}/gu, "0");

/** Code points of a word, NFC; of a long one the first and last 12. */
export function charactersOf(word: string): string[] {
  const characters = Array.from(wellFormed(word.length > LONG ? word.slice(0, LONG / 2) + word.slice(-LONG / 2) : word));
  return characters.length <= 2 * LONGEST_HALF ? characters : [...characters.slice(0, LONGEST_HALF), ...characters.slice(-LONGEST_HALF)];
}

/** X for capitals, x for other letters, 0 for digits, marks are left out, everything else as it is. */
const shapeOf = (word: string): string =>
  word
    .replace(/\p{M}/gu, "")
    .replace(/[^\P{L}\p{Lu}\p{Lt}]/gu, "x")
    .replace(/[\p{Lu}\p{Lt}]/gu, "X")
    .replace(/\p{N}/gu, "0");

/**
 * Names of a word's features, AFFIX_SLOTS of them; "" where a word has no such (it is shorter than the affix). A feature's name starts
 * with its slot, so that names of different slots differ.
 */
export function affixesOf(word: string): string[] {
  const characters = charactersOf(word);
  const plain = Array.from(plainForm(characters.join("")));
  const names: string[] = [];
  for (let n = 1; n <= LONGEST_AFFIX; n++) names.push(n <= plain.length ? `<${plain.slice(0, n).join("")}` : "");
  for (let n = 1; n <= LONGEST_AFFIX; n++) names.push(n <= plain.length ? `>${plain.slice(-n).join("")}` : "");
  const shape = shapeOf(characters.join(""));
  names.push(`=${shape.slice(0, LONGEST_SHAPE)}`, `~${shape.replace(/(.)\1+/gsu, "$1").slice(0, LONGEST_SHAPE)}`);
  return names;
}
