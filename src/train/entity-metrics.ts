/** Scores of spans in tagged sentences: a span counts as right when type, start and end are. The figures of seqeval. */
import { ConfigError } from "../errors.js";
import { checkOptions } from "../options.js";
import { type SpanScheme, spansOf } from "../text/tagging-schemes.js";
import { type AveragedScores, averageScores, type ClassScore, type Counts, scoreOf } from "./scores.js";

export interface EntityScores extends AveragedScores {
  /** By type, sorted by name. */
  readonly types: Readonly<Record<string, ClassScore>>;
}

type Sentences = readonly (readonly string[])[];

/** @throws ConfigError where the lists are not of one length */
export function checkSentences(where: string, truth: Sentences, predicted: Sentences): void {
  if (truth.length !== predicted.length) throw new ConfigError(`${where}: ${predicted.length} sentences predicted, wants ${truth.length}`);
  const odd = truth.findIndex((tags, i) => tags.length !== predicted[i]!.length);
  if (odd >= 0) throw new ConfigError(`${where}: ${predicted[odd]!.length} tags in sentence ${odd}, wants ${truth[odd]!.length}`);
}

/**
 * @param options.scheme reads both sides strictly (seqeval's mode="strict"); without it broken spans are repaired (seqeval's default, conlleval)
 * @throws ConfigError on lists of unlike length
 */
export function entityScores(truth: Sentences, predicted: Sentences, options: { readonly scheme?: SpanScheme } = {}): EntityScores {
  checkOptions("entityScores", options, ["scheme"]);
  checkSentences("entityScores", truth, predicted);
  const counts = new Map<string, { -readonly [K in keyof Counts]: Counts[K] }>();
  const add = (type: string, name: keyof Counts) => {
    const own = counts.get(type) ?? { right: 0, guessed: 0, support: 0 };
    own[name]++;
    counts.set(type, own);
  };
  for (const [i, tags] of truth.entries()) {
    const wanted = new Set<string>();
    for (const { type, start, end } of spansOf(tags, options.scheme)) {
      wanted.add(`${start} ${end} ${type}`);
      add(type, "support");
    }
    for (const { type, start, end } of spansOf(predicted[i]!, options.scheme)) {
      add(type, "guessed");
      if (wanted.has(`${start} ${end} ${type}`)) add(type, "right");
    }
  }
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...averageScores(sorted.map(([, own]) => own)), types: Object.fromEntries(sorted.map(([type, own]) => [type, scoreOf(own)])) };
}
