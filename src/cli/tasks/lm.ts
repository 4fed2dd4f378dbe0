/** `recurra train lm`: how probable running text is, and what comes next. */
import { exp } from "../../engine/scalar.js";
import { LanguageModel, type TextScore } from "../../tasks/language-model.js";
import { trainLanguageModel } from "../../tasks/train-language-model.js";
import { readPlainText } from "../../text/readers/index.js";
import type { Metrics, PredictStyle, Task, TaskModel } from "./task.js";

/** Share of a text, at its end, that serves as dev. */
const DEV_SHARE = 0.05;

/** Of all tokens and characters of some texts. */
function joint(scores: readonly TextScore[]): Metrics {
  const sum = (part: (score: TextScore) => number) => scores.reduce((total, score) => total + part(score), 0);
  const [tokens, characters] = [sum((score) => score.tokens), sum((score) => score.characters)];
  const all = sum((score) => (score.tokens === 0 ? 0 : score.nats * score.tokens));
  return { nats: all / tokens, bitsPerCharacter: all / Math.LN2 / characters, perplexity: exp(all / tokens) };
}

class TextModel implements TaskModel<string, TextScore> {
  constructor(readonly model: LanguageModel) {}

  get network() {
    return this.model.network;
  }

  answers(examples: readonly string[]): TextScore[] {
    return examples.map((text) => this.model.score(text));
  }

  score(_examples: readonly string[], answers: readonly TextScore[]): Metrics {
    return joint(answers);
  }

  outcomes(): undefined {
    return undefined;
  }

  /** Nats a token, and the line. */
  predict(lines: readonly string[], { json }: PredictStyle): string[] {
    return lines.map((line) => {
      const score = this.model.score(line);
      return json ? JSON.stringify({ text: line, ...score }) : `${score.nats.toFixed(4)}\t${line}`;
    });
  }

  save(): Uint8Array {
    return this.model.save();
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** Every character by its share of the training text, one added to each. */
function unigram(train: readonly string[], test: readonly string[]): Metrics {
  const counts = new Map<string, number>();
  let total = 0;
  for (const character of train.join("")) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
    total++;
  }
  const kinds = counts.size + 1;
  const characters = test.flatMap((text) => [...text]);
  const sum = characters.reduce((nats, character) => nats - Math.log(((counts.get(character) ?? 0) + 1) / (total + kinds)), 0);
  return { nats: sum / characters.length, bitsPerCharacter: sum / Math.LN2 / characters.length };
}

export const lm: Task<string> = {
  name: "lm",
  kind: "language-model",
  metric: () => "nats",
  read: async (source) => [await readPlainText(source)],
  stratum: () => "",
  cut: (examples) => {
    const text = examples.join("");
    const end = text.lastIndexOf("\n", Math.floor(text.length * (1 - DEV_SHARE))) + 1;
    return { train: [text.slice(0, end)], dev: [text.slice(end)] };
  },
  describe: (examples) => `${examples.reduce((sum, text) => sum + text.length, 0)} characters`,
  baselines: (train, test) => ({ characterShares: unigram(train, test) }),
  train: async (engine, data, options, hooks) => {
    const texts = { train: data.train.join(""), dev: data.dev.join("") };
    const { model, result } = await trainLanguageModel(engine, texts, { ...options, ...hooks });
    return { model: new TextModel(model), result };
  },
  load: (engine, bytes) => new TextModel(LanguageModel.load(engine, bytes)),
};
