/** `recurra train seq2seq`: one text, or sequence of symbols, to another. */
import { argMax } from "../../decode/arg-max.js";
import { sequenceBaselines } from "../../tasks/baselines/index.js";
import { Seq2Seq, type Transduced } from "../../tasks/seq2seq.js";
import { trainSeq2Seq } from "../../tasks/train-seq2seq.js";
import type { TextPair } from "../../text/examples.js";
import { readPairs } from "../../text/readers/index.js";
import { type Metrics, type PredictStyle, type Task, type TaskModel, withTokenizers } from "./task.js";

class PairsModel implements TaskModel<TextPair, string> {
  constructor(private readonly model: Seq2Seq) {}

  get network() {
    return this.model.network;
  }

  answers(examples: readonly TextPair[]): string[] {
    return this.model.predict(examples).map(({ text }) => text);
  }

  score(examples: readonly TextPair[], answers: readonly string[]): Metrics {
    return { ...this.model.score(examples, answers) };
  }

  outcomes(): undefined {
    return undefined;
  }

  /** A line is a source, or a source and its features with a tab between. */
  predict(lines: readonly string[], { json, beam, nBest = 1, alignment = false }: PredictStyle): string[] {
    const inputs = lines.map((line) => {
      const [source, features] = line.split("\t") as [string, string | undefined];
      return features === undefined ? { source } : { source, features };
    });
    const found = this.model.nBest(inputs, { nBest, ...(beam === undefined ? {} : { beamSize: beam }) });
    return found.map((outputs, i) => {
      if (json) return JSON.stringify({ ...inputs[i], outputs: outputs.map((output) => described(output, alignment)) });
      return outputs
        .map((output) => (nBest === 1 ? output.text : `${output.text}\t${output.score.toFixed(4)}`) + aligned(output, alignment))
        .join("\n");
    });
  }

  save(): Uint8Array {
    return this.model.save();
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** Behind a tab, for each token the number of the source's token that it attends to most, both from 0: `0-0 1-2`. */
const aligned = ({ tokens, attention }: Transduced, wanted: boolean): string =>
  wanted && attention.length > 0 ? `\t${tokens.map((_, t) => `${argMax(attention[t]!)}-${t}`).join(" ")}` : "";

function described({ text, score, logProbability, ended, tokens, source, attention }: Transduced, withAttention: boolean) {
  const plain = { text, score, logProbability, ended };
  return withAttention ? { ...plain, source, tokens, attention: attention.map((row) => Array.from(row)) } : plain;
}

export const seq2seq: Task<TextPair> = {
  name: "seq2seq",
  kind: "seq2seq",
  metric: () => "exactMatch",
  read: (source, { columns }) => readPairs(source, columns === undefined ? {} : { columns }),
  stratum: () => "",
  describe: (examples) => {
    const targets = examples.reduce((sum, pair) => sum + pair.targets.length, 0);
    return `${examples.length} sources, ${targets} targets`;
  },
  baselines: sequenceBaselines,
  train: async (engine, data, options, hooks) => {
    const { model, result } = await trainSeq2Seq(engine, data, {
      ...withTokenizers(options, ["sourceTokenizer", "targetTokenizer"]),
      ...hooks,
    });
    return { model: new PairsModel(model), result };
  },
  load: (engine, bytes) => new PairsModel(Seq2Seq.load(engine, bytes)),
};
