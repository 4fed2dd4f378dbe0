/** Tokenizers that learn from texts, and tokenizers of others. */
import { ConfigError } from "../errors.js";
import { wholeNumber } from "../options.js";
import { learnMerges } from "./learn-merges.js";
import { createTokenizer, Tokenizer, type TokenizerOptions } from "./tokenizer.js";

const VOCABULARY_SIZE = 4000;

/**
 * As createTokenizer; subwords that have no merges learn them. A tokenizer stays what it is.
 * @param texts to learn from, read once
 * @throws ConfigError on a bad option
 */
export function trainTokenizer(options: TokenizerOptions | Tokenizer, texts: Iterable<string>): Tokenizer {
  if (options instanceof Tokenizer) return options;
  const { vocabularySize, ...rest } = options;
  if (options.type !== "subwords" || options.merges !== undefined) {
    if (vocabularySize !== undefined)
      throw new ConfigError(`trainTokenizer: vocabularySize ${vocabularySize}, wants subwords without merges`);
    return createTokenizer(options);
  }
  const size = wholeNumber("trainTokenizer", "vocabularySize", vocabularySize ?? VOCABULARY_SIZE, 1);
  const rules = createTokenizer({ ...rest, merges: [] });
  const normal = (function* () {
    for (const text of texts) yield rules.normalize(text);
  })();
  return createTokenizer({ ...rest, merges: learnMerges(normal, size) });
}

/** What is used of a tokenizer of @huggingface/tokenizers. */
export interface HuggingFaceTokenizer {
  tokenize(text: string, options?: { add_special_tokens?: boolean }): string[];
}

/**
 * A tokenizer made by `new Tokenizer(tokenizerJson, tokenizerConfig)` of the package @huggingface/tokenizers, as a tokenizer for
 * training. Special tokens are left out. Model files do not hold its rules: they want it again when they are loaded.
 */
export function fromHuggingFace(tokenizer: HuggingFaceTokenizer): Tokenizer {
  if (typeof tokenizer?.tokenize !== "function")
    throw new ConfigError("fromHuggingFace: no method tokenize, wants a Tokenizer of @huggingface/tokenizers");
  const rules = { type: "external", normalization: "none", lowercase: false } as const;
  return new Tokenizer(rules, (text) => tokenizer.tokenize(text, { add_special_tokens: false }));
}
