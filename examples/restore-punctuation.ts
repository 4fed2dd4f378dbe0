/**
 * A tagger that gives Moby Dick its capitals and punctuation back: each word, in small letters, is tagged with what it had.
 * node scripts/run.mjs examples/restore-punctuation.ts
 */
import { ProgressLine } from "../src/cli/progress.js";
import { createEngine } from "../src/index.js";
import { taggingBaselines } from "../src/tasks/baselines/index.js";
import { trainTokenClassifier } from "../src/tasks/index.js";
import { limits, thin } from "./learn-labels.js";
import { paragraphs, split } from "./package-texts.js";

/** Words of a piece at most. */
const PIECE = 40;

/** `c` or `C` for the case, and the mark that follows, if one does. */
function tagged(paragraph: string): { tokens: string[]; tags: string[] } {
  const found = [...paragraph.matchAll(/([\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*)([.,;:!?]?)/gu)];
  return {
    tokens: found.map(([, word]) => word!.toLowerCase()),
    tags: found.map(([, word, mark]) => (/^\p{Lu}/u.test(word!) ? "C" : "c") + mark!),
  };
}

function* pieces(): Generator<readonly [string, { tokens: string[]; tags: string[] }]> {
  for (const paragraph of paragraphs()) {
    const { tokens, tags } = tagged(paragraph);
    for (let i = 0; i < tokens.length; i += PIECE)
      yield [paragraph, { tokens: tokens.slice(i, i + PIECE), tags: tags.slice(i, i + PIECE) }];
  }
}

const restored = (tokens: readonly string[], tags: readonly string[]): string =>
  tokens.map((word, i) => (tags[i]!.startsWith("C") ? word[0]!.toUpperCase() + word.slice(1) : word) + tags[i]!.slice(1)).join(" ");

const { perThousand, training } = limits();
const parts = split(pieces());
const [train, dev, test] = [thin(parts.train, perThousand), thin(parts.dev, perThousand), thin(parts.test, perThousand)];
console.log(`${train.length} pieces to train on, ${dev.length} to choose by, ${test.length} to test on.`);
const show = (name: string, share: number) => console.log(`${name}: ${(100 * share).toFixed(1)} % of the words right`);
for (const [name, { accuracy }] of Object.entries(taggingBaselines(train, test))) show(name, accuracy!);
const engine = await createEngine({ seed: 1 });
const progress = new ProgressLine(process.stderr);
const { tagger, result } = await trainTokenClassifier(
  engine,
  { train, dev },
  { ...training, onProgress: (state) => progress.update(state) },
);
progress.end();
show(`recurra, ${result.epochs} epochs in ${result.seconds.toFixed(0)} s`, tagger.evaluate(test).accuracy);
for (const { tokens, tags } of test.slice(0, 3)) {
  console.log(`\n  read:     ${tokens.join(" ")}`);
  console.log(`  restored: ${restored(tokens, tagger.tag([tokens])[0]!.tags)}`);
  console.log(`  written:  ${restored(tokens, tags)}`);
}
