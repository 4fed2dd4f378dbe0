/** What a classifier is made of where nobody says: from the size and the shape of the training data. */
import { createTokenizer } from "../text/tokenizer.js";

/** What the choices go by. */
export interface TextShape {
  readonly texts: number;
  /** Means a text. */
  readonly words: number;
  readonly characters: number;
  /** Share of the words that come once: by Good and Turing the chance that the next word is a new one. */
  readonly newWords: number;
}

/** Above this chance a network reads characters: it would know too few words. */
const MANY_NEW_WORDS = 0.12;
/** All n-grams of the training texts that a bag may hold. */
const MAX_NGRAMS = 40_000_000;

export function shapeOf(texts: readonly string[]): TextShape {
  const tokenizer = createTokenizer({ type: "words", lowercase: true });
  const counts = new Map<string, number>();
  let [words, characters] = [0, 0];
  for (const text of texts) {
    const own = tokenizer.encode(text);
    words += own.length;
    characters += text.length;
    for (const word of own) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  let once = 0;
  for (const count of counts.values()) if (count === 1) once++;
  const mean = (sum: number) => sum / Math.max(1, texts.length);
  return { texts: texts.length, words: mean(words), characters: mean(characters), newWords: words === 0 ? 1 : once / words };
}

export const readsCharacters = ({ newWords }: TextShape): boolean => newWords > MANY_NEW_WORDS;

/** Two words and four characters, or as many as there is room for. */
export function ngramsFor({ texts, words, characters }: TextShape): { words: number; characters: number } {
  const room = MAX_NGRAMS / Math.max(1, texts) - 2 * words;
  return { words: 2, characters: Math.max(0, Math.min(4, Math.floor(room / Math.max(1, characters)))) };
}

/** Length that all but one in 200 texts have at most, from 16 to 512. */
export function usualLength(lengths: readonly number[]): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  return Math.min(512, Math.max(16, sorted[Math.floor(0.995 * (sorted.length - 1))] ?? 0));
}

/** The network and its training: over characters, which are few and many in a text, or over words. */
export function networkFor({ texts }: TextShape, letters: boolean) {
  const epochs = Math.min(30, Math.max(letters ? 8 : 5, Math.ceil(20_000 / Math.max(1, texts))));
  const shared = { numLayers: 1, bidirectional: true, pooling: "mean", hiddenSize: 64 } as const;
  return letters
    ? { config: { ...shared, embeddingDim: 32, dropout: 0.2 }, training: { batchSize: 32, epochs, lr: 0.01 } }
    : { config: { ...shared, embeddingDim: 64, dropout: 0.5 }, training: { batchSize: 32, epochs, lr: 0.003 } };
}
