/** What a tagger has to beat. */
import type { TaggedTokens } from "../../text/examples.js";
import { convertTags, detectScheme, type SpanScheme, spansOf, tagsOf } from "../../text/tagging-schemes.js";
import { tagMetrics } from "../tag-metrics.js";
import { type BaselineMetrics, classificationBaselines, mostFrequent } from "./classification.js";

const LONGEST_SUFFIX = 5;
/** Words that came more often say little about unknown ones. */
const RARE = 10;

/** Counts of tags under any key. */
class TagCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  add(key: string, tag: string, n = 1): void {
    let own = this.#counts.get(key);
    if (own === undefined) {
      own = new Map();
      this.#counts.set(key, own);
    }
    own.set(tag, (own.get(tag) ?? 0) + n);
  }

  /** The most frequent tag, the first of equals; undefined when the key came less than `least` times. */
  best(key: string, least = 1): string | undefined {
    const own = this.#counts.get(key);
    if (own === undefined) return undefined;
    let [best, most, all]: [string | undefined, number, number] = [undefined, 0, 0];
    for (const [tag, n] of own) {
      all += n;
      if (n > most) [best, most] = [tag, n];
    }
    return all >= least ? best : undefined;
  }

  entries(): IterableIterator<[string, Map<string, number>]> {
    return this.#counts.entries();
  }
}

/** What tells unknown words apart besides their ends: a digit, a capital, no letter. */
const shapeOf = (word: string): string => (/\p{N}/u.test(word) ? "0" : /^\p{Lu}/u.test(word) ? "X" : /\p{L}/u.test(word) ? "x" : ".");

/** Keys of an unknown word, from the one that says most to the one that every word has. */
function endings(word: string): string[] {
  const letters = Array.from(word.toLowerCase());
  const shape = shapeOf(word);
  const ends: string[] = [];
  for (let n = Math.min(LONGEST_SUFFIX, letters.length); n >= 1; n--) ends.push(`${shape}${letters.slice(-n).join("")}`);
  return [...ends, `${shape}`, ""];
}

/** The most frequent tag of each word; of unknown words that of rare words with the longest common end. */
export function frequentTags(train: readonly TaggedTokens[]): (tokens: readonly string[]) => string[] {
  const [words, ends] = [new TagCounts(), new TagCounts()];
  for (const { tokens, tags } of train) for (const [i, token] of tokens.entries()) words.add(token, tags[i]!);
  for (const [word, counts] of words.entries()) {
    let all = 0;
    for (const n of counts.values()) all += n;
    if (all > RARE) continue;
    for (const [tag, n] of counts) for (const end of endings(word)) ends.add(end, tag, n);
  }
  const common = mostFrequent(train.flatMap(({ tags }) => tags)) ?? "O";
  const unknown = (word: string) => {
    for (const end of endings(word)) {
      const tag = ends.best(end, 2);
      if (tag !== undefined) return tag;
    }
    return common;
  };
  return (tokens) =>
    tokens.map((token, i) => words.best(token) ?? (i === 0 ? words.best(token.toLowerCase()) : undefined) ?? unknown(token));
}

const phraseOf = (tokens: readonly string[], start: number, end: number): string => tokens.slice(start, end).join("\u0000").toLowerCase();

/** Marks, from left to right, the longest phrases that were entities in more than half of the places where training has them. */
export function dictionaryTags(train: readonly TaggedTokens[], scheme: SpanScheme): (tokens: readonly string[]) => string[] {
  const types = new TagCounts();
  let longest = 0;
  for (const { tokens, tags } of train) {
    for (const { type, start, end } of spansOf(tags)) {
      types.add(phraseOf(tokens, start, end), type);
      longest = Math.max(longest, end - start);
    }
  }
  const places = new Map(Array.from(types.entries(), ([phrase]) => [phrase, 0]));
  const eachPhrase = (tokens: readonly string[], visit: (phrase: string, start: number, end: number) => boolean) => {
    for (let start = 0; start < tokens.length; ) {
      let next = start + 1;
      for (let end = Math.min(tokens.length, start + longest); end > start; end--) {
        const phrase = phraseOf(tokens, start, end);
        if (!places.has(phrase) || !visit(phrase, start, end)) continue;
        next = end;
        break;
      }
      start = next;
    }
  };
  for (const { tokens } of train) {
    eachPhrase(tokens, (phrase) => {
      places.set(phrase, places.get(phrase)! + 1);
      return false;
    });
  }
  const entities = new Set<string>();
  for (const [phrase, counts] of types.entries()) {
    let asEntity = 0;
    for (const n of counts.values()) asEntity += n;
    if (2 * asEntity > places.get(phrase)!) entities.add(phrase);
  }
  return (tokens) => {
    const spans: { type: string; start: number; end: number }[] = [];
    eachPhrase(tokens, (phrase, start, end) => {
      if (!entities.has(phrase)) return false;
      spans.push({ type: types.best(phrase)!, start, end });
      return true;
    });
    return tagsOf(spans, tokens.length, scheme);
  };
}

/**
 * Baselines of a tagging, with the metrics that they reach on `test`: `frequentTag`, the most frequent tag of a word, by its end where the
 * word is unknown; `dictionary`, where tags mark spans: the entities of training wherever they come again; and where sentences have labels
 * the share that naive Bayes tells (`naiveBayesWords`). @returns nothing where there are no examples
 */
export function taggingBaselines(train: readonly TaggedTokens[], test: readonly TaggedTokens[]): Record<string, BaselineMetrics> {
  if (train.length === 0 || test.length === 0) return {};
  const scheme = detectScheme(train.map(({ tags }) => tags));
  const inScheme = (examples: readonly TaggedTokens[]) =>
    scheme === null ? examples : examples.map((example) => ({ ...example, tags: convertTags(example.tags, scheme) }));
  const measure = (tagger: (tokens: readonly string[]) => string[]): BaselineMetrics => {
    const found = test.map(({ tokens }) => ({ tags: tagger(tokens) }));
    return { ...tagMetrics(test, found, scheme, false) };
  };
  const labelled = (examples: readonly TaggedTokens[]) =>
    examples.flatMap(({ tokens, label }) => (label === undefined ? [] : [{ text: tokens.join(" "), label }]));
  const { naiveBayesWords } = classificationBaselines(labelled(train), labelled(test));
  return {
    frequentTag: measure(frequentTags(inScheme(train))),
    ...(scheme === null ? {} : { dictionary: measure(dictionaryTags(train, scheme)) }),
    ...(naiveBayesWords === undefined ? {} : { naiveBayesWords: { labelAccuracy: naiveBayesWords.accuracy! } }),
  };
}
