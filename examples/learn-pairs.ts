/** What the examples of encoder-decoders do with their pairs: baselines, training, judgement, and a few outputs to look at. */
import { ProgressLine } from "../src/cli/progress.js";
import { createEngine } from "../src/index.js";
import { sequenceBaselines } from "../src/tasks/baselines/index.js";
import { type TextPair, trainSeq2Seq } from "../src/tasks/index.js";
import { limits, thin } from "./learn-labels.js";
import type { Parts } from "./package-texts.js";

/** @param questions further sources to be shown with what becomes of them */
export async function learnPairs(parts: Parts<TextPair>, questions: readonly string[]): Promise<void> {
  const { perThousand, training } = limits();
  const [train, dev, test] = [thin(parts.train, perThousand), thin(parts.dev, perThousand), thin(parts.test, perThousand)];
  console.log(`${train.length} pairs to train on, ${dev.length} to choose by, ${test.length} to test on.`);
  const show = (name: string, { exactMatch, tokenErrorRate }: { readonly exactMatch: number; readonly tokenErrorRate: number }) =>
    console.log(`${name}: ${(100 * exactMatch).toFixed(1)} % right, error rate of symbols ${(100 * tokenErrorRate).toFixed(1)} %`);
  const { symbols } = sequenceBaselines(train, test);
  show("symbol by symbol", symbols as { exactMatch: number; tokenErrorRate: number });
  const engine = await createEngine({ seed: 1 });
  const progress = new ProgressLine(process.stderr);
  const { model, result } = await trainSeq2Seq(engine, { train, dev }, { ...training, onProgress: (state) => progress.update(state) });
  progress.end();
  show(`recurra, ${result.epochs} epochs in ${result.seconds.toFixed(0)} s`, model.evaluate(test));
  const shown = [...thin(test, 6000 / test.length).map(({ source }) => source), ...questions];
  for (const [i, { text }] of model.predict(shown).entries()) console.log(`  ${shown[i]} -> ${text}`);
}
