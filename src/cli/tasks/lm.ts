/** `recurra train lm`: how probable running text is, and what comes next. */
import { exp } from "../../engine/scalar.js";
import { textBaselines } from "../../tasks/baselines/index.js";
import { LanguageModel, type TextScore } from "../../tasks/language-model.js";
import { LANGUAGE_MODEL } from "../../tasks/language-network.js";
import { trainLanguageModel } from "../../tasks/train-language-model.js";
import { readPlainText } from "../../text/readers/index.js";
import { atLeastOne } from "../../text/readers/source.js";
import { type Metrics, type PredictStyle, type Task, type TaskModel, withTokenizers } from "./task.js";

/** Share of a text that serves as dev, and the number of places that it is taken from: the end alone may be about something else. */
const DEV_SHARE = 0.03;
const DEV_PIECES = 10;
/** Longer lines are cut anywhere. */
const LONG_LINE = 1000;
/** Characters of the parts that a text is judged by, at most; where lines are short a part ends with one. */
const PIECE = 1000;

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
    return this.model.scoreAll(examples);
  }

  score(_examples: readonly string[], answers: readonly TextScore[]): Metrics {
    return joint(answers);
  }

  outcomes(): undefined {
    return undefined;
  }

  /** Nats a token, and the line; `-` for one without tokens. */
  predict(lines: readonly string[], { json }: PredictStyle): string[] {
    return lines.map((line) => {
      const score = this.model.score(line);
      if (json) return JSON.stringify({ text: line, ...score });
      return `${score.tokens === 0 ? "-" : score.nats.toFixed(4)}\t${line}`;
    });
  }

  save(): Uint8Array {
    return this.model.save();
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** Start of the line that a place is in; of its character where the line is long, or began before `from`. */
function lineStart(text: string, from: number, place: number): number {
  const at = Math.min(text.length, Math.ceil(place));
  if (at === text.length) return at;
  const start = text.lastIndexOf("\n", at - 1) + 1;
  if (start > from && at - start < LONG_LINE) return start;
  const isInside = /[\udc00-\udfff]/.test(text[at] ?? "");
  return isInside ? at - 1 : at;
}

/** The text in its order; intervals and tests are over these. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0, to: number; from < text.length; from = to) {
    to = lineStart(text, from, from + PIECE);
    pieces.push(text.slice(from, to));
  }
  return pieces;
}

export const lm: Task<string> = {
  name: "lm",
  kind: LANGUAGE_MODEL,
  unit: "tokens",
  metric: () => "nats",
  read: async (source) => atLeastOne(source, piecesOf(await readPlainText(source)), "text"),
  stratum: () => "",
  cut: (examples) => {
    const text = examples.join("");
    const part = text.length / DEV_PIECES;
    const [train, dev]: [string[], string[]] = [[], []];
    for (let i = 0, from = 0; i < DEV_PIECES; i++) {
      const start = lineStart(text, from, (i + 1 - DEV_SHARE) * part);
      const end = lineStart(text, start, (i + 1) * part);
      train.push(text.slice(from, start));
      dev.push(text.slice(start, end));
      from = end;
    }
    return dev.some((piece) => piece !== "") ? { train, dev } : { train: [text], dev: [] };
  },
  describe: (examples) => `${examples.reduce((sum, text) => sum + text.length, 0)} characters`,
  baselines: textBaselines,
  train: async (engine, data, options, hooks) => {
    const texts = { train: data.train.join(""), dev: data.dev.join("") };
    const { model, result } = await trainLanguageModel(engine, texts, { ...withTokenizers(options, ["tokenizer"]), ...hooks });
    return { model: new TextModel(model), result };
  },
  load: (engine, bytes) => new TextModel(LanguageModel.load(engine, bytes)),
};
