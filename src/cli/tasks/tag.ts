/** `recurra train tag`: a tag for each token. */
import { taggingBaselines } from "../../tasks/baselines/index.js";
import { classScores, confusionsOf } from "../../tasks/label-metrics.js";
import { tagMetrics } from "../../tasks/tag-metrics.js";
import { type TaggedSentence, type TaggedText, TokenClassifier } from "../../tasks/token-classifier.js";
import { trainTokenClassifier } from "../../tasks/train-tagger.js";
import type { TaggedTokens } from "../../text/examples.js";
import { readTaggedTokens } from "../../text/readers/index.js";
import { convertTags } from "../../text/tagging-schemes.js";
import { entityScores } from "../../train/entity-metrics.js";
import type { Metrics, Outcomes, PredictStyle, Task, TaskModel } from "./task.js";

class TaggerModel implements TaskModel<TaggedTokens, TaggedSentence> {
  constructor(private readonly tagger: TokenClassifier) {}

  get network() {
    return this.tagger.network;
  }

  answers(examples: readonly TaggedTokens[]): TaggedSentence[] {
    return this.tagger.tag(examples.map(({ tokens }) => tokens));
  }

  score(examples: readonly TaggedTokens[], answers: readonly TaggedSentence[]): Metrics {
    const { config, sentenceLabels } = this.tagger;
    return { ...tagMetrics(examples, answers, config.scheme, sentenceLabels.length > 0) };
  }

  /** Scores of the types of entities where tags mark spans, else of tags. Tags that training did not have come behind the others. */
  outcomes(examples: readonly TaggedTokens[], answers: readonly TaggedSentence[]): Outcomes {
    const { config, labels: known } = this.tagger;
    const { scheme } = config;
    const wanted = examples.map(({ tags }) => (scheme === null ? tags : convertTags(tags, scheme)));
    const found = answers.map(({ tags }) => tags);
    const confusions = confusionsOf(known, wanted.flat(), found.flat());
    return { classes: scheme === null ? classScores(confusions) : entityScores(wanted, found).types, confusions };
  }

  predict(lines: readonly string[], { json, tokens }: PredictStyle): string[] {
    return tokens
      ? this.#tagTokens(lines, json)
      : this.tagger.predict(lines).map((tagged, i) => (json ? jsonOf(lines[i]!, tagged) : blockOf(tagged)));
  }

  #tagTokens(lines: readonly string[], json: boolean): string[] {
    const sentences = lines.map((line) => line.split(" ").filter((token) => token !== ""));
    return this.tagger.tag(sentences).map(({ tags, ...sentence }, i) => {
      const own = sentences[i]!;
      if (json) return JSON.stringify({ tokens: own, tags, ...sentence });
      return blockOf({ tokens: own.map((text, t) => ({ text, tag: tags[t]! })), ...sentence });
    });
  }

  save(): Uint8Array {
    return this.tagger.save();
  }

  dispose(): void {
    this.tagger.dispose();
  }
}

const jsonOf = (text: string, { tokens, entities, ...sentence }: TaggedText): string =>
  JSON.stringify({ text, ...sentence, tokens, entities });

/** Lines of token and tag, and an empty one at the end, as column files have it; the sentence's label in a comment. */
function blockOf({ tokens, label }: { readonly tokens: readonly { text: string; tag: string }[]; readonly label?: string }): string {
  const comment = label === undefined ? "" : `# label = ${label}\n`;
  return comment + tokens.map(({ text, tag }) => `${text}\t${tag}\n`).join("");
}

export const tag: Task<TaggedTokens> = {
  name: "tag",
  kind: "token-classifier",
  metric: ({ f1 }) => (f1 === undefined ? "accuracy" : "f1"),
  read: (source, { columns }) => readTaggedTokens(source, columns === undefined ? {} : { columns }),
  stratum: ({ label = "" }) => label,
  describe: (examples) => {
    const tokens = examples.reduce((sum, example) => sum + example.tokens.length, 0);
    const tags = new Set(examples.flatMap((example) => example.tags)).size;
    return `${examples.length} sentences, ${tokens} tokens, ${tags} tags`;
  },
  baselines: taggingBaselines,
  train: async (engine, data, options, hooks) => {
    const { tagger, result } = await trainTokenClassifier(engine, data, { ...options, ...hooks });
    return { model: new TaggerModel(tagger), result };
  },
  load: (engine, bytes) => new TaggerModel(TokenClassifier.load(engine, bytes)),
};
