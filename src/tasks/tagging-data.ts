/** Tagged sentences as a tagger learns them: checked, their spans' tags of one scheme. */
import { ConfigError } from "../errors.js";
import type { TaggedTokens } from "../text/examples.js";
import { convertTags, detectScheme, type SpanScheme } from "../text/tagging-schemes.js";
import type { TokenizerOptions } from "../text/tokenizer.js";
import { createTokenizer } from "../text/tokenizer.js";

export interface TaggingData {
  readonly train: readonly TaggedTokens[];
  readonly dev: readonly TaggedTokens[];
}

export interface PreparedData extends TaggingData {
  readonly scheme: SpanScheme | null;
  /** The training tags, sorted. */
  readonly tags: readonly string[];
  /** The training sentences' labels, sorted; none where they are not to be learned. */
  readonly sentenceLabels: readonly string[];
  /** Tokens of the training sentences. */
  readonly size: number;
}

/**
 * @param labelled whether to learn the sentences' labels: by default where every training sentence has one
 * @throws ConfigError where a sentence has not one tag a token, or there are less than two tags; with `strict` where tags break their scheme,
 * and where dev has tags that training has not (which otherwise count as wrong)
 */
export function prepareTaggingData(where: string, data: TaggingData, strict: boolean, labelled: boolean | undefined): PreparedData {
  for (const set of ["train", "dev"] as const) {
    for (const [i, { tokens, tags }] of data[set].entries()) {
      if (tokens.length !== tags.length)
        throw new ConfigError(`${where}: ${set} sentence ${i} has ${tokens.length} tokens and ${tags.length} tags, wants one tag a token`);
    }
  }
  const scheme = detectScheme(data.train.map(({ tags }) => tags));
  const convert = (set: "train" | "dev"): TaggedTokens[] =>
    data[set]
      .map((example, i) =>
        scheme === null ? example : { ...example, tags: inScheme(`${where}: ${set} sentence ${i}`, example.tags, scheme, strict) },
      )
      .filter(({ tokens }) => set === "dev" || tokens.length > 0);
  const [train, dev] = [convert("train"), convert("dev")];
  const tags = distinct(train.flatMap((example) => example.tags));
  if (tags.length < 2) throw new ConfigError(`${where}: the training data have ${tags.length} tags, wants at least 2`);
  if (strict) {
    const unseen = dev.flatMap((example) => example.tags).find((tag) => !tags.includes(tag));
    if (unseen !== undefined)
      throw new ConfigError(`${where}: dev tag ${JSON.stringify(unseen)} is not among the ${tags.length} training tags`);
  }
  const size = train.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return { train, dev, scheme, tags, sentenceLabels: labelsOf(where, train, labelled), size };
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)].sort();

function inScheme(place: string, tags: readonly string[], scheme: SpanScheme, strict: boolean): readonly string[] {
  const converted = convertTags(tags, scheme);
  const wrong = strict ? converted.findIndex((tag, t) => tag !== tags[t]) : -1;
  if (wrong < 0) return converted;
  throw new ConfigError(
    `${place} has tag ${JSON.stringify(tags[wrong])} at token ${wrong}, wants ${JSON.stringify(converted[wrong])} by ${scheme}`,
  );
}

function labelsOf(where: string, train: readonly TaggedTokens[], labelled: boolean | undefined): string[] {
  const missing = train.findIndex(({ label }) => label === undefined);
  if (labelled === false || (labelled === undefined && missing >= 0)) return [];
  if (missing >= 0)
    throw new ConfigError(`${where}: sentenceLabels true and train sentence ${missing} without label, wants one for every sentence`);
  const labels = distinct(train.map(({ label }) => label!));
  if (labelled && labels.length < 2)
    throw new ConfigError(`${where}: the training sentences have ${labels.length} labels, wants at least 2`);
  return labels.length < 2 ? [] : labels;
}

/** Shares of training tokens that a tokenizer has to leave whole to be taken. */
const WHOLE = 0.95;

/** How texts are best split so as to look like the sentences: into characters, into words, or at white space. */
export function guessTokenizer(sentences: readonly TaggedTokens[]): TokenizerOptions {
  const counts = new Map<string, number>();
  for (const { tokens } of sentences) for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const share = (type: TokenizerOptions["type"]) => {
    const tokenizer = createTokenizer({ type });
    let whole = 0;
    for (const [token, count] of counts) if (tokenizer.encode(token).length === 1) whole += count;
    return whole / total;
  };
  return { type: share("characters") === 1 ? "characters" : share("words") >= WHOLE ? "words" : "whitespace" };
}
