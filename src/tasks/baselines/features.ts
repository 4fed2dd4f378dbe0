/** What naive Bayes reads of a text, and how much of large data. */
import { createTokenizer } from "../../text/tokenizer.js";

/** Characters of a text that are read, and of all texts together: what keeps a baseline to seconds. */
const OF_ONE = 2000;
const OF_ALL = 3_000_000;

/** Evenly spaced examples that hold no more characters than are read of all. */
export function readable<T extends { readonly text: string }>(examples: readonly T[]): readonly T[] {
  const characters = examples.reduce((sum, { text }) => sum + Math.min(text.length, OF_ONE), 0);
  const step = Math.ceil(characters / OF_ALL);
  return step <= 1 ? examples : examples.filter((_, i) => i % step === 0);
}

/** Words without case, and pairs of neighbours, each once. */
export function wordFeatures(): (text: string) => string[] {
  const tokenizer = createTokenizer({ type: "words", lowercase: true });
  return (text) => {
    const words = tokenizer.encode(text.slice(0, OF_ONE));
    return [...new Set([...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)])];
  };
}

const [SHORTEST, LONGEST] = [2, 5];

/** Runs of two to five characters without case, of the text between two spaces, each once. */
export function characterFeatures(text: string): string[] {
  const padded = ` ${text.slice(0, OF_ONE).normalize("NFC").toLowerCase()} `;
  const runs = new Set<string>();
  for (let n = SHORTEST; n <= LONGEST; n++) for (let i = 0; i + n <= padded.length; i++) runs.add(padded.slice(i, i + n));
  return [...runs];
}
