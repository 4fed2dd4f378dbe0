/** What the examples of classification do with their texts: baselines, training, judgement, and a few guesses to look at. */
import { parseArgs } from "node:util";
import { ProgressLine } from "../src/cli/progress.js";
import { createEngine } from "../src/index.js";
import { classificationBaselines } from "../src/tasks/baselines/index.js";
import { type LabelledText, trainSequenceClassifier } from "../src/tasks/index.js";
import type { Parts } from "./package-texts.js";

/** `--limit n`: take n of each thousand examples. `--epochs n`: train no longer. */
export function limits(): { perThousand: number; training: { epochs?: number } } {
  const { values } = parseArgs({ options: { limit: { type: "string", default: "1000" }, epochs: { type: "string" } } });
  return { perThousand: Number(values.limit), training: values.epochs === undefined ? {} : { epochs: Number(values.epochs) } };
}

/** Evenly from beginning to end. */
export const thin = <Example>(examples: readonly Example[], perThousand: number): Example[] =>
  examples.filter((_, i) => Math.floor(((i + 1) * perThousand) / 1000) > Math.floor((i * perThousand) / 1000));

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export async function learnLabels(parts: Parts<LabelledText>): Promise<void> {
  const { perThousand, training } = limits();
  const [train, dev, test] = [thin(parts.train, perThousand), thin(parts.dev, perThousand), thin(parts.test, perThousand)];
  console.log(`${train.length} texts to train on, ${dev.length} to choose by, ${test.length} to test on.`);
  for (const [name, { accuracy }] of Object.entries(classificationBaselines(train, test)))
    console.log(`${name}: accuracy ${percent(accuracy!)}`);
  const engine = await createEngine({ seed: 1 });
  const progress = new ProgressLine(process.stderr);
  const { classifier, result } = await trainSequenceClassifier(
    engine,
    { train, dev },
    { ...training, onProgress: (state) => progress.update(state) },
  );
  progress.end();
  const right = classifier.predict(test.map(({ text }) => text)).filter(({ label }, i) => label === test[i]!.label).length;
  console.log(`recurra, ${result.epochs} epochs in ${result.seconds.toFixed(0)} s: accuracy ${percent(right / test.length)}`);
  const shown = thin(test, 6000 / test.length);
  for (const [i, { label, probability }] of classifier.predict(shown.map(({ text }) => text)).entries())
    console.log(`  ${label} (${percent(probability)}; in truth ${shown[i]!.label}): ${shown[i]!.text.slice(0, 90)}`);
}
